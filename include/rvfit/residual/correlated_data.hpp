// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Correlated data: with the covariance V = L L^T of the points of a data set,
///
///   F = (f - y)^T V^-1 (f - y) = |L^-1 (f - y)|^2,
///
/// fits take the whitening matrix L^-1 (ResidualData::whitening), of each data set or of all.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>

#include <Kokkos_Core.hpp>

#include <cstddef>

namespace rvfit {

namespace detail {

/// L^-1 of one matrix by a team. Rows of L and columns of its inverse belong to one thread each.
template <ExecutionPolicy P>
struct Whiten {
  using Accum = typename P::accum_type;
  Cube<const Accum, P> given;
  Cube<Accum, P> factor;  ///< L, if `given` is a covariance
  Cube<Accum, P> out;
  bool is_factor;

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int b = member.league_rank(), n = static_cast<int>(given.extent(1));
    for (int j = 0; !is_factor && j < n; ++j) {
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, n - j), [&](int k) {
        const int i = j + k;
        Accum sum = given(b, i, j);
        for (int l = 0; l < j; ++l) {
          sum -= factor(b, i, l) * factor(b, j, l);
        }
        factor(b, i, j) = sum;
      });
      member.team_barrier();
      // A matrix that is not positive definite is NaN from here on.
      const Accum root = Kokkos::sqrt(factor(b, j, j));
      member.team_barrier();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, n - j), [&](int k) {
        factor(b, j + k, j) = k == 0 ? root : factor(b, j + k, j) / root;
      });
      member.team_barrier();
    }
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, n), [&](int c) {
      for (int i = 0; i < n; ++i) {
        Accum sum = i == c ? 1 : 0;
        for (int k = c; k < i; ++k) {
          sum -= l(b, i, k) * out(b, k, c);
        }
        out(b, i, c) = i < c ? Accum(0) : sum / l(b, i, i);
      }
    });
  }

 private:
  [[nodiscard]] KOKKOS_FUNCTION Accum l(int b, int i, int j) const {
    return is_factor ? given(b, i, j) : factor(b, i, j);
  }
};

template <ExecutionPolicy P>
[[nodiscard]] Cube<const typename P::accum_type, P> whitening_of(
    const char* who, const typename P::execution_space& exec,
    const Cube<const typename P::accum_type, P>& given, bool is_factor) {
  using Out = Cube<typename P::accum_type, P>;
  const auto count = given.extent(0), n = given.extent(1);
  RVFIT_REQUIRE(given.extent(2) == n && n > 0, who, ": matrices are ", n, " x ", given.extent(2),
                ", must be square");
  const Out out = allocate_raw<Out>(exec, "rvfit::whitening", count, n, n);
  const Out factor =
      allocate_raw<Out>(exec, "rvfit::whitening::factor", is_factor ? 0 : count, n, n);
  Kokkos::parallel_for("rvfit::whitening", teams<P>(exec, static_cast<int>(count)),
                       Whiten<P>{given, factor, out, is_factor});
  return out;
}

}  // namespace detail

/// L^-1 of covariances.
///
/// @param[in] covariance  (K, M, M)  lower triangles are read  [data^2]
/// @return (K, M, M)  lower triangles; NaN for a covariance that is not positive definite: its fits are `non_finite`
/// @throws InvalidArgument  matrices that are not square
template <ExecutionPolicy P>
[[nodiscard]] Cube<const typename P::accum_type, P> whitening_of_covariance(
    const typename P::execution_space& exec,
    const Cube<const typename P::accum_type, P>& covariance) {
  return detail::whitening_of<P>("whitening_of_covariance", exec, covariance, false);
}

/// L^-1 of Cholesky factors L of covariances, likewise.
template <ExecutionPolicy P>
[[nodiscard]] Cube<const typename P::accum_type, P> whitening_of_factor(
    const typename P::execution_space& exec, const Cube<const typename P::accum_type, P>& factor) {
  return detail::whitening_of<P>("whitening_of_factor", exec, factor, true);
}

}  // namespace rvfit
