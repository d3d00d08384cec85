// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Signal-to-noise ratios of spectra, for files that do not say.

#include <rvfit/core/number_bits.hpp>
#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

namespace rvfit::io {

namespace detail {

/// Integers in the order of floats, -0 before 0; that of a bad pixel is above all of them.
constexpr std::int32_t above_all = std::numeric_limits<std::int32_t>::max();

[[nodiscard]] inline std::int32_t ordered(float value) {
  const auto bits = Kokkos::bit_cast<std::int32_t>(value);
  return bits ^ ((bits >> 31) & above_all);
}

[[nodiscard]] inline float of_ordered(std::int32_t key) {
  return Kokkos::bit_cast<float>(key ^ ((key >> 31) & above_all));
}

/// Median as numpy takes it of floats, of their `ordered` integers; NaN of nothing.
///
/// Halving on the integers' bits leaves few between two bounds, with a pass over all for each bit: a loop over vectors,
/// where a partition of all has branches that are foreseen badly.
[[nodiscard]] inline float median(const std::vector<std::int32_t>& keys) {
  const auto count_up_to = [&](std::int32_t limit) {
    std::uint32_t count = 0;
    for (const std::int32_t key : keys) {
      count += key <= limit ? 1 : 0;
    }
    return count;
  };
  const std::uint32_t size = count_up_to(above_all - 1);
  if (size == 0) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  const std::uint32_t first = (size - 1) / 2, second = size / 2;  // ranks of the middle two, or one
  constexpr std::uint32_t few = 32;
  std::int32_t low = std::numeric_limits<std::int32_t>::min(), high = above_all - 1;
  std::uint32_t up_to_low = 0, up_to_high = size;
  while (up_to_high - up_to_low > few && std::int64_t{high} - low > 1) {
    const std::int32_t middle = std::midpoint(low, high);
    const std::uint32_t count = count_up_to(middle);
    if (count <= first) {
      low = middle;
      up_to_low = count;
    } else if (count > second) {
      high = middle;
      up_to_high = count;
    } else {
      break;  // between the middle two
    }
  }
  std::vector<std::int32_t> left;
  left.reserve(up_to_high - up_to_low);
  const auto above_low = [&](std::int32_t key) {  // 0 of the first above
    return static_cast<std::uint32_t>(key) - static_cast<std::uint32_t>(low) - 1;
  };
  const std::uint32_t most = above_low(high);
  for (const std::int32_t key : keys) {
    if (above_low(key) <= most) {
      left.push_back(key);
    }
  }
  const auto ranked = [&](std::uint32_t rank) {
    const auto place = left.begin() + static_cast<std::ptrdiff_t>(rank - up_to_low);
    std::nth_element(left.begin(), place, left.end());
    return of_ordered(*place);
  };
  const float upper = ranked(second);
  return size % 2 == 1 ? upper : (upper + ranked(first)) / 2;
}

}  // namespace detail

/// Median of flux sqrt(ivar) over the good pixels of each spectrum.
[[nodiscard]] inline std::vector<float> measured_snr(const SpectraArm& arm) {
  const std::size_t pixels = arm.pixels();
  std::vector<float> snr, ratio(pixels);
  std::vector<std::int32_t> keys(pixels);
  for (std::size_t first = 0; first < arm.flux.size(); first += pixels) {
    for (std::size_t i = 0; i < pixels; ++i) {
      ratio[i] = arm.flux[first + i] * std::sqrt(arm.ivar[first + i]);
    }
    for (std::size_t i = 0; i < pixels; ++i) {  // apart from the roots, which are taken one by one
      const std::uint32_t good =
          all_bits_if_good(ratio[i], arm.ivar[first + i], arm.mask[first + i]);
      keys[i] = good != 0 ? detail::ordered(ratio[i]) : detail::above_all;
    }
    snr.push_back(detail::median(keys));
  }
  return snr;
}

}  // namespace rvfit::io
