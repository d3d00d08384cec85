// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// ResidualState is a residual fit between two evaluations of its model, or one fit in each element of T.

#include <rvfit/core/pack.hpp>
#include <rvfit/residual/detail/model_derivatives.hpp>
#include <rvfit/residual/detail/residual_units.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit::detail {

/// Damping is relative to no less than the larger of
///
///   full_influence F / size_p^2   and   least_influence sqrt(F_0 F) / size_p^2,
///
/// with F_0 the objective at the start and size_p the largest |theta_p| so far (Parameter::scale where it starts at 0).
/// The first is twice the curvature of a parameter whose change by its size changes the residuals by as much as they
/// are: one that has less influence is kept from running to where it has none (docs/decisions/0009 and 0019). The second
/// keeps fits from running that can be perfect, as with fewer points than parameters, where F vanishes.
inline constexpr double full_influence = 4.0;
inline constexpr double least_influence = 1e-3;

/// The larger of both without the size: F, sqrt(F_0), sqrt(F).
template <class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION T least_of_value(const T& value, const T& root_of_first,
                                                      const T& root_of_value) {
  const T tiny(Kokkos::Experimental::norm_min_v<PackValue<T>>);
  const T of_start = static_cast<PackValue<T>>(least_influence) * root_of_first * root_of_value;
  const T of_value = static_cast<PackValue<T>>(full_influence) * value;
  return max_of(max_of(of_value, of_start), tiny);
}

/// Absolute rounding error of F: that of its sum, and of residuals that are known to the rounding of the data.
template <class Real, class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION T rounding_of_value(const T& value, const T& root_of_value,
                                                         const T& root_of_signal) {
  constexpr auto eps =
      PackValue<T>(4) * static_cast<PackValue<T>>(Kokkos::Experimental::epsilon_v<Real>);
  return eps * (value + root_of_value * root_of_signal + eps * root_of_signal * root_of_signal);
}

/// Gaussian priors of a fit. The precision is exactly 0 without one.
template <class T, int N>
struct ResidualPriors {
  T mean[N];
  T precision[N];  ///< 1 / sigma^2
};

/// Raise least_curvature of the parameters that stay to the diagonal of the Hessian that is left when the last K are
/// eliminated. Where those are singular it is that of all.
template <int K, class T, int N>
KOKKOS_INLINE_FUNCTION void raise_to_reduced(const T* hessian, LmBounds<T, N>& bounds) {
  constexpr int others = N - K;
  T matrix[packed(K, 0)];
  for (int k = 0; k < K; ++k) {
    for (int l = 0; l <= k; ++l) {
      const auto held = bounds.fixed[others + k] || bounds.fixed[others + l];
      matrix[packed(k, l)] =
          select(held, T(k == l ? 1 : 0), hessian[packed(others + k, others + l)]);
    }
  }
  const auto regular = ldlt_factor(matrix, K, PackValue<T>(1e-15));
  for (int p = 0; p < others; ++p) {
    T column[K];
    for (int k = 0; k < K; ++k) {
      column[k] = hessian[packed(others + k, p)];
    }
    ldlt_solve(matrix, K, column);
    T left = hessian[packed(p, p)];
    for (int k = 0; k < K; ++k) {
      left = left - hessian[packed(others + k, p)] * column[k];
    }
    left = select(regular, left, hessian[packed(p, p)]);
    bounds.least_curvature[p] = max_of(left, bounds.least_curvature[p]);
  }
}

/// The state of residual fits, one in each element of T, between two evaluations.
template <class T, class Problem>
struct ResidualState {
  static constexpr int n = Problem::n;
  LmFit<T, n> fit;
  LmBounds<T, n> bounds;
  ResidualPriors<T, n> priors;
  ResidualUnits<T, n> units;
  T scale[n];   ///< size of a parameter that is 0
  T seen[n];    ///< largest |theta_p| so far
  T square[n];  ///< its square, but at least that which the start says, or steps without effect
  T root_of_signal;  ///< sqrt of the sum of (w y)^2, to whose rounding residuals are known
  T root_of_first;   ///< sqrt of F at the start
  T used;            ///< points with weight
  T freedom;         ///< points used less free parameters, at least 1
  MaskOf<T> fresh;   ///< at the start, where no step is to be judged yet

  /// Move on from the objective at the trial point to the next one, or to the end.
  ///
  /// @param knows_errors  F is -2 ln L; else its unit is F / (points used - free parameters)
  KOKKOS_INLINE_FUNCTION void advance(LmPoint<T, n>& at_trial, const LmOptions& options,
                                      bool knows_errors) {
    at_trial.drop(n, bounds.fixed);
    MaskOf<T> again = T(0) != T(0);
    if constexpr (derivatives_of<typename Problem::ModelType>() == Derivatives::differences) {
      again = review_differences(at_trial);
    }
    // The fit cannot go on from a point without derivatives.
    const T nan(Kokkos::Experimental::quiet_NaN_v<PackValue<T>>);
    T value = select(at_trial.finite(n), at_trial.value, nan);
    if (any(units.used)) {
      const T root = units.root_of_value();
      value = select(is_finite(value / root / root), value, nan);  // F itself
    }
    LmPoint<T, n>& current = fit.current;
    const auto judged = fit.running() && !fresh && !again;
    const auto begins = fresh && !again;
    const T before = current.value;
    const auto moved = lm_judge<LmRules::residuals>(fit, n, judged, value, options) || begins;
    // A step that F does not resolve though much is promised: sizes are too small to damp with.
    const auto short_step =
        judged && moved && fit.running() && abs_of(before - value) <= fit.rounding;
    for (int p = 0; any(short_step) && p < n; ++p) {
      const auto damped = bounds.least_curvature[p] > current.hessian[packed(p, p)];
      square[p] = select(short_step && damped, T(1048576) * square[p], square[p]);
    }
    using Kokkos::sqrt;
    current.value = select(begins, value, current.value);
    const T root_of_value = sqrt(current.value);
    root_of_first = select(begins, root_of_value, root_of_first);
    for (int p = 0; p < n; ++p) {
      current.gradient[p] = select(moved, at_trial.gradient[p], current.gradient[p]);
      square[p] = max_of(square[p], fit.theta[p] * fit.theta[p]);
      if constexpr (derivatives_of<typename Problem::ModelType>() == Derivatives::differences) {
        seen[p] = max_of(seen[p], abs_of(fit.theta[p]));
      }
    }
    for (int k = 0; k < packed(n, 0); ++k) {
      current.hessian[k] = select(moved, at_trial.hessian[k], current.hessian[k]);
    }
    fresh = fresh && again;
    fit.rounding =
        rounding_of_value<typename Problem::Real>(current.value, root_of_value, root_of_signal);
    if (!knows_errors) {
      fit.unit = current.value / freedom;
    }
    const T least = least_of_value(current.value, root_of_first, root_of_value);
    for (int p = 0; p < n; ++p) {
      bounds.least_curvature[p] = least / square[p];
    }
    if constexpr (Problem::eliminated > 0) {
      raise_to_reduced<Problem::eliminated>(current.hessian, bounds);
    }
    if constexpr (derivatives_of<typename Problem::ModelType>() == Derivatives::differences) {
      propose_but(again, options);
    } else {
      lm_propose<LmRules::residuals, Problem::eliminated>(fit, n, bounds, options);
    }
  }

 private:
  /// Propose a step, but where the trial point is to be evaluated again.
  KOKKOS_INLINE_FUNCTION void propose_but(const MaskOf<T>& again, const LmOptions& options) {
    T trial[n];
    for (int p = 0; p < n; ++p) {
      trial[p] = fit.trial[p];
    }
    const auto final_trial = fit.final_trial;
    const T predicted = fit.predicted_decrease, newton = fit.newton_decrease;
    const auto status = fit.status;
    using Integer = typename LmFit<T, n>::Integer;
    fit.status =
        select(again, Integer(static_cast<int>(FitStatus::superseded)), status);  // sits out
    lm_propose<LmRules::residuals, Problem::eliminated>(fit, n, bounds, options);
    for (int p = 0; p < n; ++p) {
      fit.trial[p] = select(again, trial[p], fit.trial[p]);
    }
    fit.final_trial = (again && final_trial) || (!again && fit.final_trial);
    fit.predicted_decrease = select(again, predicted, fit.predicted_decrease);
    fit.newton_decrease = select(again, newton, fit.newton_decrease);
    fit.status = select(again, status, fit.status);
  }

  /// A column of differences at the level of the model's rounding says nothing. Its step grows towards the scale of
  /// the parameter, and the point is evaluated again; once there, the parameter has no influence.
  ///
  /// @return where the trial point is to be evaluated again
  [[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> review_differences(LmPoint<T, n>& at) {
    using Kokkos::sqrt;
    using Real = typename Problem::Real;
    const T level(PackValue<T>(32) *
                  static_cast<PackValue<T>>(Kokkos::Experimental::epsilon_v<Real>));
    const T most = level * (root_of_signal + sqrt(max_of(at.value, T(0))));
    MaskOf<T> again = T(0) != T(0);
    for (int p = 0; p < n; ++p) {
      const T step = T(static_cast<PackValue<T>>(difference_step<Real>)) *
                     select(seen[p] > T(0), seen[p], scale[p]);
      // The change of all values over 2 steps; H = 2 J^2.
      const T change = sqrt(max_of(at.hessian[packed(p, p)], T(0))) * step;
      const auto silent =
          !bounds.fixed[p] && priors.precision[p] == T(0) && at.finite(n) && !(change > most);
      const auto grows = silent && seen[p] > T(0) && seen[p] < scale[p];
      seen[p] = select(grows, min_of(T(1024) * seen[p], scale[p]), seen[p]);
      again = again || (grows && fit.running());
      const auto dropped = silent && !grows;
      at.gradient[p] = select(dropped, T(0), at.gradient[p]);
      for (int q = 0; q < n; ++q) {
        T& element = at.hessian[p < q ? packed(q, p) : packed(p, q)];
        element = select(dropped, T(0), element);
      }
    }
    return again;
  }
};

}  // namespace rvfit::detail
