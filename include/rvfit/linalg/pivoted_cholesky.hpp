// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A = P L L^T P^T of one small positive semidefinite matrix by one thread and in place, with the largest pivot
/// first, so that a column that depends on others comes after them (Higham, Accuracy and Stability of
/// Numerical Algorithms, 2002, section 10.3). The lower triangle is packed by rows.

#include <rvfit/linalg/ldlt.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Factor A; rows and columns are exchanged as `order` says.
///
/// @param[in,out] a          packed(n, 0) numbers; the first `rank` columns become those of L
/// @param[in,out] order      (n)  exchanged with the rows
/// @param[in]     tolerance  pivots up to this, or not finite, end the factorisation
/// @return rank
template <class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION int pivoted_cholesky(T* a, int n, int* order, T tolerance) {
  const auto exchange = [](auto& x, auto& y) {
    const auto old = x;
    x = y;
    y = old;
  };
  for (int k = 0; k < n; ++k) {
    int best = k;
    for (int i = k + 1; i < n; ++i) {
      best = a[packed(i, i)] > a[packed(best, best)] ? i : best;
    }
    if (!(a[packed(best, best)] > tolerance) || !Kokkos::isfinite(a[packed(best, best)])) {
      return k;
    }
    if (best != k) {
      exchange(order[k], order[best]);
      exchange(a[packed(k, k)], a[packed(best, best)]);
      for (int j = 0; j < k; ++j) {
        exchange(a[packed(k, j)], a[packed(best, j)]);
      }
      for (int i = k + 1; i < best; ++i) {
        exchange(a[packed(i, k)], a[packed(best, i)]);
      }
      for (int i = best + 1; i < n; ++i) {
        exchange(a[packed(i, k)], a[packed(i, best)]);
      }
    }
    const T root = Kokkos::sqrt(a[packed(k, k)]);
    a[packed(k, k)] = root;
    for (int i = k + 1; i < n; ++i) {
      a[packed(i, k)] /= root;
      for (int j = k + 1; j <= i; ++j) {
        a[packed(i, j)] -= a[packed(i, k)] * a[packed(j, k)];
      }
    }
  }
  return n;
}

}  // namespace rvfit
