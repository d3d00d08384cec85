// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Options of `prepare_spectra`. The defaults take the errors of the spectra as they are, at all wavelengths;
/// a survey's own choices lie beside its reader (io/desi/desi_preparation.hpp).

#include <rvfit/core/require.hpp>

#include <Kokkos_Core.hpp>

#include <initializer_list>
#include <limits>

namespace rvfit {

/// Wavelengths between two ends, which do not belong to the range.
struct WaveRange {
  double lower;  ///< [Angstrom]
  double upper;  ///< [Angstrom]
};

/// Ranges of wavelengths whose pixels get no weight, at most `capacity` of them. A kernel can copy it.
class MaskedRanges {
 public:
  static constexpr int capacity = 8;

  MaskedRanges() = default;

  /// @throws InvalidArgument  more than `capacity` ranges, or one that is empty
  MaskedRanges(std::initializer_list<WaveRange> ranges) {
    for (const WaveRange& range : ranges) {
      add(range);
    }
  }

  /// @throws InvalidArgument  there are `capacity` ranges already, or the range is empty
  void add(const WaveRange& range) {
    RVFIT_REQUIRE(size_ < capacity, "MaskedRanges: expected at most ", capacity, " ranges");
    RVFIT_REQUIRE(range.lower < range.upper, "MaskedRanges: the range ", range.lower, " .. ",
                  range.upper, " Angstrom is empty");
    ranges_[size_++] = range;
  }

  [[nodiscard]] KOKKOS_FUNCTION int size() const { return size_; }
  [[nodiscard]] KOKKOS_FUNCTION const WaveRange& operator[](int n) const { return ranges_[n]; }

  /// Whether a wavelength lies in one of the ranges.
  [[nodiscard]] KOKKOS_FUNCTION bool contain(double wave) const {
    bool inside = false;
    for (int n = 0; n < size_; ++n) {
      inside = inside || (wave > ranges_[n].lower && wave < ranges_[n].upper);
    }
    return inside;
  }

 private:
  WaveRange ranges_[capacity] = {};
  int size_ = 0;
};

/// Choices of a survey or a user that turn errors into weights.
struct PrepareOptions {
  MaskedRanges masked = {};       ///< pixels in these ranges get no weight
  double error_floor = 0.0;       ///< least sigma over the median sigma of the good pixels; 0: none
  double systematic_error = 0.0;  ///< added to sigma in quadrature after that  [flux]
  double relative_error = 0.0;    ///< so also this fraction of the local flux, a running median
  /// Only pixels within have weight: of a model that covers less than the spectra, what it covers
  /// (`ForwardModel::covered`).
  WaveRange used = {0.0, std::numeric_limits<double>::infinity()};
};

}  // namespace rvfit
