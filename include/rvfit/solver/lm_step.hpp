// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// One Levenberg-Marquardt step inside bounds, of one fit or of one in each element of T, by one thread.
///
/// With gradient g and curvature H of the objective F, the trial point theta + d lowers
///
///   m(d) = g . d + d (H + damping D) d / 2,     D = diag(H),    lower <= theta + d <= upper
///
/// by an active set: go towards the minimum of m over the free parameters up to the first bound, hold
/// the parameter that meets it there, and go on with the others; m falls all the way.
/// (Marquardt, SIAM J. 11, 431, 1963; the damping follows Nielsen, IMM-REP-1999-05.)

#include <rvfit/core/pack_math.hpp>
#include <rvfit/linalg/ldlt.hpp>
#include <rvfit/solver/lm_options.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Bounds and freedom of up to N parameters of one fit.
template <class T, int N>
struct LmBounds {
  T lower[N];
  T upper[N];
  T least_curvature[N];  ///< D_p is at least this, for parameters without curvature
  MaskOf<T> fixed[N];
};

/// Result of solving for a step.
template <class T>
struct LmStep {
  T decrease;        ///< -(g . d + d H d / 2), predicted by the undamped model
  MaskOf<T> solved;  ///< false where the damped matrix is not positive definite
};

/// Damping of the step that stands in for the undamped one of a singular H, by the rules of residuals. It is
/// relative to the diagonal of H alone: relative to more it makes the step short, and a fit look
/// converged.
template <class T>
inline constexpr T lm_singular_damping = T(sizeof(T) == 4 ? 4e-6 : 1e-8);

/// Damping of parameters that are eliminated: a few roundings.
template <class T>
inline constexpr T lm_eliminated_damping = T(sizeof(T) == 4 ? 5e-5 : 1e-13);

/// Lower the damped model within the bounds.
///
/// @tparam     Eliminated  the last of the parameters, so many, are in truth eliminated: they are damped no more than keeps
///                         the matrix regular, and D of the others is bounds.least_curvature
/// @param[in]  n        parameters, at most N
/// @param[in]  theta    (n)            current point, within the bounds
/// @param[in]  gradient (n)
/// @param[in]  hessian  (packed(n,0))  lower triangle
/// @param[out] point    (n)            trial point; a parameter on a bound is exactly there
template <int N, int Eliminated = 0, class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION LmStep<T> lm_step(int n, const T* theta, const T* gradient,
                                                       const T* hessian,
                                                       const LmBounds<T, N>& bounds,
                                                       const T& damping, T* point) {
  using Mask = MaskOf<T>;
  Mask held[N];
  T step[N];
  for (int p = 0; p < n; ++p) {
    step[p] = T(0);
    point[p] = theta[p];
    held[p] = bounds.fixed[p] || (theta[p] <= bounds.lower[p] && gradient[p] > T(0)) ||
              (theta[p] >= bounds.upper[p] && gradient[p] < T(0));
  }
  Mask solved = T(0) == T(0);
  Mask moving = solved;  // not yet at the minimum
  // Each pass puts one more parameter of a moving fit on a bound, or is its last.
  for (int pass = 0; pass <= n && any(moving); ++pass) {
    T matrix[packed(N, 0)];
    T target[N];
    for (int p = 0; p < n; ++p) {
      // A parameter held is a row and a column of the unit matrix.
      for (int q = 0; q < p; ++q) {
        matrix[packed(p, q)] = select(held[p] || held[q], T(0), hessian[packed(p, q)]);
      }
      const T curvature = hessian[packed(p, p)];
      T scale = max_of(curvature, bounds.least_curvature[p]);
      T share = damping;
      if constexpr (Eliminated > 0) {
        const bool stays = p < n - Eliminated;
        scale = stays ? bounds.least_curvature[p] : curvature;
        share = stays ? damping : min_of(damping, T(lm_eliminated_damping<PackValue<T>>));
      }
      const T damped = curvature + share * scale;
      matrix[packed(p, p)] = select(held[p], T(1), damped);
      target[p] = -gradient[p];
    }
    for (int p = 0; pass > 0 && p < n; ++p) {
      for (int q = 0; q < n; ++q) {
        const T element = hessian[p < q ? packed(q, p) : packed(p, q)];
        target[p] = target[p] - select(held[q], element * step[q], T(0));
      }
    }
    for (int p = 0; p < n; ++p) {
      target[p] = select(held[p], T(0), target[p]);
    }
    solved = solved && (!moving || ldlt_factor(matrix, n, PackValue<T>(1e-15)));
    ldlt_solve(matrix, n, target);
    // The blocking parameter is the first to meet a bound on the way to the target.
    T fraction = T(1);
    T blocking = T(-1);
    for (int p = 0; p < n; ++p) {
      const T goal = theta[p] + target[p];
      const Mask below = goal < bounds.lower[p];
      const Mask leaves = !held[p] && (below || goal > bounds.upper[p]);
      if (none(leaves)) {
        continue;
      }
      const T bound = select(below, bounds.lower[p], bounds.upper[p]);
      const T inside = (bound - theta[p] - step[p]) / (target[p] - step[p]);
      const Mask nearest = leaves && (blocking < T(0) || inside < fraction);
      fraction = select(nearest, max_of(inside, T(0)), fraction);
      blocking = select(nearest, T(p), blocking);
    }
    const Mask blocked = blocking >= T(0);
    for (int p = 0; p < n; ++p) {
      const Mask moves = moving && !held[p];
      const T goal = theta[p] + target[p];
      const Mask blocks = blocked && blocking == T(p);
      const T part = step[p] + fraction * (target[p] - step[p]);
      point[p] = select(moves, select(blocked, theta[p] + part, goal), point[p]);
      step[p] = select(moves, select(blocked, part, target[p]), step[p]);
      if (any(moves && blocks)) {
        const T bound = select(goal < bounds.lower[p], bounds.lower[p], bounds.upper[p]);
        point[p] = select(moves && blocks, bound, point[p]);
        step[p] = select(moves && blocks, bound - theta[p], step[p]);
        held[p] = held[p] || (moves && blocks);
      }
    }
    moving = moving && blocked;
  }
  T change = T(0);
  for (int p = 0; p < n; ++p) {
    T row = T(0);
    for (int q = 0; q < n; ++q) {
      row = row + hessian[p < q ? packed(q, p) : packed(p, q)] * step[q];
    }
    change = change + step[p] * (gradient[p] + T(0.5) * row);
  }
  return {-change, solved && is_finite(change)};
}

/// Damping of one fit, and the steps that it took since its objective no longer resolves them.
template <class T>
struct LmDamping {
  T value;
  T growth;            ///< factor of the next rejection
  T unresolved_steps;  ///< taken with a change of F below its rounding
  T unresolved_decrease;  ///< LmFit::newton_decrease before the last of them; infinite before the first

  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION static LmDamping start(const LmOptions& options) {
    return {T(static_cast<PackValue<T>>(options.initial_damping)), T(4), T(0),
            T(Kokkos::Experimental::infinity_v<PackValue<T>>)};
  }

  /// Lower the damping where a step is accepted with this ratio of actual to predicted decrease.
  KOKKOS_FORCEINLINE_FUNCTION void relax(const MaskOf<T>& where, const T& ratio,
                                         const LmOptions& options) {
    const T u = T(2) * min_of(ratio, T(1)) - T(1);
    const T lower = value * max_of(T(1) / T(10), T(1) - u * u * u);
    const auto least = static_cast<PackValue<T>>(options.min_damping);
    value = select(where, max_of(lower, T(least)), value);
    growth = select(where, T(4), growth);
  }
  /// Raise the damping where a step is rejected.
  KOKKOS_FORCEINLINE_FUNCTION void tighten(const MaskOf<T>& where) {
    value = select(where, value * growth, value);
    growth = select(where, growth * T(2), growth);
  }
};

}  // namespace rvfit
