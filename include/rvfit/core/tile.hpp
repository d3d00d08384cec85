// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A tile: the fits that one pass of kernels works on, a stretch of a list of active ones.

#include <rvfit/core/views.hpp>

namespace rvfit {

/// Entries `begin` .. `begin + size` of a list of fits. Arrays of a tile are indexed by the entry t,
/// those of parameters and results by the fit b = fit(t), those of observations by spectrum_of(b): a
/// spectrum may be fitted from several starts at once. The length of the list lives on the device;
/// the host launches for `size` entries and entries past the end do nothing.
template <ExecutionPolicy P>
struct Tile {
  Vector<const int, P> list;   ///< fits, in use up to `count()`
  Scalar<const int, P> count;  ///< length of the list
  int begin = 0;
  int size = 0;
  int spectra = 0;  ///< fits b, b + spectra, b + 2 spectra .. share a spectrum; 0: each has its own

  /// Fit of entry t, or -1 past the end of the list.
  [[nodiscard]] KOKKOS_FUNCTION int fit(int t) const {
    return begin + t < count() ? list(begin + t) : -1;
  }

  /// Row of the observations that fit b is made to.
  [[nodiscard]] KOKKOS_FUNCTION int spectrum_of(int b) const {
    return spectra > 0 ? b % spectra : b;
  }
};

}  // namespace rvfit
