// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Signal-to-noise ratios of spectra, for files that do not say.

#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace rvfit::io {

namespace detail {

/// Median as numpy takes it; NaN of nothing. Reorders `values`.
[[nodiscard]] inline float median(std::vector<float>& values) {
  if (values.empty()) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  const float upper = *middle;
  return values.size() % 2 == 1 ? upper : (upper + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace detail

/// Median of flux sqrt(ivar) over the good pixels of each spectrum.
[[nodiscard]] inline std::vector<float> measured_snr(const SpectraArm& arm) {
  const std::size_t pixels = arm.pixels();
  std::vector<float> snr;
  std::vector<float> good;
  for (std::size_t first = 0; first < arm.flux.size(); first += pixels) {
    good.clear();
    for (std::size_t i = first; i < first + pixels; ++i) {
      const float value = arm.flux[i] * std::sqrt(arm.ivar[i]);
      if (arm.ivar[i] > 0 && arm.mask[i] <= 0 && std::isfinite(value)) {
        good.push_back(value);
      }
    }
    snr.push_back(detail::median(good));
  }
  return snr;
}

}  // namespace rvfit::io
