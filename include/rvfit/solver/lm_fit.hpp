// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The Levenberg-Marquardt method as a machine of two moves, of one fit or of one in each element of T:
/// `lm_propose` ends the fit or sets a trial point, `lm_judge` takes or leaves it once its objective is
/// known. With F the objective, at every step two decreases are predicted by the undamped model of
/// lm_step.hpp: that of the damped step to the trial point (`predicted_decrease`), and that of the undamped
/// one (`newton_decrease`), which says how far above its minimum F still is.
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
  /// Set the derivatives in fixed parameters, which need not be finite, to 0.
  KOKKOS_INLINE_FUNCTION void drop(int n, const MaskOf<T>* fixed) {
    for (int p = 0; p < n; ++p) {
      gradient[p] = select(fixed[p], T(0), gradient[p]);
      for (int q = 0; q <= p; ++q) {
        T& element = hessian[packed(p, q)];
        element = select(fixed[p] || fixed[q], T(0), element);
      }
    }
  }
  /// True where all its numbers are finite.
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
  Mask final_trial;  ///< `trial` is the undamped step that ends a converged fit
  LmDamping<T> damping;
  T predicted_decrease;  ///< of F from theta to trial; negative: no step could be found
  T newton_decrease;     ///< of F by the undamped step; at least this where it is not negligible
  T rounding;            ///< absolute rounding error of F
  T unit;                ///< of LmOptions::tolerance: 1 where F is -2 ln L
  Integer iterations;
  Integer status;  ///< FitStatus

  [[nodiscard]] KOKKOS_INLINE_FUNCTION Mask running() const {
    return status == Integer(static_cast<int>(FitStatus::running));
  }
  KOKKOS_INLINE_FUNCTION void end(const Mask& where, FitStatus reason) {
    status = select(where && running(), Integer(static_cast<int>(reason)), status);
  }
  /// A fit converges when `newton_decrease` is below this.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION T negligible_decrease(const LmOptions& options) const {
    const auto tolerance = static_cast<PackValue<T>>(options.tolerance);
    const auto relative = static_cast<PackValue<T>>(options.relative_tolerance);
    return max_of(tolerance * unit, relative * current.value);
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

/// Rules that differ between the fits of the library (docs/decisions/0019).
enum class LmRules {
  /// Objectives whose value is coarser than their gradient, from starts that a scan found. The undamped
  /// step that ends a fit is taken unseen, with the value that is predicted (docs/decisions/0002).
  spectra,
  /// Functions of a user's own, from any start. The undamped step that ends a fit is one more trial, and is
  /// only taken if F does not rise there.
  residuals,
};

/// Least ratio of actual to predicted decrease of an accepted step. A stricter one finds fewer of the
/// minima of NIST's regressions (docs/decisions/0009).
inline constexpr double lm_accept_ratio = 1e-3;

/// Each polishing step must bring the predicted decrease below this share of the one before.
inline constexpr double lm_polish_shrinkage = 0.9;

/// A step that F does not resolve is taken, by the rules of residuals, where the undamped step promises more
/// than the first as a share of F, and more than the second in roundings of F.
inline constexpr double lm_hope_of_value = 0.01;
inline constexpr double lm_hope_in_roundings = 1e3;

/// Least curvature of that damping: a parameter that H does not bend is damped by 1.
template <class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION T least_if_singular(const T& curvature) {
  return select(curvature > T(0), T(0), T(1) / lm_singular_damping<PackValue<T>>);
}

/// Eliminated step within the bounds. Where H is not positive definite, the step is the one that the
/// initial damping gives, or by the rules of residuals `lm_singular_damping`.
///
/// @param[in]  wanted  where `point` is used; elsewhere it need not be solved for
/// @param[out] point   (n)
template <LmRules Rules, class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION LmStep<T> lm_newton_step(const LmFit<T, N>& fit, int n,
                                                              const LmBounds<T, N>& bounds,
                                                              const LmOptions& options,
                                                              const MaskOf<T>& wanted, T* point) {
  LmStep<T> newton =
      lm_step<N>(n, fit.theta, fit.current.gradient, fit.current.hessian, bounds, T(0), point);
  const MaskOf<T> singular = wanted && !newton.solved;
  if (any(singular)) {
    T damped_point[N];
    LmBounds<T, N> used = bounds;
    auto damping = static_cast<PackValue<T>>(options.initial_damping);
    if constexpr (Rules == LmRules::residuals) {
      damping = lm_singular_damping<PackValue<T>>;
      for (int p = 0; p < n; ++p) {
        used.least_curvature[p] = least_if_singular(fit.current.hessian[packed(p, p)]);
      }
    }
    const LmStep<T> damped = lm_step<N>(n, fit.theta, fit.current.gradient, fit.current.hessian,
                                        used, T(damping), damped_point);
    for (int p = 0; p < n; ++p) {
      point[p] = select(singular, damped_point[p], point[p]);
    }
    newton.decrease = select(singular, damped.decrease, newton.decrease);
    newton.solved = newton.solved || damped.solved;
  }
  return newton;
}

/// A last step that leads to a bound but for rounding leads there exactly.
///
/// @param[in]     theta  (n)  where the step begins
/// @param[in,out] point  (n)  where it ends
template <class T, int N>
KOKKOS_INLINE_FUNCTION void lm_meet_bounds(const T* theta, int n, const LmBounds<T, N>& bounds,
                                           T* point) {
  const T rounding(PackValue<T>(16) * Kokkos::Experimental::epsilon_v<PackValue<T>>);
  for (int p = 0; p < n; ++p) {
    const T near = rounding * abs_of(theta[p]);
    const auto free = !bounds.fixed[p];
    point[p] = select(free && point[p] - bounds.lower[p] <= near, bounds.lower[p], point[p]);
    point[p] = select(free && bounds.upper[p] - point[p] <= near, bounds.upper[p], point[p]);
  }
}

/// True where a predicted decrease does not exceed a limit.
template <LmRules Rules, class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> lm_is_below(const T& decrease, const T& limit) {
  if constexpr (Rules == LmRules::residuals) {
    return decrease <= limit;  // of a perfect fit both are 0
  } else {
    return decrease < limit;
  }
}

/// True while steps are left.
template <class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> lm_steps_left(const LmFit<T, N>& fit,
                                                             const LmOptions& options) {
  return fit.iterations < IntegerOf<T>(options.max_iterations);
}

/// Note the damped step to the trial point.
///
/// @return where it promises so little that the undamped step has to be solved for: that one lowers the model no less
template <LmRules Rules, class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> lm_note_damped(LmFit<T, N>& fit,
                                                              const LmStep<T>& step,
                                                              const LmOptions& options) {
  fit.predicted_decrease = select(step.solved, step.decrease, T(-1));
  fit.newton_decrease = step.decrease;
  const T least = max_of(fit.negligible_decrease(options), fit.rounding);
  return fit.running() && (!step.solved || lm_is_below<Rules>(step.decrease, least));
}

/// Note the undamped step.
///
/// @return where it promises so little that the fit has converged
template <LmRules Rules, class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> lm_note_undamped(LmFit<T, N>& fit,
                                                                const MaskOf<T>& noted,
                                                                const LmStep<T>& newton,
                                                                const LmOptions& options) {
  const T infinity(Kokkos::Experimental::infinity_v<PackValue<T>>);
  fit.newton_decrease =
      select(noted, select(newton.solved, newton.decrease, infinity), fit.newton_decrease);
  return noted && newton.solved &&
         lm_is_below<Rules>(newton.decrease, fit.negligible_decrease(options));
}

/// By the rules of residuals a fit that has converged tries the undamped step, its last.
///
/// @return where the trial point is the end of the undamped step
template <class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> lm_try_undamped(LmFit<T, N>& fit,
                                                               const MaskOf<T>& noted,
                                                               const MaskOf<T>& converged,
                                                               const LmStep<T>& newton,
                                                               const LmOptions& options) {
  const MaskOf<T> steps_left = lm_steps_left(fit, options);
  fit.final_trial = converged && steps_left;
  // F judges neither step where it does not resolve them: the undamped one is the more exact.
  const MaskOf<T> unseen = noted && newton.solved && newton.decrease < fit.rounding;
  fit.predicted_decrease = select(unseen, newton.decrease, fit.predicted_decrease);
  fit.end(converged && !steps_left, FitStatus::converged);
  return fit.final_trial || unseen;
}

/// End fits that are done and propose a trial point for the others.
///
/// @tparam Eliminated  the last of the parameters, so many, are eliminated, see lm_step
template <LmRules Rules = LmRules::spectra, int Eliminated = 0, class T, int N>
KOKKOS_INLINE_FUNCTION void lm_propose(LmFit<T, N>& fit, int n, const LmBounds<T, N>& bounds,
                                       const LmOptions& options) {
  using Mask = MaskOf<T>;
  fit.final_trial = T(0) != T(0);
  fit.end(!fit.current.finite(n), FitStatus::non_finite);
  if (options.gradient_tolerance > 0.0) {
    fit.end(lm_gradient_vanishes(fit, n, bounds, options.gradient_tolerance),
            FitStatus::converged_gradient);
  }
  const LmStep<T> step =
      lm_step<N, Eliminated>(n, fit.theta, fit.current.gradient, fit.current.hessian, bounds,
                             fit.damping.value, fit.trial);
  for (int p = 0; p < n; ++p) {
    fit.trial[p] = select(step.solved, fit.trial[p], fit.theta[p]);
  }
  const Mask nearly_converged = lm_note_damped<Rules>(fit, step, options);
  if (any(nearly_converged)) {
    T point[N];
    const LmStep<T> newton =
        lm_newton_step<Rules>(fit, n, bounds, options, nearly_converged, point);
    const Mask converged = lm_note_undamped<Rules>(fit, nearly_converged, newton, options);
    if constexpr (Rules == LmRules::residuals) {
      lm_meet_bounds(fit.theta, n, bounds, point);
      const Mask tried = lm_try_undamped(fit, nearly_converged, converged, newton, options);
      for (int p = 0; p < n; ++p) {
        fit.trial[p] = select(tried, point[p], fit.trial[p]);
      }
    } else {
      for (int p = 0; p < n; ++p) {
        fit.theta[p] = select(converged, point[p], fit.theta[p]);
      }
      fit.current.value = select(converged, fit.current.value - newton.decrease, fit.current.value);
      fit.end(converged, FitStatus::converged);
    }
  }
  fit.end(!lm_steps_left(fit, options), FitStatus::max_iterations);
}

/// Accept or reject the trial point; a final one ends the fit either way. Comparisons are written so
/// that NaN rejects.
///
/// @param[in] judged  where a trial was proposed; elsewhere nothing changes
/// @return where theta moved: the caller sets `current` there
template <LmRules Rules = LmRules::spectra, class T, int N>
[[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> lm_judge(LmFit<T, N>& fit, int n,
                                                        const MaskOf<T>& judged,
                                                        const T& trial_value,
                                                        const LmOptions& options) {
  using Mask = MaskOf<T>;
  using Integer = typename LmFit<T, N>::Integer;
  LmDamping<T>& damping = fit.damping;
  fit.iterations = select(judged, fit.iterations + Integer(1), fit.iterations);
  const T decrease = fit.current.value - trial_value;
  const T ratio = decrease / fit.predicted_decrease;
  const Mask accepted = judged && fit.predicted_decrease > T(0) &&
                        ratio > T(static_cast<PackValue<T>>(lm_accept_ratio));
  // So close to the minimum rounding decides whether F falls or rises: the step is taken unseen.
  const Mask unresolved =
      judged && (fit.newton_decrease < fit.rounding) && (decrease > -fit.rounding);
  // A final trial exists by the rules of residuals alone.
  const Mask final_taken = judged && fit.final_trial && -decrease <= fit.rounding;
  // Steps are still too short for F to tell, as from a start of 1e-15 to a solution of 1.
  Mask hopeful = judged && !judged;
  if constexpr (Rules == LmRules::residuals) {
    const auto share = static_cast<PackValue<T>>(lm_hope_of_value);
    const auto roundings = static_cast<PackValue<T>>(lm_hope_in_roundings);
    hopeful = judged && abs_of(decrease) <= fit.rounding && fit.predicted_decrease > T(0) &&
              fit.newton_decrease > share * fit.current.value &&
              fit.newton_decrease > roundings * fit.rounding;
  }
  const Mask moved = accepted || unresolved || final_taken || hopeful;
  Mask short_step = moved;
  const auto tolerance = static_cast<PackValue<T>>(options.step_tolerance);
  for (int p = 0; p < n; ++p) {
    const T size = abs_of(fit.trial[p] - fit.theta[p]);
    short_step = short_step && size <= tolerance * (abs_of(fit.theta[p]) + tolerance);
    fit.theta[p] = select(moved, fit.trial[p], fit.theta[p]);
  }
  fit.end(judged && fit.final_trial, FitStatus::converged);
  // Unresolved steps go on as polishing while their predicted decrease shrinks.
  const auto shrinkage = static_cast<PackValue<T>>(lm_polish_shrinkage);
  const Mask polishes = unresolved && damping.unresolved_steps < T(options.polish_steps) &&
                        fit.newton_decrease < T(shrinkage) * damping.unresolved_decrease;
  damping.unresolved_steps =
      select(unresolved, damping.unresolved_steps + T(1), damping.unresolved_steps);
  damping.unresolved_decrease =
      select(unresolved, fit.newton_decrease, damping.unresolved_decrease);
  damping.relax(accepted || polishes || hopeful, select(polishes || hopeful, T(1), ratio), options);
  const Mask done = unresolved && (options.polish_steps > 0 ? !polishes : !accepted);
  fit.end(done, FitStatus::converged);
  if (options.step_tolerance > 0.0) {
    fit.end(short_step, FitStatus::converged_step);
  }
  // A fit stalls when steps too short to matter, or damped to the limit, still do not lower F.
  const Mask rejected = judged && !moved;
  const Mask step_negligible =
      fit.predicted_decrease > T(0) && fit.predicted_decrease < fit.negligible_decrease(options);
  damping.tighten(rejected);
  const auto most = static_cast<PackValue<T>>(options.max_damping);
  fit.end(rejected && (step_negligible || !(damping.value < T(most))), FitStatus::stalled);
  fit.current.value = select(moved, trial_value, fit.current.value);
  return moved;
}

}  // namespace rvfit
