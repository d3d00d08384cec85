// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Variable projection of a model f = sum_k c_k phi_k(alpha; i): at every trial point the coefficients are those of the
/// least-squares fit with alpha held,
///
///   (Phi^T Phi) c = Phi^T y,    Phi and y weighted,
///
/// so that the fit moves in alpha alone (Golub and Pereyra, SIAM J. Numer. Anal. 10, 413, 1973). The step is that of all
/// parameters together without damping of c: with J_alpha = (dPhi/dalpha) c eliminating c leaves
///
///   H = 2 (J_alpha^T J_alpha - J_alpha^T Phi (Phi^T Phi)^-1 Phi^T J_alpha),
///
/// which is Kaufman's form (BIT 15, 49, 1975), and priors, bounds and fixed coefficients need no rules of their own.

#include <rvfit/residual/detail/residual_problem.hpp>
#include <rvfit/residual/detail/residual_state.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit::detail {

/// Set the coefficients of the trial point, of one fit or of one in each element of T.
///
/// @param[in] point  point(i, y, w) sets datum and 1 / sigma of point i in the fit's units
template <class R, class T, class Problem, class Fit, class Point>
KOKKOS_INLINE_FUNCTION void eliminate_coefficients(const Problem& problem,
                                                   ResidualState<T, Problem>& state, const Fit& set,
                                                   const Point& point) {
  constexpr int n = Problem::n, linear = Problem::eliminated, others = n - linear;
  R alpha[others];
  for (int p = 0; p < others; ++p) {
    alpha[p] = pack_cast<R>(state.fit.trial[p] * state.units.parameter[p]);
  }
  T gradient[linear], hessian[packed(linear, 0)], c[linear], unit[linear];
  LmBounds<T, linear> bounds;
  for (int k = 0; k < linear; ++k) {
    const int p = others + k;
    c[k] = state.fit.trial[p];
    unit[k] = state.units.data * state.units.parameter[p];
    bounds.lower[k] = state.bounds.lower[p];
    bounds.upper[k] = state.bounds.upper[p];
    bounds.fixed[k] = state.bounds.fixed[p];
    bounds.least_curvature[k] = T(0);
    // Sums without the 2 of F's derivatives.
    gradient[k] = state.priors.precision[p] * (c[k] - state.priors.mean[p]);
    for (int l = 0; l < k; ++l) {
      hessian[packed(k, l)] = T(0);
    }
    hessian[packed(k, k)] = state.priors.precision[p];
  }
  for (int i = 0; i < problem.data.points; ++i) {
    T y, w;
    point(i, y, w);
    R phi[linear];
    model_basis(problem.model, alpha, set, i, phi);
    const auto used = w != T(0);
    T column[linear];
    T residual = -y;
    for (int k = 0; k < linear; ++k) {
      column[k] = select(used, pack_cast<T>(phi[k]) * unit[k], T(0));
      residual = residual + c[k] * column[k];
    }
    residual = select(used, w * residual, T(0));
    for (int k = 0; k < linear; ++k) {
      column[k] = w * column[k];
      gradient[k] = gradient[k] + column[k] * residual;
      for (int l = 0; l <= k; ++l) {
        hessian[packed(k, l)] = hessian[packed(k, l)] + column[k] * column[l];
      }
    }
  }
  T best[linear];
  const LmStep<T> step = lm_step<linear>(linear, c, gradient, hessian, bounds, T(0), best);
  for (int k = 0; k < linear; ++k) {
    state.fit.trial[others + k] = select(step.solved, best[k], c[k]);
  }
}

}  // namespace rvfit::detail
