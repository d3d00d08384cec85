// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A = L D L^T of one small symmetric matrix, or of one in each element of T, by one thread and in place.
/// The lower triangle is packed by rows. L has a unit diagonal, whose place holds 1 / D.

#include <rvfit/core/pack.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Place of element (i, j), j <= i, in a packed lower triangle. A triangle of n rows has packed(n, 0) elements.
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION constexpr int packed(int i, int j) {
  return i * (i + 1) / 2 + j;
}

/// Factor A = L D L^T.
///
/// @param[in,out] a          packed(n, 0) numbers
/// @param[in]     tolerance  least pivot, as a part of its diagonal
/// @return true where A is positive definite; elsewhere the factor is of no use
template <class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION MaskOf<T> ldlt_factor(T* a, int n, PackValue<T> tolerance) {
  MaskOf<T> positive = T(0) == T(0);
  for (int j = 0; j < n; ++j) {
    T* row_j = a + packed(j, 0);
    // Row j holds L D before this loop and L after it.
    T pivot = row_j[j];
    const T least = tolerance * pivot;
    for (int k = 0; k < j; ++k) {
      const T scaled = row_j[k];
      row_j[k] = scaled * a[packed(k, k)];
      pivot = pivot - scaled * row_j[k];
    }
    positive = positive && pivot > least && pivot > T(0) && is_finite(pivot);
    row_j[j] = T(1) / pivot;
    for (int i = j + 1; i < n; ++i) {
      T* row_i = a + packed(i, 0);
      T sum = row_i[j];
      for (int k = 0; k < j; ++k) {
        sum = sum - row_i[k] * row_j[k];
      }
      row_i[j] = sum;
    }
  }
  return positive;
}

/// Solve L D L^T y = x in place.
template <class T>
KOKKOS_INLINE_FUNCTION void ldlt_solve(const T* a, int n, T* x) {
  for (int i = 1; i < n; ++i) {
    for (int k = 0; k < i; ++k) {
      x[i] = x[i] - a[packed(i, k)] * x[k];
    }
  }
  for (int i = n - 1; i >= 0; --i) {
    x[i] = x[i] * a[packed(i, i)];
    for (int k = i + 1; k < n; ++k) {
      x[i] = x[i] - a[packed(k, i)] * x[k];
    }
  }
}

}  // namespace rvfit
