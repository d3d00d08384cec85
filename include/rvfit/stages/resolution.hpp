// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Line spread of the spectrograph: a banded matrix for each spectrum, which mixes neighbouring pixels
/// of the resampled template,
///
///   out(l, i) = sum_k R(k, j) in(l, j),   j = i + w - k,   w = (D - 1) / 2.
///
/// R (D, N) is stored as DESI stores it: column j of the matrix is column j of R, and R(k, j) its
/// element in row j + k - w, that is scipy.sparse.dia_matrix((R, offsets w .. -w)). What R holds in
/// rows outside the spectrum is never read. How to make one that acts on templates, which have a line
/// spread of their own, is in resolution_matrix.hpp and gaussian_resolution.hpp.

#include <rvfit/core/tile.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

namespace detail {

/// One team works on all lanes of one spectrum, `pixels_abreast` pixels a thread.
template <ExecutionPolicy P>
struct ApplyResolution {
  using Real = typename P::real_type;
  static constexpr int width = P::pixels_abreast;

  Tile<P> tile;
  Cube<const Real, P> resolution;
  Jets<P> in, out;

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    if (b < 0) {
      return;
    }
    const auto lanes = static_cast<int>(in.extent(1));
    const auto size = static_cast<int>(in.extent(2));
    const auto reach = static_cast<int>(resolution.extent(1)) / 2;
    const int row = resolution.extent(0) == 1 ? 0 : tile.spectrum_of(b);
    const Real* band = &resolution(row, 0, 0);
    const int blocks = (size + width - 1) / width;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, blocks), [&](int block) {
      const int begin = block * width;
      const int end = Kokkos::min(begin + width, size);
      const bool inside = begin >= reach && begin + width + reach <= size;
      for (int l = 0; l < lanes; ++l) {
        const Real* source = &in(t, l, 0);
        if (inside) {
          interior(band, source, begin, reach, size, &out(t, l, begin));
        } else {
          edge(band, source, begin, end, reach, size, &out(t, l, 0));
        }
      }
    });
  }

 private:
  KOKKOS_FUNCTION static void interior(const Real* band, const Real* source, int begin, int reach,
                                       int size, Real* result) {
    Real sum[width] = {};
    for (int k = 0; k <= 2 * reach; ++k) {
      const int first = begin + reach - k;
      const Real* diagonal = band + static_cast<std::ptrdiff_t>(k) * size + first;
      const Real* pixel = source + first;
      for (int n = 0; n < width; ++n) {
        sum[n] += diagonal[n] * pixel[n];
      }
    }
    for (int n = 0; n < width; ++n) {
      result[n] = sum[n];
    }
  }

  KOKKOS_FUNCTION static void edge(const Real* band, const Real* source, int begin, int end,
                                   int reach, int size, Real* result) {
    for (int i = begin; i < end; ++i) {
      Real sum = 0;
      const int last = Kokkos::min(2 * reach, i + reach);
      for (int k = Kokkos::max(0, i + reach - size + 1); k <= last; ++k) {
        const int j = i + reach - k;
        sum += band[static_cast<std::ptrdiff_t>(k) * size + j] * source[j];
      }
      result[i] = sum;
    }
  }
};

}  // namespace detail

/// Apply the line spread to a tile of templates on observed pixels: linear, so every lane alike.
///
/// @param[in]  exec        instance the work is enqueued on; the call does not fence
/// @param[in]  tile        T entries
/// @param[in]  resolution  (1 or B, D, N)  D odd, finite
/// @param[in]  in          (T, L, N)                                         [template flux]
/// @param[out] out         (T, L, N)       must not alias `in`               [template flux]
/// @throws InvalidArgument  extents differ
/// @note  allocates nothing; test against dense matrices: unit/stages/resolution
template <ExecutionPolicy P>
void apply_resolution(const typename P::execution_space& exec, const Tile<P>& tile,
                      const Cube<const typename P::real_type, P>& resolution, const Jets<P>& in,
                      const Jets<P>& out) {
  RVFIT_REQUIRE(resolution.extent(1) % 2 == 1 && resolution.extent(2) == in.extent(2),
                "apply_resolution: resolution has ", resolution.extent(1), " diagonals of ",
                resolution.extent(2), " pixels, wanted an odd number of ", in.extent(2));
  RVFIT_REQUIRE(in.extent(1) == out.extent(1) && in.extent(2) == out.extent(2),
                "apply_resolution: in has ", in.extent(1), " lanes of ", in.extent(2),
                " pixels, out ", out.extent(1), " of ", out.extent(2));
  RVFIT_REQUIRE(
      static_cast<int>(in.extent(0)) >= tile.size && static_cast<int>(out.extent(0)) >= tile.size,
      "apply_resolution: ", tile.size, " entries, in has ", in.extent(0), ", out ", out.extent(0));
  RVFIT_REQUIRE(in.data() != out.data(), "apply_resolution: out is in");
  Kokkos::parallel_for("rvfit::apply_resolution", teams<P>(exec, tile.size),
                       detail::ApplyResolution<P>{tile, resolution, in, out});
}

}  // namespace rvfit
