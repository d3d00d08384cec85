// SPDX-License-Identifier: MIT

#include <rvfit/io/spectra.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rvfit::test {
namespace {

/// Three spectra of two pixels with matrices of one diagonal; flux is 10 row + pixel.
io::SpectraArm three_spectra() {
  io::SpectraArm arm;
  arm.name = "desi_b";
  arm.label = "B";
  arm.wave = {5000, 5001};
  arm.flux = {0, 1, 10, 11, 20, 21};
  arm.ivar = {1, 2, 3, 4, 5, 6};
  arm.mask = {0, 1, 0, 2, 0, 4};
  arm.resolution = {7, 8, 9, 10, 11, 12};
  arm.snr = {30, 40, 50};
  return arm;
}

TEST_CASE("take: rows in the order given, with all that belongs to them") {
  const io::SpectraArm arm = take(three_spectra(), {2, 0});
  CHECK(arm.name == "desi_b");
  CHECK(arm.label == "B");
  CHECK(arm.wave == std::vector<double>{5000, 5001});
  CHECK(arm.flux == std::vector<float>{20, 21, 0, 1});
  CHECK(arm.ivar == std::vector<float>{5, 6, 1, 2});
  CHECK(arm.mask == std::vector<std::int32_t>{0, 4, 0, 1});
  CHECK(arm.resolution == std::vector<float>{11, 12, 7, 8});
  CHECK(arm.diagonals() == 1);
  CHECK(arm.snr == std::vector<float>{50, 30});
}

TEST_CASE("take: wavelengths of each spectrum go with it") {
  io::SpectraArm own = three_spectra();
  own.wave = {5000, 5001, 6000, 6001, 7000, 7001};
  own.wave_rows = 3;
  CHECK(own.pixels() == 2);
  const io::SpectraArm arm = take(own, {1, 2});
  CHECK(arm.wave_rows == 2);
  CHECK(arm.wave == std::vector<double>{6000, 6001, 7000, 7001});
}

TEST_CASE("joined: rows of an identifier together, in the order in which it first comes") {
  const std::vector<std::int64_t> id{7, 5, 7, 9, 5};
  CHECK(io::joined({0, 1, 2, 4}, id) == io::Targets{{0, 2}, {1, 4}});
  CHECK(io::joined({4, 2, 0}, id) == io::Targets{{4}, {2, 0}});
  CHECK(io::one_by_one({4, 2, 0}) == io::Targets{{4}, {2}, {0}});
}

}  // namespace
}  // namespace rvfit::test
