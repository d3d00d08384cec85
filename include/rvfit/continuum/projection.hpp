// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The continuum eliminated from one arm by variable projection. With S_ki = w_i P_ki T_i,
/// d_i = w_i D_i and the Cholesky factor L of S S^T:
///
///   c = (S S^T)^-1 S d,   r = d - c^T S
///   neg2_log_like = ln det(S S^T) + 2 sum_i ln sigma_i + |r|^2
///
/// which is the likelihood marginalised over c with a flat prior. With y = L^-1 P, so that the rows
/// w_i T_i y_ki are orthonormal, and B_pi = w_i (c^T P)_i dT_i/dtheta_p:
///
///   gradient_p = 2 sum_i dT_i/dtheta_p [ T_i w_i^2 |y_i|^2 - w_i (c^T P)_i r_i ]         (exact)
///   hessian    = 2 [ B B^T - (B (wTy)^T) (B (wTy)^T)^T ]                      (Kaufman's form)
///
/// (Golub & Pereyra, SIAM J. Numer. Anal. 10, 413, 1973; Kaufman, BIT 15, 49, 1975.)
/// Agrees with rvspecfit's get_chisq0, pixels it masks left out.

#include <rvfit/continuum/basis.hpp>
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
/// @throws InvalidArgument  extents differ
template <ExecutionPolicy P>
void project(const typename P::execution_space& exec, const Tile<P>& tile,
             const SpectrumView<P>& data, const Cube<const typename P::real_type, P>& basis,
             const Jets<P>& jets, const Tangents& tangents, const Linearization<P>& out,
             const ProjectionOutputs<P>& extra = {}) {
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
  typename P::team_policy policy(exec, tile.size, Kokkos::AUTO);
  const int bytes = detail::ProjectionScratch<P>::size(columns, parameters) *
                        static_cast<int>(sizeof(typename P::accum_type)) +
                    64;  // for the alignment
  const int level = bytes <= P::team_policy::scratch_size_max(0) ? 0 : 1;
  policy.set_scratch_size(level, Kokkos::PerTeam(bytes));
  Kokkos::parallel_for("rvfit::project", policy,
                       detail::ProjectionKernel<P>{tile, data, basis, jets, tangents, parameters,
                                                   level, out, extra});
}

}  // namespace rvfit
