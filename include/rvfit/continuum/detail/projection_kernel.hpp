// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The kernel of continuum/projection.hpp: pass A makes and solves the normal equations, pass B the
/// residual and, if there are tangents, gradient and curvature,
///
///   neg2_log_like = 2 sum_i ln sigma_i + ln det M + ridge sum_k (S S^T)_kk c_k^2 + |r|^2
///   gradient_p    = 2 sum_i u_i dT_i/dtheta_p
///   hessian       = 2 [ B B^T - (B Q^T) (B Q^T)^T ]
///
/// The letters are those of normal_equations.hpp and residuals.hpp beside.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/continuum/detail/residuals.hpp>
#include <rvfit/continuum/projection_outputs.hpp>
#include <rvfit/core/tile.hpp>
#include <rvfit/data/linearization.hpp>

namespace rvfit::detail {

/// gradient += 2 sum_i u_i dT_i/dtheta,  hessian += 2 [ B B^T - (B Q^T) (B Q^T)^T ], by one thread.
///
/// @param[in] total    total(place) of ResidualSums: of slopes and of B B^T
/// @param[in] overlap  (P, K)  B Q^T
template <ExecutionPolicy P, class Total>
KOKKOS_FUNCTION void add_derivatives(const Total& total, const ResidualSums& sums,
                                     const typename P::accum_type* overlap,
                                     const Tangents& tangents, int b, const Linearization<P>& out) {
  using Accum = typename P::accum_type;
  const int columns = sums.columns;
  for (int p = 0; p < tangents.count; ++p) {
    const int column = tangents.column(p);
    out.gradient(b, column) += 2 * total(sums.slope(p));
    for (int q = 0; q <= p; ++q) {
      Accum curvature = total(sums.product(p, q));
      for (int k = 0; k < columns; ++k) {
        curvature -= overlap[p * columns + k] * overlap[q * columns + k];
      }
      const int other = tangents.column(q);
      out.hessian(b, column, other) += 2 * curvature;
      if (q < p) {
        out.hessian(b, other, column) += 2 * curvature;
      }
    }
  }
}

/// One team projects one spectrum.
template <ExecutionPolicy P>
struct ProjectionKernel {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  Tile<P> tile;
  SpectrumView<P> data;
  Cube<const Real, P> basis;
  Jets<P> jets;
  Tangents tangents;
  int scratch_level;
  Linearization<P> out;
  ProjectionOutputs<P> extra;

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    const int spectrum = tile.spectrum_of(b);
    const auto columns = static_cast<int>(basis.extent(1));
    if (b < 0 || !has_enough_pixels(data.good(spectrum), columns)) {
      return;
    }
    const ProjectionInput<P> input(data, basis, spectrum, jets, t, tangents.count);
    const ProjectionScratch<P> scratch(member, scratch_level, columns, tangents.count);

    // S S^T,  S d
    sum_normal_equations<P>(member, input, scratch);
    Kokkos::single(Kokkos::PerTeam(member), [&] {
      // L L^T = M,  c = M^-1 S d
      solve_normal_equations<P>(scratch, columns);
      // neg2_log_like += 2 sum ln sigma + ln det M + ridge sum_k (S S^T)_kk c_k^2
      const auto total = [&](int place) { return scratch.total_of(place); };
      out.value(b) +=
          likelihood_without_chi2(data.log_norm(spectrum), total, columns, scratch.L, scratch.c);
      if (tangents.count > 0) {
        // rho = ridge (diag(M^-1) + c^2)
        prepare_leverage<P>(scratch, columns);
      }
    });
    member.team_barrier();

    // |r|^2,  sum_i u_i dT_i/dtheta,  B B^T,  B Q^T
    sum_residuals<P>(member, input, scratch);
    if (extra.model.data() != nullptr) {
      // (c^T P) T
      write_model<P>(member, input, scratch, &extra.model(spectrum, 0));
    }
    Kokkos::single(Kokkos::PerTeam(member), [&] {
      const ResidualSums sums{columns, tangents.count};
      const Accum chi2 = scratch.total_of(sums.chi2());
      // neg2_log_like += |r|^2
      out.value(b) += chi2;
      if (extra.chi2.data() != nullptr) {
        extra.chi2(spectrum) = chi2;
      }
      // gradient += 2 sum_i u_i dT_i/dtheta,  hessian += 2 [ B B^T - (B Q^T) (B Q^T)^T ]
      add_derivatives(b, scratch, sums);
    });
  }

 private:
  KOKKOS_FUNCTION void add_derivatives(int b, const ProjectionScratch<P>& scratch,
                                       const ResidualSums& sums) const {
    const int columns = sums.columns;
    Accum* overlap = scratch.Q;  // (P, K)  B Q^T, in rows that are no longer needed
    for (int p = 0; p < tangents.count; ++p) {
      for (int k = 0; k < columns; ++k) {
        overlap[p * columns + k] = scratch.total_of(sums.product(p, tangents.count + k));
      }
    }
    const auto total = [&](int place) { return scratch.total_of(place); };
    detail::add_derivatives<P>(total, sums, overlap, tangents, b, out);
  }
};

}  // namespace rvfit::detail
