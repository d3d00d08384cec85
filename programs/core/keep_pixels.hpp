// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Leaves out the pixels that the user does not want.

#include "spectra_settings.hpp"
#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace rvfit_programs {

namespace detail {

/// Columns first .. last - 1 of a matrix of rows of `width`.
template <class T>
void crop(std::vector<T>& matrix, std::size_t width, std::size_t first, std::size_t last) {
  const std::size_t rows = matrix.size() / width;
  for (std::size_t row = 0; row < rows; ++row) {
    std::copy(matrix.begin() + static_cast<std::ptrdiff_t>(row * width + first),
              matrix.begin() + static_cast<std::ptrdiff_t>(row * width + last),
              matrix.begin() + static_cast<std::ptrdiff_t>(row * (last - first)));
  }
  matrix.resize(rows * (last - first));
}

}  // namespace detail

/// Pixels of an arm outside its ranges, and those in telluric windows, become bad; ends that no row of
/// wavelengths has within the ranges are cut off.
/// @return  what is wrong with the ranges, or nothing
[[nodiscard]] inline std::string keep_pixels(const SpectraSettings& settings,
                                             rvfit::io::SpectraArm& arm) {
  std::vector<KeptRange> ranges;
  for (const KeptRange& range : settings.kept) {
    if (range.arm.empty() || is_named(range.arm, arm.label, arm.name)) {
      ranges.push_back(range);
    }
  }
  if (ranges.empty() && settings.tellurics.empty()) {
    return {};
  }
  const auto in = [](const auto& list, double wave) {
    return std::any_of(list.begin(), list.end(), [wave](const auto& each) {
      return wave >= each.lower && wave <= each.upper;
    });
  };
  const std::size_t width = arm.pixels();
  std::size_t first = width, last = 0;
  for (std::size_t n = 0; n < arm.wave.size(); ++n) {
    if (ranges.empty() || in(ranges, arm.wave[n])) {
      first = std::min(first, n % width);
      last = std::max(last, n % width + 1);
    }
  }
  if (last < first + 2) {
    return "--wave-range: no pixels are left, the spectrum reaches from " +
           std::to_string(arm.wave.front()) + " to " + std::to_string(arm.wave.back()) +
           " Angstrom";
  }
  for (std::size_t n = 0; n < arm.mask.size(); ++n) {
    const double wave = arm.wave[arm.wave_rows == 1 ? n % width : n];
    if ((!ranges.empty() && !in(ranges, wave)) || in(settings.tellurics, wave)) {
      arm.mask[n] = 1;
    }
  }
  for (auto* matrix : {&arm.flux, &arm.ivar, &arm.resolution, &arm.line_spread}) {
    detail::crop(*matrix, width, first, last);
  }
  detail::crop(arm.mask, width, first, last);
  detail::crop(arm.wave, width, first, last);
  return {};
}

}  // namespace rvfit_programs
