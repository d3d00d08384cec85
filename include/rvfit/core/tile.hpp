// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A tile: the spectra that one pass of kernels works on, a stretch of a list of active ones.

#include <rvfit/core/views.hpp>

namespace rvfit {

/// Entries `begin` .. `begin + size` of a list of spectra. Arrays of a tile are indexed by the
/// entry t, arrays of the batch by the spectrum b = spectrum(t). The length of the list lives on
/// the device; the host launches for `size` entries and entries past the end do nothing.
template <ExecutionPolicy P>
struct Tile {
  Vector<const int, P> list;   ///< spectra, in use up to `count()`
  Scalar<const int, P> count;  ///< length of the list
  int begin = 0;
  int size = 0;

  /// Spectrum of entry t, or -1 past the end of the list.
  [[nodiscard]] KOKKOS_FUNCTION int spectrum(int t) const {
    return begin + t < count() ? list(begin + t) : -1;
  }
};

}  // namespace rvfit
