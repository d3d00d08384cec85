// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Inputs of a projection: one spectrum of an arm and its template, read a few pixels at a time.

#include <rvfit/data/spectrum_batch.hpp>

#include <cstddef>

namespace rvfit::detail {

/// Neighbouring pixels that one thread handles abreast; beyond the last pixel of a spectrum w and D
/// are zero.
template <ExecutionPolicy P>
struct PixelGroup {
  using Accum = typename P::accum_type;
  static constexpr int width = P::pixels_abreast;
  int begin;  ///< first pixel
  int count;  ///< pixels within the spectrum
  Accum w[width], D[width], T[width];
};

/// One spectrum in the letters of continuum/projection.hpp.
template <ExecutionPolicy P>
struct ProjectionInput {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  using Group = PixelGroup<P>;
  int pixels;                  ///< N
  int columns;                 ///< K
  int tangents = 0;            ///< P
  const Real* w;               ///< (N)
  const Real* D;               ///< (N)
  const Real* basis;           ///< (K, N)         P_ki
  std::size_t basis_stride;    ///< from a column to the next
  const Real* jets = nullptr;  ///< (1 + P, >= N)  T_i and dT_i/dtheta_p; null: T = 1
  std::size_t jets_stride = 0;

  /// A row of the data, without a template.
  KOKKOS_FUNCTION ProjectionInput(const SpectrumView<P>& data,
                                  const Cube<const Real, P>& columns_of, int spectrum)
      : pixels(data.pixels()),
        columns(static_cast<int>(columns_of.extent(1))),
        w(&data.weight(spectrum, 0)),
        D(&data.flux(spectrum, 0)),
        basis(&columns_of(columns_of.extent(0) == 1 ? 0 : spectrum, 0, 0)),
        basis_stride(columns_of.stride(1)) {}

  /// The same with the jets of entry t.
  KOKKOS_FUNCTION ProjectionInput(const SpectrumView<P>& data,
                                  const Cube<const Real, P>& columns_of, int spectrum,
                                  const Jets<P>& jets_of, int t, int tangent_count)
      : ProjectionInput(data, columns_of, spectrum) {
    tangents = tangent_count;
    jets = &jets_of(t, 0, 0);
    jets_stride = jets_of.stride(1);
  }

  /// Call f(n, number) for the `count` numbers of a group, and with zeros up to its width.
  template <class F>
  KOKKOS_FORCEINLINE_FUNCTION static void for_each(const Real* from, int count, const F& f) {
    Real part[Group::width] = {};
    if (count < Group::width) {
      for (int n = 0; n < count; ++n) {
        part[n] = from[n];
      }
      from = part;
    }
    for (int n = 0; n < Group::width; ++n) {
      f(n, Accum(from[n]));
    }
  }

  /// w, D and T of the pixels from `begin` on.
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Group group(int begin) const {
    Group g;
    g.begin = Kokkos::min(begin, pixels - 1);
    g.count = Kokkos::max(Kokkos::min(int{Group::width}, pixels - begin), 0);
    for_each(w + g.begin, g.count, [&](int n, Accum number) { g.w[n] = number; });
    for_each(D + g.begin, g.count, [&](int n, Accum number) { g.D[n] = number; });
    if (jets == nullptr) {
      for (Accum& value : g.T) {
        value = 1;
      }
    } else {
      for_each(jets + g.begin, g.count, [&](int n, Accum number) { g.T[n] = number; });
    }
    return g;
  }

  /// Call f(n, P_ki) for the pixels of a group.
  template <class F>
  KOKKOS_FORCEINLINE_FUNCTION void for_each_of_column(const Group& g, int k, const F& f) const {
    for_each(basis + static_cast<std::size_t>(k) * basis_stride + g.begin, g.count, f);
  }

  /// Call f(n, dT_i/dtheta_p) for the pixels of a group.
  template <class F>
  KOKKOS_FORCEINLINE_FUNCTION void for_each_of_tangent(const Group& g, int p, const F& f) const {
    for_each(jets + static_cast<std::size_t>(1 + p) * jets_stride + g.begin, g.count, f);
  }
};

}  // namespace rvfit::detail
