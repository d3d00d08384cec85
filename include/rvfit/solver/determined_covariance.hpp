// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Covariance of the parameters that the data determine, C = 2 H^-1, where H may be singular.
///
/// H is scaled to a unit diagonal, which makes the rank independent of units, and factored with pivots. A
/// parameter that no null vector of H touches has the same variance whatever value the others are held at; the
/// rest is undetermined.

#include <rvfit/linalg/pivoted_cholesky.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit {

/// Rank of a Hessian, and which of its parameters that leaves open.
struct DeterminedParameters {
  int rank = 0;                    ///< of H over the free parameters
  std::uint64_t undetermined = 0;  ///< bit p: free, and not determined by the data
};

/// C = 2 H^-1 over parameters that are free and independent, with the rest held where it is: 0 in other rows and
/// columns. It is an inverse of H where that is singular, though the variances of single parameters are then not theirs.
///
/// @param[in]  free        (n)
/// @param[in]  hessian     (packed(n,0))  lower triangle, finite
/// @param[in]  tolerance   least pivot of the matrix with unit diagonal
/// @param[out] covariance  (packed(n,0))  lower triangle
template <int N, class T>
KOKKOS_INLINE_FUNCTION DeterminedParameters covariance_of_independent(int n, const bool* free,
                                                                      const T* hessian, T tolerance,
                                                                      T* covariance) {
  DeterminedParameters out;
  T a[packed(N, 0)];
  T unit[N];     // 1 / sqrt(H_pp)
  int order[N];  // parameter of each row of a
  int size = 0;
  for (int p = 0; p < n; ++p) {
    for (int q = 0; q <= p; ++q) {
      covariance[packed(p, q)] = T(0);
    }
    if (free[p] && hessian[packed(p, p)] > T(0)) {
      unit[size] = T(1) / Kokkos::sqrt(hessian[packed(p, p)]);
      order[size++] = p;
    } else if (free[p]) {
      out.undetermined |= std::uint64_t{1} << p;
    }
  }
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j <= i; ++j) {
      a[packed(i, j)] = hessian[packed(order[i], order[j])] * unit[i] * unit[j];
    }
  }
  int rows[N];  // of the matrix before the exchanges
  for (int i = 0; i < size; ++i) {
    rows[i] = i;
  }
  const int rank = pivoted_cholesky(a, size, rows, tolerance);
  out.rank = rank;
  // A column j that was dropped is sum_k v_k of the columns kept, L11^T v = row j of L: (v, -1) is a null vector.
  const T touched = T(16) * Kokkos::sqrt(tolerance);
  for (int j = rank; j < size; ++j) {
    T v[N];
    out.undetermined |= std::uint64_t{1} << order[rows[j]];
    for (int i = rank - 1; i >= 0; --i) {
      v[i] = a[packed(j, i)];
      for (int k = i + 1; k < rank; ++k) {
        v[i] -= a[packed(k, i)] * v[k];
      }
      v[i] /= a[packed(i, i)];
      if (!(Kokkos::fabs(v[i]) <= touched)) {
        out.undetermined |= std::uint64_t{1} << order[rows[i]];
      }
    }
  }
  for (int q = 0; q < rank; ++q) {
    T column[N] = {};
    column[q] = T(1);
    for (int i = q; i < rank; ++i) {
      for (int k = q; k < i; ++k) {
        column[i] -= a[packed(i, k)] * column[k];
      }
      column[i] /= a[packed(i, i)];
    }
    for (int i = rank - 1; i >= q; --i) {
      for (int k = i + 1; k < rank; ++k) {
        column[i] -= a[packed(k, i)] * column[k];
      }
      column[i] /= a[packed(i, i)];
      const int at_p = order[rows[i]], at_q = order[rows[q]];
      covariance[at_p > at_q ? packed(at_p, at_q) : packed(at_q, at_p)] =
          T(2) * column[i] * unit[rows[i]] * unit[rows[q]];
    }
  }
  return out;
}

/// C = 2 H^-1 over the parameters that are free and determined; NaN in other rows and columns. Arguments as above.
template <int N, class T>
KOKKOS_INLINE_FUNCTION DeterminedParameters determined_covariance(int n, const bool* free,
                                                                  const T* hessian, T tolerance,
                                                                  T* covariance) {
  const auto out = covariance_of_independent<N>(n, free, hessian, tolerance, covariance);
  for (int p = 0; p < n; ++p) {
    for (int q = 0; q <= p; ++q) {
      const auto open = out.undetermined >> p | out.undetermined >> q;
      if ((open & 1) != 0 || !free[p] || !free[q]) {
        covariance[packed(p, q)] = Kokkos::Experimental::quiet_NaN_v<T>;
      }
    }
  }
  return out;
}

}  // namespace rvfit
