// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Cholesky factorisation of one small symmetric matrix by one thread, in place, row-major.

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Factor A = L L^T; only the lower triangle of `a` is read and written.
///
/// A column whose pivot falls to `tolerance` times its diagonal or below is linearly dependent on
/// the ones before: it is dropped, its row and column of L become zero. The functions below then
/// solve the problem without that column. A non-finite pivot drops its column as well.
///
/// @param[in,out] a  (n, n), row stride `stride`
/// @return number of columns kept; n means positive definite
template <class T>
KOKKOS_INLINE_FUNCTION int cholesky_factor(T* a, int n, int stride, T tolerance) {
  int rank = 0;
  for (int j = 0; j < n; ++j) {
    T* row_j = a + j * stride;
    const T diagonal = row_j[j];
    T pivot = diagonal;
    for (int k = 0; k < j; ++k) {
      pivot -= row_j[k] * row_j[k];
    }
    if (pivot > tolerance * diagonal && pivot > T(0) && Kokkos::isfinite(pivot)) {
      ++rank;
      const T root = Kokkos::sqrt(pivot);
      row_j[j] = root;
      for (int i = j + 1; i < n; ++i) {
        T* row_i = a + i * stride;
        T sum = row_i[j];
        for (int k = 0; k < j; ++k) {
          sum -= row_i[k] * row_j[k];
        }
        row_i[j] = sum / root;
      }
    } else {
      for (int k = 0; k < j; ++k) {
        row_j[k] = T(0);
      }
      row_j[j] = T(0);
      for (int i = j + 1; i < n; ++i) {
        a[i * stride + j] = T(0);
      }
    }
  }
  return rank;
}

/// Solve L y = x in place (forward substitution); y is 0 in dropped columns.
template <class T>
KOKKOS_INLINE_FUNCTION void cholesky_forward(const T* l, int n, int stride, T* x) {
  for (int i = 0; i < n; ++i) {
    T sum = x[i];
    for (int k = 0; k < i; ++k) {
      sum -= l[i * stride + k] * x[k];
    }
    const T diagonal = l[i * stride + i];
    x[i] = diagonal > T(0) ? sum / diagonal : T(0);
  }
}

/// Solve L^T y = x in place (backward substitution); y is 0 in dropped columns.
template <class T>
KOKKOS_INLINE_FUNCTION void cholesky_backward(const T* l, int n, int stride, T* x) {
  for (int i = n - 1; i >= 0; --i) {
    T sum = x[i];
    for (int k = i + 1; k < n; ++k) {
      sum -= l[k * stride + i] * x[k];
    }
    const T diagonal = l[i * stride + i];
    x[i] = diagonal > T(0) ? sum / diagonal : T(0);
  }
}

/// Solve L L^T y = x in place.
template <class T>
KOKKOS_INLINE_FUNCTION void cholesky_solve(const T* l, int n, int stride, T* x) {
  cholesky_forward(l, n, stride, x);
  cholesky_backward(l, n, stride, x);
}

/// ln det(L L^T) over the columns kept.
template <class T>
KOKKOS_INLINE_FUNCTION T cholesky_log_det(const T* l, int n, int stride) {
  T sum = T(0);
  for (int i = 0; i < n; ++i) {
    const T diagonal = l[i * stride + i];
    sum += diagonal > T(0) ? Kokkos::log(diagonal) : T(0);
  }
  return T(2) * sum;
}

}  // namespace rvfit
