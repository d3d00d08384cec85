// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The Levenberg-Marquardt method as a machine of two moves, of one fit or of one in each element of T:
/// `propose` ends the fit or sets a trial point, `judge` takes or leaves it once its objective is known.
/// Every solver of the library is a loop around these two.

#include <rvfit/data/fit_result.hpp>
#include <rvfit/solver/lm_step.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Objective of one fit at one point.
template <class T, int N>
struct LmPoint {
  T value;
  T gradient[N];
  T hessian[packed(N, 0)];  ///< lower triangle

  KOKKOS_INLINE_FUNCTION void clear(int n) {
    value = T(0);
    for (int p = 0; p < n; ++p) {
      gradient[p] = T(0);
    }
    for (int k = 0; k < packed(n, 0); ++k) {
      hessian[k] = T(0);
    }
  }
  /// Where all its numbers are finite.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> finite(int n) const {
    // Each difference is 0 or NaN.
    T sum = value - value;
    for (int p = 0; p < n; ++p) {
      sum = sum + (gradient[p] - gradient[p]);
    }
    for (int k = 0; k < packed(n, 0); ++k) {
      sum = sum + (hessian[k] - hessian[k]);
    }
    return sum == T(0);
  }
};

/// State of one fit of up to N parameters.
template <class T, int N>
struct LmFit {
  using Mask = MaskOf<T>;
  using Integer = IntegerOf<T>;

  T theta[N];
  LmPoint<T, N> current;  ///< at theta
  T trial[N];
  Mask last;  ///< `trial` is the undamped step that a converged fit ends with, if F bears it out
  LmDamping<T> damping;
  T predicted;  ///< decrease promised for `trial`; negative: no step could be found
  T promise;    ///< decrease promised for the undamped step, or less where that is enough to know
  T rounding;   ///< rounding error of the objective
  Integer iterations;
  Integer status;  ///< FitStatus

  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask running() const {
    return status == Integer(static_cast<int>(FitStatus::running));
  }
  KOKKOS_INLINE_FUNCTION void end(const Mask& where, FitStatus reason) {
    status = select(where && running(), Integer(static_cast<int>(reason)), status);
  }
  /// The decrease of a step not worth taking.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION T negligible(const LmOptions& options) const {
    const auto tolerance = static_cast<PackValue<T>>(options.tolerance);
    const auto relative = static_cast<PackValue<T>>(options.relative_tolerance);
    return max_of(T(tolerance), relative * current.value);
  }
};

/// True where every free parameter inside its bounds has a negligible gradient.
template <class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> lm_gradient_vanishes(const LmFit<T, N>& fit, int n,
                                                                    const LmBounds<T, N>& bounds,
                                                                    double tolerance) {
  const auto square = static_cast<PackValue<T>>(2 * tolerance * tolerance);
  MaskOf<T> vanishes = T(0) == T(0);
  for (int p = 0; p < n; ++p) {
    const T& g = fit.current.gradient[p];
    const auto held = bounds.fixed[p] || (fit.theta[p] <= bounds.lower[p] && g > T(0)) ||
                      (fit.theta[p] >= bounds.upper[p] && g < T(0));
    vanishes = vanishes &&
               (held || g * g <= square * fit.current.value * fit.current.hessian[packed(p, p)]);
  }
  return vanishes;
}

/// What becomes of the undamped step that ends a converged fit.
enum class LastStep {
  taken,   ///< at once, with the value that it promises
  judged,  ///< as one more trial, and only taken if F does not rise there
};

/// End fits that are done and propose a trial point for the others.
template <LastStep Last = LastStep::taken, class T, int N>
KOKKOS_INLINE_FUNCTION void lm_propose(LmFit<T, N>& fit, int n, const LmBounds<T, N>& bounds,
                                       const LmOptions& options) {
  using Mask = MaskOf<T>;
  fit.last = T(0) != T(0);
  fit.end(!fit.current.finite(n), FitStatus::non_finite);
  if (options.gradient_tolerance > 0.0) {
    fit.end(lm_gradient_vanishes(fit, n, bounds, options.gradient_tolerance),
            FitStatus::converged_gradient);
  }
  const LmStep<T> damped = lm_step<N>(n, fit.theta, fit.current.gradient, fit.current.hessian,
                                      bounds, fit.damping.value, fit.trial);
  for (int p = 0; p < n; ++p) {
    fit.trial[p] = select(damped.solved, fit.trial[p], fit.theta[p]);
  }
  fit.predicted = select(damped.solved, damped.decrease, T(-1));
  fit.promise = damped.decrease;
  // The undamped step promises no less than the damped one: it is wanted only where that is little.
  const T negligible = fit.negligible(options);
  const Mask near =
      fit.running() && (!damped.solved || damped.decrease < max_of(negligible, fit.rounding));
  const Mask left = fit.iterations < IntegerOf<T>(options.max_iterations);
  if (any(near)) {
    T point[N];
    LmStep<T> newton =
        lm_step<N>(n, fit.theta, fit.current.gradient, fit.current.hessian, bounds, T(0), point);
    const Mask flat = near && !newton.solved;
    if (any(flat)) {
      // Without curvature along some direction, the step that a little damping gives.
      T other[N];
      const auto little = static_cast<PackValue<T>>(options.initial_damping);
      const LmStep<T> slowed = lm_step<N>(n, fit.theta, fit.current.gradient, fit.current.hessian,
                                          bounds, T(little), other);
      for (int p = 0; p < n; ++p) {
        point[p] = select(flat, other[p], point[p]);
      }
      newton.decrease = select(flat, slowed.decrease, newton.decrease);
      newton.solved = newton.solved || slowed.solved;
    }
    const T infinity(Kokkos::Experimental::infinity_v<PackValue<T>>);
    fit.promise = select(near, select(newton.solved, newton.decrease, infinity), fit.promise);
    const Mask converged = near && newton.solved && newton.decrease < negligible;
    if constexpr (Last == LastStep::judged) {
      fit.last = converged && left;
      for (int p = 0; p < n; ++p) {
        fit.trial[p] = select(fit.last, point[p], fit.trial[p]);
      }
      fit.end(converged && !left, FitStatus::converged);
    } else {
      // The last step is too small to be judged by the objective, and is taken.
      for (int p = 0; p < n; ++p) {
        fit.theta[p] = select(converged, point[p], fit.theta[p]);
      }
      fit.current.value = select(converged, fit.current.value - newton.decrease, fit.current.value);
      fit.end(converged, FitStatus::converged);
    }
  }
  fit.end(!left, FitStatus::max_iterations);
}

/// Accept or reject the trial point; a last one ends the fit either way. Comparisons are written so
/// that NaN rejects.
///
/// @param[in] judged  where a trial was proposed; elsewhere nothing changes
/// @return where theta moved: the caller sets `current` there
template <class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> lm_judge(LmFit<T, N>& fit, int n,
                                                        const MaskOf<T>& judged,
                                                        const T& trial_value,
                                                        const LmOptions& options) {
  using Mask = MaskOf<T>;
  using Integer = typename LmFit<T, N>::Integer;
  fit.iterations = select(judged, fit.iterations + Integer(1), fit.iterations);
  const T decrease = fit.current.value - trial_value;
  const T ratio = decrease / fit.predicted;
  const auto least_ratio = static_cast<PackValue<T>>(options.accept_ratio);
  const Mask accepted = judged && fit.predicted > T(0) && ratio > T(least_ratio);
  // So close that rounding decides whether the objective falls or rises.
  const Mask lost = judged && (fit.promise < fit.rounding) && (decrease > -fit.rounding);
  const Mask harmless =
      judged && fit.last && (-decrease <= max_of(fit.negligible(options), fit.rounding));
  LmDamping<T>& damping = fit.damping;
  const Mask refines = lost && damping.blind_steps < T(options.polish_steps) &&
                       fit.promise < T(0.9) * damping.blind_promise;
  const Mask moved = accepted || lost || harmless;
  Mask short_step = moved;
  const auto tolerance = static_cast<PackValue<T>>(options.step_tolerance);
  for (int p = 0; p < n; ++p) {
    const T size = abs_of(fit.trial[p] - fit.theta[p]);
    short_step = short_step && size <= tolerance * (abs_of(fit.theta[p]) + tolerance);
    fit.theta[p] = select(moved, fit.trial[p], fit.theta[p]);
  }
  fit.end(judged && fit.last, FitStatus::converged);
  damping.blind_steps = select(lost, damping.blind_steps + T(1), damping.blind_steps);
  damping.blind_promise = select(lost, fit.promise, damping.blind_promise);
  damping.relax(accepted || refines, select(refines, T(1), ratio), options);
  const Mask polished = options.polish_steps > 0 ? lost && !refines : lost && !accepted;
  fit.end(polished, FitStatus::converged);
  if (options.step_tolerance > 0.0) {
    fit.end(short_step, FitStatus::converged_step);
  }
  // Steps are now too short to matter, and still do not deliver.
  const Mask rejected = judged && !moved;
  const Mask hopeless = fit.predicted > T(0) && fit.predicted < fit.negligible(options);
  damping.tighten(rejected);
  const auto most = static_cast<PackValue<T>>(options.max_damping);
  fit.end(rejected && (hopeless || !(damping.value < T(most))), FitStatus::stalled);
  fit.current.value = select(moved, trial_value, fit.current.value);
  return moved;
}

}  // namespace rvfit
