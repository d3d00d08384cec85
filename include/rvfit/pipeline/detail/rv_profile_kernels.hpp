// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Kernels of the posterior of rv (pipeline/rv_profile.hpp): windows of velocities and the sums over them.

#include <rvfit/core/tile.hpp>
#include <rvfit/data/fit_result.hpp>
#include <rvfit/pipeline/rv_moments.hpp>
#include <rvfit/pipeline/rv_profile_options.hpp>
#include <rvfit/solver/lm_state.hpp>

namespace rvfit::detail {

/// Half the first window in units of the error (docs/decisions/0010-starts-are-screened-twice.md).
inline constexpr double rv_window_reach = 5.0;

/// Velocities whose neg2_log_like is higher than the least by this much do not count.
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

/// The first window, as wide as the curvature of the objective along rv says.
template <ExecutionPolicy P>
struct FirstWindow {
  LmState<P> state;
  int rv;
  bool fixed;
  double lower, upper;
  RvWindow<P> window;

  KOKKOS_FUNCTION void operator()(int b) const {
    const double curvature = state.current.hessian(b, rv, rv);
    const double widest = (upper - lower) / rv_window_reach;
    const double error =
        curvature > 0.0 ? Kokkos::fmin(Kokkos::sqrt(2.0 / curvature), widest) : widest;
    window.open(b) = is_solution(state.status(b)) && !fixed && upper > lower ? 1 : 0;
    window.step(b) = 2.0 * rv_window_reach * error / (rv_window_points - 1);
    window.first(b) = state.theta(b, rv) - rv_window_reach * error;
    window.sums(b, 0) = 0.0;  // no posterior yet
  }
};

/// As wide a window at the second minimum, beside the first, if that is not in the first and counts.
template <ExecutionPolicy P>
struct SecondWindow {
  Vector<const double, P> second_rv, second_excess;
  RvWindow<P> window;

  KOKKOS_FUNCTION void operator()(int b) const {
    const double width = (rv_window_points - 1) * window.step(b);
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
  static constexpr int fine = 8;                     ///< steps of the sum in a step of the window
  static constexpr int last = rv_window_points - 1;  ///< last velocity of a window

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
    const double least = second ? window.least(b) : lowest(b);
    double sum[5] = {};
    integrate(b, least, sum);
    for (int n = 0; n < 5; ++n) {
      window.sums(b, n) = sum[n] + (second ? window.sums(b, n) : 0.0);
    }
    window.least(b) = least;
    window.open(b) = 0;
    const double mean = sum[1] / sum[0];
    const double error = Kokkos::sqrt(sum[2] / sum[0] - mean * mean);
    if (!second && error > 0.0) {  // not if it is NaN
      open_next(b, least, mean, error);
    }
  }

 private:
  [[nodiscard]] KOKKOS_FUNCTION double lowest(int b) const {
    double result = Kokkos::Experimental::infinity_v<double>;
    for (int g = 0; g <= last; ++g) {
      result = Kokkos::fmin(result, values(g, b));
    }
    return result;
  }

  /// sum_n = integral of exp(-(L(v) - least) / 2) (v - rv)^n between the bounds, by trapezia.
  KOKKOS_FUNCTION void integrate(int b, double least, double* sum) const {
    const double first = window.first(b), step = window.step(b);
    for (int n = 0; n <= last * fine; ++n) {
      const double s = static_cast<double>(n) / fine;
      const double v = first + s * step;
      const double ends = n == 0 || n == last * fine ? 0.5 : 1.0;
      double term =
          v >= lower && v <= upper ? ends * step * Kokkos::exp(-0.5 * (cubic(b, s) - least)) : 0.0;
      for (int power = 0; power < 5; ++power) {
        sum[power] += term;
        term *= v - theta(b, rv);
      }
    }
  }

  /// Another window where density is left at an end inside the bounds, or the points do not resolve
  /// the posterior.
  KOKKOS_FUNCTION void open_next(int b, double least, double mean, double error) const {
    const double first = window.first(b), step = window.step(b);
    const bool left = values(0, b) - least < negligible_excess && first > lower;
    const bool right = values(last, b) - least < negligible_excess && first + last * step < upper;
    const bool coarse = step > 2.0 * error;
    if (left || right || coarse) {
      const double half =
          coarse ? rv_window_reach * Kokkos::fmax(error, 0.5 * step) : 0.75 * last * step;
      window.open(b) = 1;
      window.first(b) = theta(b, rv) + mean - half;
      window.step(b) = 2.0 * half / last;
    }
  }

  /// The cubic through the four points around position s, in Newton's form.
  [[nodiscard]] KOKKOS_FUNCTION double cubic(int b, double s) const {
    const int g = Kokkos::min(Kokkos::max(static_cast<int>(s) - 1, 0), rv_window_points - 4);
    const double x = s - g;
    const double y0 = values(g, b), y1 = values(g + 1, b), y2 = values(g + 2, b),
                 y3 = values(g + 3, b);
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

}  // namespace rvfit::detail
