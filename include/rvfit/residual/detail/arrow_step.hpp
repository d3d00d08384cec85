// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The local parameters of one data set in a step of its group (arrow_order.hpp), of one or of one in each element of
/// T: they are eliminated from the equations of the shared ones, and follow the step of those.

#include <rvfit/core/pack_math.hpp>
#include <rvfit/linalg/ldlt.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit::detail {

/// Objective of a data set with its parameters in arrow order.
template <class T, int N>
struct ArrowPoint : LmPoint<T, N> {
  /// Element of the border: local parameter l, shared parameter s.
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION const T& border(int shared, int l, int s) const {
    return this->hessian[packed(shared + l, s)];
  }
  /// Element of the block, k <= l.
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION const T& block(int shared, int l, int k) const {
    return this->hessian[packed(shared + l, shared + k)];
  }
};

/// The local parameters' share in the equations of the shared ones: with A = L + damping D over the local parameters
/// that are not held, and h the steps of those that are,
///
///   reduced = B^T A^-1 B,    pull = B^T h - B^T A^-1 (g + L h).
///
/// @param[in]  held     (local)
/// @param[in]  offset   (local)                h, 0 elsewhere
/// @param[in]  least    (local)                D is no less
/// @param[out] reduced  (packed(shared,0))     lower triangle
/// @param[out] pull     (shared)
/// @return where A is positive definite
template <int N, class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> eliminate_local(
    int shared, int local, const ArrowPoint<T, N>& at, const MaskOf<T>* held, const T* offset,
    const T* least, const T& damping, T* reduced, T* pull) {
  T matrix[packed(N, 0)];
  T step[N];
  for (int l = 0; l < local; ++l) {
    step[l] = at.gradient[shared + l];
    for (int k = 0; k < local; ++k) {
      const T element = k <= l ? at.block(shared, l, k) : at.block(shared, k, l);
      step[l] = step[l] + element * offset[k];
      if (k < l) {
        matrix[packed(l, k)] = select(held[l] || held[k], T(0), element);
      }
    }
    const T curvature = at.block(shared, l, l);
    const T damped = curvature + damping * max_of(curvature, least[l]);
    matrix[packed(l, l)] = select(held[l], T(1), damped);
    step[l] = select(held[l], T(0), step[l]);
  }
  const MaskOf<T> solved = ldlt_factor(matrix, local, PackValue<T>(1e-15));
  ldlt_solve(matrix, local, step);
  for (int s = 0; s < shared; ++s) {
    T column[N];
    T sum = T(0);
    for (int l = 0; l < local; ++l) {
      const T& b = at.border(shared, l, s);
      column[l] = select(held[l], T(0), b);
      sum = sum + b * select(held[l], offset[l], -step[l]);
    }
    pull[s] = sum;
    ldlt_solve(matrix, local, column);
    for (int t = 0; t <= s; ++t) {
      T product = T(0);
      for (int l = 0; l < local; ++l) {
        product = product + at.border(shared, l, t) * column[l];
      }
      reduced[packed(s, t)] = product;
    }
  }
  return solved;
}

/// The local parameters' step where the shared ones take theirs: the minimum within the bounds of
///
///   m(d) = (g + B d_shared) . d + d (L + damping D) d / 2.
///
/// @param[in]  theta   (local)
/// @param[in]  bounds  of the local parameters; its least curvature is that of the damping
/// @param[in]  moved   (shared)  step of the shared ones
/// @param[out] goal    (local)
/// @return the decrease without damping; that of the shared parameters alone is not in it
template <int N, class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION LmStep<T> follow_shared(int shared, int local, const T* theta,
                                                             const ArrowPoint<T, N>& at,
                                                             const LmBounds<T, N>& bounds,
                                                             const PackValue<T>* moved,
                                                             const T& damping, T* goal) {
  T gradient[N];
  T block[packed(N, 0)];
  for (int l = 0; l < local; ++l) {
    gradient[l] = at.gradient[shared + l];
    for (int s = 0; s < shared; ++s) {
      gradient[l] = gradient[l] + at.border(shared, l, s) * T(moved[s]);
    }
    for (int k = 0; k <= l; ++k) {
      block[packed(l, k)] = at.block(shared, l, k);
    }
  }
  return lm_step<N>(local, theta, gradient, block, bounds, damping, goal);
}

}  // namespace rvfit::detail
