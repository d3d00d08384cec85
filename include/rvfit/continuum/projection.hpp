// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The continuum eliminated from one arm by variable projection. With columns P_ki, template T_i, data D_i
/// and weights w_i,
///
///   S_ki = w_i P_ki T_i,   d_i = w_i D_i,   M = S S^T + ridge diag(S S^T) = L L^T
///   c = M^-1 S d,          r = d - c^T S
///   neg2_log_like = 2 sum_i ln sigma_i + ln det M + |r|^2 + ridge sum_k (S S^T)_kk c_k^2
///
/// which is the likelihood marginalised over c with a flat prior, but for the ridge of 4096 eps
/// (docs/decisions/0003-masked-pixels-have-no-weight.md). With
///
///   y = L^-1 P,   Q_ki = w_i T_i y_ki, whose rows are orthonormal,   B_pi = w_i (c^T P)_i dT_i/dtheta_p
///   h_i = sum_k y_ki^2 + rho_k P_ki^2,   rho_k = ridge (M^-1_kk + c_k^2)
///   u_i = T_i w_i^2 h_i - w_i (c^T P)_i r_i
///
/// the derivatives are
///
///   gradient_p = 2 sum_i u_i dT_i/dtheta_p                  (exact)
///   hessian    = 2 [ B B^T - (B Q^T) (B Q^T)^T ]            (Kaufman's form)
///
/// (Golub & Pereyra, SIAM J. Numer. Anal. 10, 413, 1973; Kaufman, BIT 15, 49, 1975.)
/// Agrees with rvspecfit's get_chisq0, pixels it masks left out.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/continuum/continuum_nodes.hpp>
#include <rvfit/continuum/detail/node_projection.hpp>
#include <rvfit/continuum/detail/projection_kernel.hpp>
#include <rvfit/continuum/projection_outputs.hpp>

#include <string>

namespace rvfit {

/// Add one arm of a tile to the objective.
///
/// @param[in]     exec        instance the work is enqueued on; the call does not fence
/// @param[in]     tile        T entries
/// @param[in]     data        B spectra of N pixels
/// @param[in]     basis       (1 or B, K, N)       of `continuum_basis`
/// @param[in]     jets        (T, >= 1 + tangents, >= N)  templates   [any flux unit]
/// @param[in]     tangents    in use, 0 to add to the value only
/// @param[in,out] out         of B spectra; spectra with K good pixels or fewer are left alone
/// @param[in]     extra       optional further outputs
/// @param[in]     nodes       optional, of the same basis: fewer sums over pixels, on hosts
/// @throws InvalidArgument  extents differ
template <ExecutionPolicy P>
void project(const typename P::execution_space& exec, const Tile<P>& tile,
             const SpectrumView<P>& data, const Cube<const typename P::real_type, P>& basis,
             const Jets<P>& jets, const Tangents& tangents, const Linearization<P>& out,
             const ProjectionOutputs<P>& extra = {}, const ContinuumNodes<P>& nodes = {}) {
  const auto columns = static_cast<int>(basis.extent(1));
  const int parameters = tangents.count;
  RVFIT_REQUIRE(static_cast<int>(basis.extent(2)) == data.pixels(), "project: data has ",
                data.pixels(), " pixels, basis has ", basis.extent(2));
  RVFIT_REQUIRE(static_cast<int>(jets.extent(2)) >= data.pixels() &&
                    static_cast<int>(jets.extent(1)) >= 1 + parameters &&
                    static_cast<int>(jets.extent(0)) >= tile.size,
                "project: jets are ", jets.extent(0), " x ", jets.extent(1), " x ", jets.extent(2),
                ", wanted at least ", tile.size, " x ", 1 + parameters, " x ", data.pixels());
  RVFIT_REQUIRE(tangents.last < static_cast<int>(out.gradient.extent(1)) &&
                    parameters <= static_cast<int>(out.gradient.extent(1)),
                "project: ", parameters, " tangents, the last of parameter ", tangents.last,
                ", the gradient has ", out.gradient.extent(1), " columns");
  using Scratch = detail::ProjectionScratch<P>;
  const detail::ProjectionKernel<P> kernel{
      tile, data, basis, jets, tangents, Scratch::level(columns, parameters), out, extra};
  if constexpr (P::on_host) {
    if (nodes.length.extent(0) > 0) {
      detail::project_on_nodes<P>(exec, kernel, nodes);
      return;
    }
  }
  Kokkos::parallel_for("rvfit::project", Scratch::make_policy(exec, tile.size, columns, parameters),
                       kernel);
}

}  // namespace rvfit
