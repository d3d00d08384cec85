// SPDX-License-Identifier: MIT

#include <rvfit/io/measured_snr.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <random>
#include <vector>

namespace rvfit::test {
namespace {

TEST_CASE("measured_snr: the median over good pixels, as numpy takes it, and NaN of none") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  io::SpectraArm arm;
  arm.wave = {5000, 5001, 5002, 5003};
  arm.flux = {1,   5, 3, 2,   // odd: one pixel is masked
              1,   2, 4, 8,   // even
              nan, 6, 1, 1};  // not one is good
  arm.ivar = {4, 4, 4, 4, 1, 1, 1, 1, 1, 0, -1, 1};
  arm.mask = {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  const std::vector<float> snr = io::measured_snr(arm);
  REQUIRE(snr.size() == 3);
  CHECK(snr[0] == 4);
  CHECK(snr[1] == 3);
  CHECK(std::isnan(snr[2]));
}

/// As numpy takes it, by sorting.
[[nodiscard]] float sorted_median(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  const std::size_t size = values.size();
  return size % 2 == 1 ? values[size / 2] : (values[size / 2] + values[size / 2 - 1]) / 2;
}

TEST_CASE("measured_snr: the median of many pixels, of any distribution") {
  std::mt19937 random(5);
  std::normal_distribution<float> noise;
  const std::vector<std::function<float(std::size_t)>> kinds{
      [&](std::size_t) { return 20 + noise(random); },
      [&](std::size_t) { return std::round(noise(random)); },  // many are equal
      [](std::size_t i) { return static_cast<float>(i); },
      [](std::size_t i) { return i % 16 == 0 ? 100.0F : static_cast<float>(i % 7); },  // misleads
      [](std::size_t i) { return i % 16 == 0 ? -100.0F : static_cast<float>(i % 7); },
      [](std::size_t) { return 3.0F; },
      [](std::size_t i) { return i % 2 == 0 ? -1.0F : 2.0F; },  // none is between the middle two
      [](std::size_t i) { return i % 3 == 0   ? 1e38F
                                 : i % 3 == 1 ? -1e-40F
                                              : 1e-40F; },
  };
  for (const auto& kind : kinds) {
    for (std::size_t pixels = 250; pixels < 2000; pixels += pixels < 265 ? 1 : 181) {
      io::SpectraArm arm;
      for (std::size_t i = 0; i < pixels; ++i) {
        arm.wave.push_back(4000.0 + static_cast<double>(i));
        arm.flux.push_back(kind(i));
      }
      arm.ivar.assign(pixels, 1);
      arm.mask.assign(pixels, 0);
      CAPTURE(pixels);
      CHECK(io::measured_snr(arm).front() == sorted_median(arm.flux));
    }
  }
}

TEST_CASE("measured_snr: bad pixels among many count for nothing") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::mt19937 random(6);
  std::normal_distribution<float> noise;
  io::SpectraArm arm;
  std::vector<float> good;
  for (std::size_t i = 0; i < 1000; ++i) {
    arm.wave.push_back(4000.0 + static_cast<double>(i));
    arm.flux.push_back(3 + noise(random));
    arm.ivar.push_back(4);
    arm.mask.push_back(i % 11 == 0 ? 1 : -1);
    const float bad_flux[] = {nan, infinity, -infinity}, bad_ivar[] = {0, -1, nan};
    if (i % 7 == 0) {
      arm.flux.back() = bad_flux[i % 3];
    } else if (i % 13 == 0) {
      arm.ivar.back() = bad_ivar[i % 3];
    } else if (i % 11 != 0) {
      good.push_back(2 * arm.flux.back());
    }
  }
  CHECK(io::measured_snr(arm).front() == sorted_median(good));
}

}  // namespace
}  // namespace rvfit::test
