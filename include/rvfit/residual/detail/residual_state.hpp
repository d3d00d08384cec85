// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// ResidualState is a residual fit between two evaluations of its model, or one fit in each element of T.

#include <rvfit/core/pack.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit::detail {

/// Damping is relative to no less than least_influence F / size_p^2, with size_p the largest |theta_p| so
/// far (Parameter::scale while that is 0). A parameter that has little influence at the start is so kept
/// from running to where it has none (docs/decisions/0009).
inline constexpr double least_influence = 1e-3;

/// Gaussian priors of a fit. The precision is exactly 0 without one.
template <class T, int N>
struct ResidualPriors {
  T mean[N];
  T precision[N];  ///< 1 / sigma^2
};

/// The state of residual fits, one in each element of T, between two evaluations.
template <class T, class Problem>
struct ResidualState {
  static constexpr int n = Problem::n;
  LmFit<T, n> fit;
  LmBounds<T, n> bounds;
  ResidualPriors<T, n> priors;
  T scale[n];       ///< size of a parameter that is 0
  T size[n];        ///< largest |theta_p| so far
  T signal;         ///< sum (w y)^2, to whose rounding residuals are known
  MaskOf<T> fresh;  ///< at the start, where no step is to be judged yet

  /// Move on from the objective at the trial point to the next one, or to the end.
  KOKKOS_INLINE_FUNCTION void advance(LmPoint<T, n>& at_trial, const LmOptions& options) {
    drop_fixed(at_trial);
    // The fit cannot go on from a point without derivatives.
    const T nan(Kokkos::Experimental::quiet_NaN_v<PackValue<T>>);
    const T value = select(at_trial.finite(n), at_trial.value, nan);
    LmPoint<T, n>& current = fit.current;
    const auto judged = fit.running() && !fresh;
    const auto moved = lm_judge(fit, n, judged, value, options) || fresh;
    current.value = select(fresh, value, current.value);
    for (int p = 0; p < n; ++p) {
      current.gradient[p] = select(moved, at_trial.gradient[p], current.gradient[p]);
      size[p] = max_of(size[p], abs_of(fit.theta[p]));
    }
    for (int k = 0; k < packed(n, 0); ++k) {
      current.hessian[k] = select(moved, at_trial.hessian[k], current.hessian[k]);
    }
    fresh = fresh && !fresh;
    using Kokkos::sqrt;
    constexpr auto eps =
        PackValue<T>(4) *
        static_cast<PackValue<T>>(Kokkos::Experimental::epsilon_v<typename Problem::Real>);
    fit.rounding = eps * (current.value + sqrt(current.value * signal) + eps * signal);
    const T least = static_cast<PackValue<T>>(least_influence) * current.value;
    const T tiny(Kokkos::Experimental::norm_min_v<PackValue<T>>);
    for (int p = 0; p < n; ++p) {
      const T unit = select(size[p] > T(0), size[p], scale[p]);
      bounds.least_curvature[p] = max_of(least, tiny) / (unit * unit);
    }
    lm_propose<LastStep::judged>(fit, n, bounds, options);
  }

 private:
  /// Set derivatives in fixed parameters, which need not be finite, to 0.
  KOKKOS_INLINE_FUNCTION void drop_fixed(LmPoint<T, n>& at) const {
    for (int p = 0; p < n; ++p) {
      at.gradient[p] = select(bounds.fixed[p], T(0), at.gradient[p]);
      for (int q = 0; q <= p; ++q) {
        T& element = at.hessian[packed(p, q)];
        element = select(bounds.fixed[p] || bounds.fixed[q], T(0), element);
      }
    }
  }
};

}  // namespace rvfit::detail
