// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The continuum alone fitted to one arm by linear least squares: in the letters of
/// continuum/projection.hpp, with a template T = 1,
///
///   C = c^T P,   c = argmin |r|^2 + ridge sum_k (S S^T)_kk c_k^2,   r_i = w_i (D_i - C_i)

#include <rvfit/continuum/basis.hpp>
#include <rvfit/continuum/detail/node_projection.hpp>
#include <rvfit/continuum/detail/residuals.hpp>
#include <rvfit/continuum/projection_outputs.hpp>
#include <rvfit/core/tile.hpp>

namespace rvfit {

namespace detail {

/// One team fits one spectrum.
template <ExecutionPolicy P>
struct ContinuumKernel {
  Tile<P> tile;
  SpectrumView<P> data;
  Cube<const typename P::real_type, P> basis;
  int scratch_level;
  ProjectionOutputs<P> out;

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int b = tile.fit(member.league_rank());
    const int spectrum = tile.spectrum_of(b);
    const auto columns = static_cast<int>(basis.extent(1));
    if (b < 0 || !has_enough_pixels(data.good(spectrum), columns)) {
      return;
    }
    const ProjectionInput<P> input(data, basis, spectrum);
    const ProjectionScratch<P> scratch(member, scratch_level, columns, 0);

    // S S^T,  S d
    sum_normal_equations<P>(member, input, scratch);
    // c = M^-1 S d
    Kokkos::single(Kokkos::PerTeam(member), [&] { solve_normal_equations<P>(scratch, columns); });
    member.team_barrier();
    // |r|^2
    sum_residuals<P>(member, input, scratch);
    if (out.model.data() != nullptr) {
      // C = c^T P
      write_model<P>(member, input, scratch, &out.model(spectrum, 0));
    }
    Kokkos::single(Kokkos::PerTeam(member), [&] {
      if (out.chi2.data() != nullptr) {
        out.chi2(spectrum) = scratch.total_of(ResidualSums{columns, 0}.chi2());
      }
    });
  }
};

/// The same with columns on nodes, one thread a spectrum: a projection of a flat template. Spectra without nodes
/// go by sums over pixels.
template <ExecutionPolicy P>
struct NodeContinuum {
  ContinuumKernel<P> by_pixels;
  NodeProjection<P> projection;

  NodeContinuum(const ContinuumKernel<P>& kernel, const ContinuumNodes<P>& nodes, int level)
      : by_pixels(kernel),
        projection({kernel.tile, kernel.data, kernel.basis, nodes.flat, 0, level, {}, kernel.out},
                   nodes, level) {
    by_pixels.scratch_level = level;
  }

  void operator()(const typename P::member_type& member) const {
    const Tile<P>& tile = by_pixels.tile;
    const int b = tile.fit(member.league_rank());
    const int row = tile.spectrum_of(b);
    if (b < 0 || !has_enough_pixels(projection.data.good(row), projection.columns)) {
      return;
    }
    if (projection.nodes.length_of(row) > 0) {
      const auto s =
          node_spectrum(projection.data, projection.nodes.flat, projection.nodes, row, 0);
      const NodeScratch<P> scratch(member, by_pixels.scratch_level, s.pixels, projection.columns,
                                   0);
      if (projection.solve_columns(s, scratch)) {
        projection.fill_nodes(s, scratch);
        const auto chi2 = projection.sum_pixels(s, scratch, row);
        if (by_pixels.out.chi2.data() != nullptr) {
          by_pixels.out.chi2(row) = chi2;
        }
        return;
      }
    }
    by_pixels(member);
  }
};

}  // namespace detail

/// Fit the continuum to one arm of the spectra of a tile.
///
/// @param[in]  exec   instance the work is enqueued on; the call does not fence
/// @param[in]  tile   T entries
/// @param[in]  data   B spectra of N pixels
/// @param[in]  basis  (1 or B, K, N)  of `continuum_basis`
/// @param[out] out    chi2 |r|^2 and model C; spectra with K good pixels or fewer are left alone
/// @param[in]  nodes  optional, of the same basis: fewer sums over pixels, on hosts
/// @throws InvalidArgument  extents differ
template <ExecutionPolicy P>
void fit_continuum(const typename P::execution_space& exec, const Tile<P>& tile,
                   const SpectrumView<P>& data, const Cube<const typename P::real_type, P>& basis,
                   const ProjectionOutputs<P>& out, const ContinuumNodes<P>& nodes = {}) {
  using Scratch = detail::ProjectionScratch<P>;
  RVFIT_REQUIRE(static_cast<int>(basis.extent(2)) == data.pixels(), "fit_continuum: data has ",
                data.pixels(), " pixels, basis has ", basis.extent(2));
  const auto columns = static_cast<int>(basis.extent(1));
  const detail::ContinuumKernel<P> kernel{tile, data, basis, Scratch::level(columns, 0), out};
  if constexpr (P::on_host) {
    if (nodes.length.extent(0) > 0) {
      const detail::NodeTeams<P> teams(exec, tile.size, data.pixels(), columns, 0);
      Kokkos::parallel_for("rvfit::fit_continuum", teams.policy,
                           detail::NodeContinuum<P>(kernel, nodes, teams.level));
      return;
    }
  }
  Kokkos::parallel_for("rvfit::fit_continuum", Scratch::make_policy(exec, tile.size, columns, 0),
                       kernel);
}

}  // namespace rvfit
