// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Signal-to-noise ratios of spectra, for files that do not say.

#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace rvfit::io {

namespace detail {

/// Keep those of many values that are near their middle, as a sample has it; all where it misleads.
/// @return  how many of those that went are below the others
[[nodiscard]] inline std::size_t keep_middle(std::vector<float>& values) {
  constexpr std::size_t least = 256, step = 16;
  const std::size_t size = values.size();
  if (size < least) {
    return 0;
  }
  std::vector<float> sample;
  for (std::size_t i = 0; i < size; i += step) {
    sample.push_back(values[i]);
  }
  // The median's rank among n of a sample has a standard deviation of sqrt(n) / 2.
  const auto middle = static_cast<std::ptrdiff_t>(sample.size() / 2);
  const auto reach =
      static_cast<std::ptrdiff_t>(1.5 * std::sqrt(static_cast<double>(sample.size())));
  std::nth_element(sample.begin(), sample.begin() + middle - reach, sample.end());
  const float low = sample[static_cast<std::size_t>(middle - reach)];
  std::nth_element(sample.begin(), sample.begin() + middle + reach, sample.end());
  const float high = sample[static_cast<std::size_t>(middle + reach)];
  std::size_t below = 0, beyond = 0;
  for (const float value : values) {
    below += value < low ? 1 : 0;
    beyond += value > high ? 1 : 0;
  }
  if (below > (size - 1) / 2 || size - beyond <= size / 2) {
    return 0;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size; ++i) {  // without branches, which would be foreseen badly
    const float value = values[i];
    values[kept] = value;
    kept += static_cast<std::size_t>(value >= low) & static_cast<std::size_t>(value <= high);
  }
  values.resize(kept);
  return below;
}

/// Median as numpy takes it; NaN of nothing. Reorders and shortens `values`.
[[nodiscard]] inline float median(std::vector<float>& values) {
  const std::size_t size = values.size();
  if (size == 0) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  const std::size_t below = keep_middle(values);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(size / 2 - below);
  std::nth_element(values.begin(), middle, values.end());
  const float upper = *middle;
  return size % 2 == 1 ? upper : (upper + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace detail

/// Median of flux sqrt(ivar) over the good pixels of each spectrum.
[[nodiscard]] inline std::vector<float> measured_snr(const SpectraArm& arm) {
  const std::size_t pixels = arm.pixels();
  std::vector<float> snr;
  std::vector<float> good;
  for (std::size_t first = 0; first < arm.flux.size(); first += pixels) {
    good.resize(pixels);
    std::size_t count = 0;
    for (std::size_t i = first; i < first + pixels; ++i) {
      const float value = arm.flux[i] * std::sqrt(arm.ivar[i]);
      good[count] = value;
      count += arm.ivar[i] > 0 && arm.mask[i] <= 0 && std::isfinite(value) ? 1 : 0;
    }
    good.resize(count);
    snr.push_back(detail::median(good));
  }
  return snr;
}

}  // namespace rvfit::io
