// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Pass A of a projection: the normal equations of the continuum, and their solution,
///
///   S_ki = w_i P_ki T_i,   d_i = w_i D_i,   M = S S^T + ridge diag(S S^T) = L L^T,   c = M^-1 S d

#include <rvfit/continuum/detail/projection_input.hpp>
#include <rvfit/continuum/detail/projection_scratch.hpp>
#include <rvfit/linalg/cholesky.hpp>

namespace rvfit::detail {

/// The ridge keeps ln det M a smooth function of theta where the good pixels do not support all
/// columns (docs/decisions/0003-masked-pixels-have-no-weight.md).
template <class Accum>
inline constexpr Accum continuum_ridge = Accum(4096) * Kokkos::Experimental::epsilon_v<Accum>;

/// A column whose pivot has lost all but this part of its diagonal is dropped.
template <class Accum>
inline constexpr Accum dependent_column = Accum(64) * Kokkos::Experimental::epsilon_v<Accum>;

/// S and d of a group of pixels, whose rows in scratch are `rows`.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void weigh_columns(const ProjectionInput<P>& input,
                                               const PixelGroup<P>& g,
                                               const ProjectionScratch<P>& rows) {
  using Accum = typename P::accum_type;
  Accum scale[PixelGroup<P>::width];  // w T
  for (int n = 0; n < PixelGroup<P>::width; ++n) {
    scale[n] = g.w[n] * g.T[n];
    rows.d[n] = g.w[n] * g.D[n];
  }
  for (int k = 0; k < input.columns; ++k) {
    Accum* S = rows.S + k * rows.stride;
    input.for_each_of_column(g, k, [&](int n, Accum number) { S[n] = scale[n] * number; });
  }
}

/// Add a block of pixels to S S^T and S d.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void add_normal_products(const typename P::member_type& member,
                                                     const ProjectionScratch<P>& scratch,
                                                     int columns) {
  constexpr int abreast = rows_abreast<P>;
  constexpr int stride = row_stride<P>;
  const int rows = columns + 1;
  const int groups = (rows + abreast - 1) / abreast;
  Kokkos::parallel_for(Kokkos::TeamThreadRange(member, groups * groups), [&](int n) {
    const int first = n / groups * abreast;
    const int second = n % groups * abreast;
    if (second <= first) {
      accumulate_dots<P>(scratch.S + first * stride, Kokkos::min(int{abreast}, rows - first),
                         scratch.S + second * stride, Kokkos::min(int{abreast}, rows - second),
                         [&](int i, int j) {
                           return second + j <= Kokkos::min(first + i, columns - 1)
                                      ? scratch.sum(NormalSums::product(first + i, second + j))
                                      : nullptr;
                         });
    }
  });
}

/// Sums of pass A.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void sum_normal_equations(const typename P::member_type& member,
                                                      const ProjectionInput<P>& input,
                                                      const ProjectionScratch<P>& scratch) {
  scratch.clear_sums(member, NormalSums{input.columns}.count());
  for (int begin = 0; begin < input.pixels; begin += pixel_block) {
    // S = w P T,  d = w D
    for_each_group<P>(member, [&](int offset) {
      weigh_columns<P>(input, input.group(begin + offset), scratch.from(offset));
    });
    member.team_barrier();
    // S S^T,  S d
    add_normal_products<P>(member, scratch, input.columns);
    member.team_barrier();
  }
}

/// L and c from the sums of pass A, by one thread.
///
/// @param[in]  total  total(place) of NormalSums
/// @param[out] L      (K, K)  lower triangle
/// @param[out] c      (K)
template <class Accum, class Total>
KOKKOS_FORCEINLINE_FUNCTION void solve_normal_equations(const Total& total, int columns, Accum* L,
                                                        Accum* c) {
  // L = M,  c = S d
  for (int k = 0; k < columns; ++k) {
    for (int j = 0; j <= k; ++j) {
      L[k * columns + j] = total(NormalSums::product(k, j));
    }
    L[k * columns + k] += continuum_ridge<Accum> * total(NormalSums::product(k, k));
    c[k] = total(NormalSums::product(columns, k));
  }
  // L L^T = M
  cholesky_factor(L, columns, columns, dependent_column<Accum>);
  // c = M^-1 S d
  cholesky_solve(L, columns, columns, c);
}

/// The same from and to the scratch of a team.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void solve_normal_equations(const ProjectionScratch<P>& scratch,
                                                        int columns) {
  const auto total = [&](int place) { return scratch.total_of(place); };
  solve_normal_equations(total, columns, scratch.L, scratch.c);
}

/// 2 sum_i ln sigma_i + ln det M + ridge sum_k (S S^T)_kk c_k^2, by one thread.
///
/// @param[in] log_norm  2 sum_i ln sigma_i
/// @param[in] total     as above
template <class Accum, class Total>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Accum likelihood_without_chi2(Accum log_norm,
                                                                        const Total& total,
                                                                        int columns, const Accum* L,
                                                                        const Accum* c) {
  Accum value = log_norm + cholesky_log_det(L, columns, columns);
  for (int k = 0; k < columns; ++k) {
    value += continuum_ridge<Accum> * total(NormalSums::product(k, k)) * c[k] * c[k];
  }
  return value;
}

/// rho_k = ridge (M^-1_kk + c_k^2), by one thread.
///
/// @param      unit  (K)  scratch
/// @param[out] rho   (K)
template <class Accum>
KOKKOS_FORCEINLINE_FUNCTION void weigh_ridge(const Accum* L, const Accum* c, int columns,
                                             Accum* unit, Accum* rho) {
  for (int k = 0; k < columns; ++k) {
    // M^-1_kk = |L^-1 e_k|^2
    Accum inverse = 0;
    for (int j = 0; j < columns; ++j) {
      unit[j] = j == k ? 1 : 0;
    }
    cholesky_forward(L, columns, columns, unit);
    for (int j = k; j < columns; ++j) {
      inverse += unit[j] * unit[j];
    }
    rho[k] = continuum_ridge<Accum> * (inverse + c[k] * c[k]);
  }
}

}  // namespace rvfit::detail
