// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The posterior of rv with everything else, other velocities too, kept at the solution: with
/// L(v) = neg2_log_like at velocity v and a flat prior between the bounds,
///
///   p(v) ~ exp(-L(v) / 2),   error = sqrt(m_2),  skewness = m_3 / m_2^1.5,  kurtosis = m_4 / m_2^2
///
/// with moments m_n about the solution: rvspecfit's vel_err, vel_skewness and vel_kurtosis (find_best in
/// spec_fit.py). L is evaluated at `points` velocities around the solution, is a cubic between them,
/// and where the window turns out too narrow or too wide for the posterior, at others, up to `passes`
/// times. rvspecfit starts from all velocities between the bounds; here a window around the second
/// minimum is added where its likelihood counts.

#include <rvfit/pipeline/objective.hpp>

namespace rvfit {

struct RvProfileOptions {
  bool enabled = true;
  int points = 9;      ///< velocities of a window
  double reach = 5.0;  ///< half the first window in units of the error
  int passes = 6;      ///< at most
};

/// Moments of B posteriors; NaN where there is none.
template <ExecutionPolicy P>
struct RvMoments {
  Vector<double, P> error;     ///< (B)  [km/s]
  Vector<double, P> skewness;  ///< (B)
  Vector<double, P> kurtosis;  ///< (B)  3 for a Gaussian

  RvMoments() = default;
  RvMoments(const typename P::execution_space& exec, int size)
      : error(allocate<Vector<double, P>>(exec, "rvfit::RvMoments::error", size)),
        skewness(allocate<Vector<double, P>>(exec, "rvfit::RvMoments::skewness", size)),
        kurtosis(allocate<Vector<double, P>>(exec, "rvfit::RvMoments::kurtosis", size)) {}
};

namespace detail {

/// Likelihoods that are lower by this much in neg2_log_like do not count.
inline constexpr double negligible_excess = 20.0;

/// Windows of G velocities, and the sums over them.
template <ExecutionPolicy P>
struct RvWindow {
  Vector<double, P> first, step;  ///< (B)  [km/s]
  Vector<int, P> open;            ///< (B)  1: to be looked at
  Vector<double, P> least;        ///< (B)  neg2_log_like that densities are relative to
  Matrix<double, P> sums;         ///< (B, 5)  of p(v) (v - rv)^n

  RvWindow() = default;
  RvWindow(const typename P::execution_space& exec, int size)
      : first(allocate<Vector<double, P>>(exec, "rvfit::RvProfile::first", size)),
        step(allocate<Vector<double, P>>(exec, "rvfit::RvProfile::step", size)),
        open(allocate<Vector<int, P>>(exec, "rvfit::RvProfile::open", size)),
        least(allocate<Vector<double, P>>(exec, "rvfit::RvProfile::least", size)),
        sums(allocate<Matrix<double, P>>(exec, "rvfit::RvProfile::sums", size, 5)) {}
};

/// The first window: the curvature of the objective along rv says how wide.
template <ExecutionPolicy P>
struct FirstWindow {
  RvProfileOptions options;
  LmState<P> state;
  int rv;
  bool fixed;
  double lower, upper;
  RvWindow<P> window;

  KOKKOS_FUNCTION void operator()(int b) const {
    const double curvature = state.current.hessian(b, rv, rv);
    const double widest = (upper - lower) / options.reach;
    const double error =
        curvature > 0.0 ? Kokkos::fmin(Kokkos::sqrt(2.0 / curvature), widest) : widest;
    window.open(b) = is_solution(state.status(b)) && !fixed && upper > lower ? 1 : 0;
    window.step(b) = 2.0 * options.reach * error / (options.points - 1);
    window.first(b) = state.theta(b, rv) - options.reach * error;
    window.sums(b, 0) = 0.0;  // no posterior yet
  }
};

/// As wide a window at the second minimum, beside the first, if that is not in the first and counts.
template <ExecutionPolicy P>
struct SecondWindow {
  RvProfileOptions options;
  Vector<const double, P> second_rv, second_excess;
  RvWindow<P> window;

  KOKKOS_FUNCTION void operator()(int b) const {
    const double width = (options.points - 1) * window.step(b);
    const double centre = window.first(b) + 0.5 * width;
    const double second = second_rv(b);
    const bool outside = Kokkos::abs(second - centre) > 0.5 * width;
    const bool counts = second_excess(b) < negligible_excess && outside;
    window.open(b) = counts && window.sums(b, 0) > 0.0 ? 1 : 0;
    window.first(b) = second > centre
                          ? Kokkos::fmax(second - 0.5 * width, centre + 0.5 * width)
                          : Kokkos::fmin(second + 0.5 * width, centre - 0.5 * width) - width;
  }
};

/// Parameters at the velocities of the windows.
template <ExecutionPolicy P>
struct SetVelocities {
  Tile<P> list;
  Matrix<const double, P> theta;
  RvWindow<P> window;
  int rv;
  Cube<double, P> points;  ///< (G, B, P)

  KOKKOS_FUNCTION void operator()(int g, int t) const {
    const int b = list.fit(t);
    if (b < 0) {
      return;
    }
    for (int p = 0; p < static_cast<int>(theta.extent(1)); ++p) {
      points(g, b, p) = p == rv ? window.first(b) + g * window.step(b) : theta(b, p);
    }
  }
};

/// Sums over a window, and the next window if it does not hold the posterior.
template <ExecutionPolicy P>
struct SumWindow {
  static constexpr int fine = 8;  ///< steps of the sum in a step of the window

  RvProfileOptions options;
  Tile<P> list;
  Matrix<const double, P> values;  ///< (G, B)
  Matrix<const double, P> theta;
  int rv;
  double lower, upper;
  RvWindow<P> window;
  bool second;  ///< add to the sums of the first window

  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = list.fit(t);
    if (b < 0) {
      return;
    }
    const int last = options.points - 1;
    const double first = window.first(b), step = window.step(b);
    double lowest = Kokkos::Experimental::infinity_v<double>;
    for (int g = 0; g <= last; ++g) {
      lowest = Kokkos::fmin(lowest, values(g, b));
    }
    const double least = second ? window.least(b) : lowest;
    double sum[5] = {};
    for (int n = 0; n <= last * fine; ++n) {
      const double s = static_cast<double>(n) / fine;
      const double v = first + s * step;
      const double ends = n == 0 || n == last * fine ? 0.5 : 1.0;
      double term =
          v >= lower && v <= upper ? ends * step * Kokkos::exp(-0.5 * (cubic(b, s) - least)) : 0.0;
      for (double& power : sum) {
        power += term;
        term *= v - theta(b, rv);
      }
    }
    for (int n = 0; n < 5; ++n) {
      window.sums(b, n) = sum[n] + (second ? window.sums(b, n) : 0.0);
    }
    window.least(b) = least;
    window.open(b) = 0;
    const double mean = sum[1] / sum[0];
    const double error = Kokkos::sqrt(sum[2] / sum[0] - mean * mean);
    if (second || !(error > 0.0)) {  // NaN, too
      return;
    }
    // Density left at an end inside the bounds, or a posterior that the points do not resolve.
    const bool left = values(0, b) - least < negligible_excess && first > lower;
    const bool right = values(last, b) - least < negligible_excess && first + last * step < upper;
    const bool coarse = step > 2.0 * error;
    if (left || right || coarse) {
      const double half =
          coarse ? options.reach * Kokkos::fmax(error, 0.5 * step) : 0.75 * last * step;
      window.open(b) = 1;
      window.first(b) = theta(b, rv) + mean - half;
      window.step(b) = 2.0 * half / last;
    }
  }

  /// The cubic through the four points around position s.
  [[nodiscard]] KOKKOS_FUNCTION double cubic(int b, double s) const {
    const int g = Kokkos::min(Kokkos::max(static_cast<int>(s) - 1, 0), options.points - 4);
    const double x = s - g;
    const double y0 = values(g, b), y1 = values(g + 1, b), y2 = values(g + 2, b),
                 y3 = values(g + 3, b);
    // Newton's form.
    const double d1 = y1 - y0, d2 = y2 - 2.0 * y1 + y0, d3 = y3 - 3.0 * (y2 - y1) - y0;
    return y0 + x * (d1 + (x - 1.0) * (d2 / 2.0 + (x - 2.0) * d3 / 6.0));
  }
};

/// Moments of the sums, NaN without any.
template <ExecutionPolicy P>
struct FinishMoments {
  RvWindow<P> window;
  RvMoments<P> moments;

  KOKKOS_FUNCTION void operator()(int b) const {
    const double norm =
        window.sums(b, 0) > 0.0 ? window.sums(b, 0) : Kokkos::Experimental::quiet_NaN_v<double>;
    const double variance = window.sums(b, 2) / norm;
    moments.error(b) = Kokkos::sqrt(variance);
    moments.skewness(b) = window.sums(b, 3) / norm / (variance * Kokkos::sqrt(variance));
    moments.kurtosis(b) = window.sums(b, 4) / norm / (variance * variance);
  }
};

template <ExecutionPolicy P>
struct IsOpen {
  Vector<const int, P> open;
  KOKKOS_FUNCTION bool operator()(int b) const { return open(b) != 0; }
};

}  // namespace detail

/// Measures the posteriors of rv of a batch. Allocates in its constructor only.
template <ExecutionPolicy P, class Model>
class RvProfile {
 public:
  using Exec = typename P::execution_space;

  /// @throws InvalidArgument  fewer than 4 points, or no window
  RvProfile(const Exec& exec, const ParameterSet& parameters, int capacity,
            const RvProfileOptions& options)
      : options_(options),
        rv_(parameters.index("rv")),
        fixed_(parameters["rv"].fixed),
        lower_(parameters["rv"].lower),
        upper_(parameters["rv"].upper),
        moments_(exec, capacity),
        window_(exec, capacity),
        list_(exec, capacity) {
    RVFIT_REQUIRE(options.points >= 4 && options.reach > 0 && options.passes > 0,
                  "RvProfile: ", options.points, " points, reach ", options.reach, ", ",
                  options.passes, " passes: wanted at least 4, and positive numbers");
    const int rows = options.enabled ? capacity : 0;
    theta_ = allocate<Cube<double, P>>(exec, "rvfit::RvProfile::theta", options.points, rows,
                                       parameters.size());
    values_ = allocate<Matrix<double, P>>(exec, "rvfit::RvProfile::values", options.points, rows);
  }

  /// Posteriors of the first `size` fits of a state that has been minimised. Waits for one integer a
  /// pass.
  ///
  /// @param[in] second_rv      (B)  the second minimum, NaN if there is none   [km/s]
  /// @param[in] second_excess  (B)  its neg2_log_like less that of the solution
  void run(const Exec& exec, Objective<P, Model>& objective, const LmState<P>& state, int size,
           const Vector<const double, P>& second_rv, const Vector<const double, P>& second_excess) {
    Kokkos::parallel_for(
        "rvfit::RvProfile::first", Range(exec, 0, size),
        detail::FirstWindow<P>{options_, state, rv_, fixed_, lower_, upper_, window_});
    for (int pass = 0; options_.enabled && pass < options_.passes; ++pass) {
      if (!look(exec, objective, state, size, false)) {
        break;
      }
    }
    if (options_.enabled) {
      Kokkos::parallel_for("rvfit::RvProfile::second", Range(exec, 0, size),
                           detail::SecondWindow<P>{options_, second_rv, second_excess, window_});
      look(exec, objective, state, size, true);
    }
    Kokkos::parallel_for("rvfit::RvProfile::finish", Range(exec, 0, size),
                         detail::FinishMoments<P>{window_, moments_});
  }

  [[nodiscard]] const RvMoments<P>& moments() const { return moments_; }

 private:
  using Range = typename P::range_policy;

  /// Look at all open windows; false if there are none.
  bool look(const Exec& exec, Objective<P, Model>& objective, const LmState<P>& state, int size,
            bool second) {
    list_.select(exec, size, size, detail::IsOpen<P>{window_.open});
    if (list_.refresh(exec) == 0) {
      return false;
    }
    const Tile<P> all = list_.tile(0, list_.bound());
    Kokkos::parallel_for(
        "rvfit::RvProfile::velocities",
        typename P::template grid_policy<2>(exec, {0, 0}, {options_.points, all.size}),
        detail::SetVelocities<P>{all, state.theta, window_, rv_, theta_});
    objective.evaluate_velocities(exec, list_, theta_, values_);
    Kokkos::parallel_for("rvfit::RvProfile::sum", Range(exec, 0, all.size),
                         detail::SumWindow<P>{options_, all, values_, state.theta, rv_, lower_,
                                              upper_, window_, second});
    return true;
  }

  RvProfileOptions options_;
  int rv_;
  bool fixed_;
  double lower_, upper_;
  RvMoments<P> moments_;
  detail::RvWindow<P> window_;
  ActiveList<P> list_;
  Cube<double, P> theta_;     ///< (G, B, P)
  Matrix<double, P> values_;  ///< (G, B)
};

}  // namespace rvfit
