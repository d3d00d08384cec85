// SPDX-License-Identifier: MIT

#include <rvfit/io/measured_snr.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
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

}  // namespace
}  // namespace rvfit::test
