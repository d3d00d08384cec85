// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Pass B of a projection: the residual and, with tangents, the rows that gradient and curvature are
/// made of,
///
///   r_i = w_i (D_i - (c^T P)_i T_i)
///   y = L^-1 P,   Q_ki = w_i T_i y_ki,   B_pi = w_i (c^T P)_i dT_i/dtheta_p
///   h_i = sum_k y_ki^2 + rho_k P_ki^2,   rho_k = ridge (M^-1_kk + c_k^2)
///   u_i = T_i w_i^2 h_i - w_i (c^T P)_i r_i
///
/// and their sums |r|^2, sum_i u_i dT_i/dtheta_p, B B^T, B Q^T.
///
/// (|d|^2 - c^T S d would spare the pass where only the value is wanted, but loses the digits that stars
/// of S/N 30,000 need.)

#include <rvfit/continuum/detail/normal_equations.hpp>

namespace rvfit::detail {

/// rho, and 1 / L_kk in place of L_kk, 0 for dropped columns; by one thread, before pass B.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void prepare_leverage(const ProjectionScratch<P>& scratch,
                                                  int columns) {
  using Accum = typename P::accum_type;
  Accum* L = scratch.L;
  // The sums of pass A are no longer needed.
  weigh_ridge(L, scratch.c, columns, scratch.sums, scratch.rho);
  for (int k = 0; k < columns; ++k) {
    Accum& diagonal = L[k * columns + k];
    diagonal = diagonal > 0 ? 1 / diagonal : 0;
  }
}

/// C = c^T P of a group of pixels.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void sum_continuum(const ProjectionInput<P>& input,
                                               const PixelGroup<P>& g,
                                               const typename P::accum_type* coefficients,
                                               typename P::accum_type* C) {
  using Accum = typename P::accum_type;
  for (int n = 0; n < PixelGroup<P>::width; ++n) {
    C[n] = 0;
  }
  for (int k = 0; k < input.columns; ++k) {
    const Accum c = coefficients[k];
    input.for_each_of_column(g, k, [&](int n, Accum number) { C[n] += c * number; });
  }
}

/// y = L^-1 P in the rows of Q, and h = sum_k y_k^2 + rho_k P_k^2, of a group of pixels.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void orthonormalize(const ProjectionInput<P>& input,
                                                const PixelGroup<P>& g,
                                                const ProjectionScratch<P>& rows,
                                                typename P::accum_type* h) {
  using Accum = typename P::accum_type;
  constexpr int width = PixelGroup<P>::width;
  for (int n = 0; n < width; ++n) {
    h[n] = 0;
  }
  for (int k = 0; k < input.columns; ++k) {
    const Accum* L = rows.L + k * input.columns;
    const Accum rho = rows.rho[k];
    Accum y[width];
    input.for_each_of_column(g, k, [&](int n, Accum number) {
      y[n] = number;
      h[n] += rho * number * number;
    });
    for (int j = 0; j < k; ++j) {
      const Accum l = L[j];
      const Accum* other = rows.Q + j * rows.stride;
      for (int n = 0; n < width; ++n) {
        y[n] -= l * other[n];
      }
    }
    const Accum inverse = L[k];  // 1 / L_kk
    Accum* row = rows.Q + k * rows.stride;
    for (int n = 0; n < width; ++n) {
      y[n] *= inverse;
      row[n] = y[n];
      h[n] += y[n] * y[n];
    }
  }
}

/// u, Q and B of a group of pixels.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void fill_tangent_rows(const ProjectionInput<P>& input,
                                                   const PixelGroup<P>& g,
                                                   const ProjectionScratch<P>& rows,
                                                   const typename P::accum_type* C) {
  using Accum = typename P::accum_type;
  constexpr int width = PixelGroup<P>::width;
  // y = L^-1 P,  h = |y|^2 + rho P^2
  Accum h[width];
  orthonormalize<P>(input, g, rows, h);
  // u = T w^2 h - w C r
  Accum weighted_template[width], weighted_continuum[width];  // w T, w C
  for (int n = 0; n < width; ++n) {
    weighted_template[n] = g.w[n] * g.T[n];
    weighted_continuum[n] = g.w[n] * C[n];
    rows.u[n] = weighted_template[n] * g.w[n] * h[n] - weighted_continuum[n] * rows.r[n];
  }
  // Q = w T y
  for (int k = 0; k < input.columns; ++k) {
    Accum* Q = rows.Q + k * rows.stride;
    for (int n = 0; n < width; ++n) {
      Q[n] *= weighted_template[n];
    }
  }
  // B = w C dT/dtheta
  for (int p = 0; p < input.tangents; ++p) {
    Accum* slope = rows.slopes + p * rows.stride;
    Accum* B = rows.B + p * rows.stride;
    input.for_each_of_tangent(g, p, [&](int n, Accum number) {
      slope[n] = number;
      B[n] = weighted_continuum[n] * number;
    });
  }
}

/// The rows of pass B of a group of pixels.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void fill_residual_rows(const ProjectionInput<P>& input,
                                                    const PixelGroup<P>& g,
                                                    const ProjectionScratch<P>& rows) {
  using Accum = typename P::accum_type;
  // C = c^T P
  Accum C[PixelGroup<P>::width];
  sum_continuum<P>(input, g, rows.c, C);
  // r = w (D - C T)
  for (int n = 0; n < PixelGroup<P>::width; ++n) {
    rows.r[n] = g.w[n] * (g.D[n] - C[n] * g.T[n]);
  }
  if (input.tangents > 0) {
    // u = T w^2 h - w C r,  Q = w T y,  B = w C dT/dtheta
    fill_tangent_rows<P>(input, g, rows, C);
  }
}

/// Add a block of pixels to the sums of pass B.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void add_residual_products(const typename P::member_type& member,
                                                       const ProjectionScratch<P>& scratch,
                                                       const ResidualSums& sums) {
  constexpr int abreast = rows_abreast<P>;
  constexpr int stride = row_stride<P>;
  const int tangent_groups = (sums.tangents + abreast - 1) / abreast;
  const int groups = (sums.rows() + abreast - 1) / abreast;
  const int pairs = tangent_groups * groups;
  Kokkos::parallel_for(Kokkos::TeamThreadRange(member, pairs + tangent_groups + 1), [&](int n) {
    if (n < pairs) {
      // B B^T,  B Q^T
      const int p = n / groups * abreast;
      const int row = n % groups * abreast;
      accumulate_dots<P>(scratch.B + p * stride, Kokkos::min(int{abreast}, sums.tangents - p),
                         scratch.B + row * stride, Kokkos::min(int{abreast}, sums.rows() - row),
                         [&](int i, int j) { return scratch.sum(sums.product(p + i, row + j)); });
    } else if (n < pairs + tangent_groups) {
      // sum_i u_i dT_i/dtheta
      const int p = (n - pairs) * abreast;
      accumulate_dots<P>(scratch.slopes + p * stride, Kokkos::min(int{abreast}, sums.tangents - p),
                         scratch.u, 1, [&](int i, int) { return scratch.sum(sums.slope(p + i)); });
    } else {
      // |r|^2
      accumulate_dots<P>(scratch.r, 1, scratch.r, 1,
                         [&](int, int) { return scratch.sum(sums.chi2()); });
    }
  });
}

/// Sums of pass B.
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void sum_residuals(const typename P::member_type& member,
                                               const ProjectionInput<P>& input,
                                               const ProjectionScratch<P>& scratch) {
  const ResidualSums sums{input.columns, input.tangents};
  scratch.clear_sums(member, sums.count());
  for (int begin = 0; begin < input.pixels; begin += pixel_block) {
    // r, u, Q, B
    for_each_group<P>(member, [&](int offset) {
      fill_residual_rows<P>(input, input.group(begin + offset), scratch.from(offset));
    });
    member.team_barrier();
    // |r|^2,  sum_i u_i dT_i/dtheta,  B B^T,  B Q^T
    add_residual_products<P>(member, scratch, sums);
    member.team_barrier();
  }
}

/// model = (c^T P) T of all pixels, masked ones too; after pass B.
///
/// @param[out] model  (N)
template <ExecutionPolicy P>
KOKKOS_FORCEINLINE_FUNCTION void write_model(const typename P::member_type& member,
                                             const ProjectionInput<P>& input,
                                             const ProjectionScratch<P>& scratch,
                                             typename P::real_type* model) {
  for (int begin = 0; begin < input.pixels; begin += pixel_block) {
    for_each_group<P>(member, [&](int offset) {
      const PixelGroup<P> g = input.group(begin + offset);
      typename P::accum_type* C = scratch.r + offset;  // r is no longer needed
      sum_continuum<P>(input, g, scratch.c, C);
      for (int n = 0; n < g.count; ++n) {
        model[g.begin + n] = static_cast<typename P::real_type>(C[n] * g.T[n]);
      }
    });
  }
}

}  // namespace rvfit::detail
