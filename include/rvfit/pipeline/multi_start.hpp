// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Several starts of each spectrum fitted as one batch, and the best kept. Fit k B + b is start k of
/// spectrum b. Starts that fall behind are given up early: by the scan's measure, by their first value,
/// and then as soon as a few times the decrease that the undamped step is predicted to bring does not
/// reach the best fit of the spectrum (docs/decisions/0010).

#include <rvfit/pipeline/objective.hpp>

#include <utility>

namespace rvfit {

struct MultiStartOptions {
  double least_gain = 0.7;   ///< of a start over the continuum alone, relative to the first's
  double most_excess = 0.2;  ///< of a start's first value over the lowest, relative to that gain
  double margin = 30.0;      ///< differences of neg2_log_like up to this are always followed
  double least_separation = 50.0;  ///< in rv, of the second minimum from the best  [km/s]
};

/// @throws InvalidArgument  an option that is not a number, or negative
inline void require_valid(const MultiStartOptions& options) {
  for (const auto& [name, value] : {std::pair{"least_gain", options.least_gain},
                                    {"most_excess", options.most_excess},
                                    {"margin", options.margin},
                                    {"least_separation", options.least_separation}}) {
    RVFIT_REQUIRE(value >= 0.0, "MultiStartOptions: ", name, " is ", value,
                  ", must not be negative");
  }
}

namespace detail {

/// A fit is followed while this many times its predicted decrease reaches the best of its spectrum: the
/// quadratic model of a fit far from its minimum sees a part of the way (docs/decisions/0010).
inline constexpr double attainable_decreases = 4.0;

/// The decrease predicted for one step tells that of all steps up to this damping; fits that are damped
/// more are not given up (docs/decisions/0010).
inline constexpr double most_predictive_damping = 0.1;

/// Start the fits k B + b at the candidates. A start is given up before any evaluation if its gain is far
/// below that of the first, the best by the measure of the scan.
template <ExecutionPolicy P>
struct TakeStarts {
  LmState<P> state;
  Cube<const double, P> candidates;  ///< (K, B, P)
  Matrix<const int, P> templates;    ///< (K, B)  of the scan
  Matrix<const double, P> gain;      ///< (K, B)
  Vector<int, P> template_of;        ///< (K B)  of each fit
  MultiStartOptions options;
  int spectra;

  KOKKOS_FUNCTION void operator()(int f) const {
    const int k = f / spectra;
    const int b = f % spectra;
    template_of(f) = templates(k, b);
    for (int p = 0; p < static_cast<int>(state.theta.extent(1)); ++p) {
      state.theta(f, p) = candidates(k, b, p);
    }
    const bool keep = k == 0 || gain(k, b) >= options.least_gain * gain(0, b) ||
                      gain(k, b) >= gain(0, b) - options.margin;
    if (state.status(f) == FitStatus::running && !keep) {
      state.status(f) = FitStatus::superseded;
      state.current.value(f) = Kokkos::Experimental::quiet_NaN_v<double>;
    }
  }
};

/// Before the first step, give up starts whose value is far above the lowest, all but the first. The
/// scan adapts the strength of the lines, a value at a template of the scan cannot: neither alone is
/// to be trusted.
template <ExecutionPolicy P>
struct ScreenStarts {
  LmState<P> state;
  Vector<const double, P> value;  ///< (K B)  at the starts
  Matrix<const double, P> gain;   ///< (K, B)
  MultiStartOptions options;
  int spectra;
  int starts;

  KOKKOS_FUNCTION void operator()(int b) const {
    double best = Kokkos::Experimental::infinity_v<double>;
    for (int k = 0; k < starts; ++k) {
      if (state.status(k * spectra + b) == FitStatus::running) {
        best = Kokkos::fmin(best, value(k * spectra + b));  // fmin passes NaN over
      }
    }
    const double allowed = Kokkos::fmax(options.margin, options.most_excess * gain(0, b));
    for (int k = 0; k < starts; ++k) {
      const int f = k * spectra + b;
      if (state.status(f) == FitStatus::running) {
        state.current.value(f) = value(f);
        if (k > 0 && !(value(f) <= best + allowed)) {
          state.status(f) = FitStatus::superseded;
        }
      }
    }
  }
};

/// Give up fits that will not reach the best of their spectrum.
template <ExecutionPolicy P>
struct ReviewStarts {
  LmState<P> state;
  MultiStartOptions options;
  int spectra;
  int starts;

  KOKKOS_FUNCTION void operator()(int b) const {
    double best = Kokkos::Experimental::infinity_v<double>;
    for (int k = 0; k < starts; ++k) {
      const int f = k * spectra + b;
      if (state.status(f) == FitStatus::running || is_solution(state.status(f))) {
        best = Kokkos::fmin(best, state.current.value(f));
      }
    }
    for (int k = 0; k < starts; ++k) {
      const int f = k * spectra + b;
      const double attainable =
          state.current.value(f) - attainable_decreases * state.newton_decrease(f) - options.margin;
      const bool predictive = state.damping(f).value <= most_predictive_damping;
      if (state.status(f) == FitStatus::running && predictive && attainable > best) {
        state.status(f) = FitStatus::superseded;
      }
    }
  }
};

/// Put the best fit of each spectrum into the first B rows, and find the second minimum. A start that
/// was given up counts with where it stood: its value, or the gain of the scan if it has none.
template <ExecutionPolicy P>
struct KeepBest {
  LmState<P> state;
  Matrix<const double, P> gain;  ///< (K, B)
  MultiStartOptions options;
  int spectra;
  int starts;
  int rv;                           ///< its column in theta
  Vector<double, P> start_rv;       ///< (K B)  of each fit; then of the best in row b
  Vector<double, P> second_rv;      ///< (B)
  Vector<double, P> second_excess;  ///< (B)

  KOKKOS_FUNCTION void operator()(int b) const {
    int best = b;
    for (int k = 1; k < starts; ++k) {
      const int f = k * spectra + b;
      best = better(f, best) ? f : best;
    }
    const bool solved = is_solution(state.status(best));
    start_rv(b) = solved ? start_rv(best) : Kokkos::Experimental::quiet_NaN_v<double>;
    second_rv(b) = second_excess(b) = Kokkos::Experimental::quiet_NaN_v<double>;
    for (int k = 0; k < starts && solved; ++k) {
      const int f = k * spectra + b;
      const double by_value = state.current.value(f) - state.current.value(best);
      const double excess =
          Kokkos::isfinite(by_value) ? by_value : gain(best / spectra, b) - gain(k, b);
      const double separation = Kokkos::abs(state.theta(f, rv) - state.theta(best, rv));
      if (f != best && separation >= options.least_separation && Kokkos::isfinite(excess) &&
          !(second_excess(b) <= excess)) {
        second_rv(b) = state.theta(f, rv);
        second_excess(b) = excess;
      }
    }
    if (best != b) {
      swap(b, best);
    }
  }

 private:
  /// True where a is a solution and b is none, or both are and a is lower. Without a solution a fit that
  /// went on is better than one given up.
  [[nodiscard]] KOKKOS_FUNCTION bool better(int a, int b) const {
    const bool solved = is_solution(state.status(a));
    if (solved != is_solution(state.status(b))) {
      return solved;
    }
    return solved ? state.current.value(a) < state.current.value(b)
                  : state.status(b) == FitStatus::superseded &&
                        state.status(a) != FitStatus::superseded;
  }

  KOKKOS_FUNCTION void swap(int a, int b) const {
    const auto n = static_cast<int>(state.theta.extent(1));
    Kokkos::kokkos_swap(state.status(a), state.status(b));
    Kokkos::kokkos_swap(state.iterations(a), state.iterations(b));
    Kokkos::kokkos_swap(state.current.value(a), state.current.value(b));
    for (int p = 0; p < n; ++p) {
      Kokkos::kokkos_swap(state.theta(a, p), state.theta(b, p));
      Kokkos::kokkos_swap(state.current.gradient(a, p), state.current.gradient(b, p));
      for (int q = 0; q < n; ++q) {
        Kokkos::kokkos_swap(state.current.hessian(a, p, q), state.current.hessian(b, p, q));
      }
    }
  }
};

}  // namespace detail

/// An objective with several starts a spectrum; meets `ReviewedObjective`.
template <ExecutionPolicy P, class Model>
class MultiStart {
 public:
  using Exec = typename P::execution_space;

  /// @param[in] kept  templates that the fits begin at, if any are kept
  MultiStart(Objective<P, Model>& objective, const MultiStartOptions& options, int starts,
             const KeptTemplates<P, Model>& kept)
      : objective_(objective), options_(options), starts_(starts), kept_(kept) {}

  void linearize(const Exec& exec, const ActiveList<P>& list, const Matrix<const double, P>& theta,
                 const Linearization<P>& out) {
    objective_.linearize(exec, list, theta, out, kept_);
    kept_ = {};  // fits move on
  }
  void review(const Exec& exec, const LmState<P>& state) {
    if (starts_ > 1) {
      Kokkos::parallel_for("rvfit::MultiStart::review",
                           typename P::range_policy(exec, 0, objective_.size()),
                           detail::ReviewStarts<P>{state, options_, objective_.size(), starts_});
    }
  }

 private:
  Objective<P, Model>& objective_;
  MultiStartOptions options_;
  int starts_;
  KeptTemplates<P, Model> kept_;
};

}  // namespace rvfit
