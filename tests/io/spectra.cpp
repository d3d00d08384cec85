// SPDX-License-Identifier: MIT

#include <rvfit/io/spectra.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
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

TEST_CASE("set_fluxes: usual units stay as they are, any other becomes a power of two") {
  const std::vector<double> flux{3, 0.1, -7, 1e3, 2, 5}, ivar{4, 9, 0.25, 1, 0, 7};
  io::SpectraArm usual = three_spectra();
  set_fluxes(usual, flux, ivar);
  CHECK(usual.flux == std::vector<float>(flux.begin(), flux.end()));
  CHECK(usual.ivar == std::vector<float>(ivar.begin(), ivar.end()));
  CHECK(usual.unit == std::vector<double>{1, 1, 1});
  io::SpectraArm in_float = three_spectra();
  set_fluxes(in_float, usual.flux, usual.ivar);
  CHECK(in_float.flux == usual.flux);
  CHECK(in_float.ivar == usual.ivar);
  CHECK(in_float.unit == usual.unit);
  std::vector<double> scales{1e-30, 1e-17, 1e17, 1e30};
  for (int exponent = -100; exponent <= 100; ++exponent) {
    scales.push_back(std::ldexp(1.0, exponent));
  }
  for (const double scale : scales) {
    CAPTURE(scale);
    std::vector<double> scaled_flux = flux, scaled_ivar = ivar;
    for (std::size_t i = 0; i < flux.size(); ++i) {
      scaled_flux[i] *= scale;
      scaled_ivar[i] /= scale * scale;
    }
    io::SpectraArm arm = three_spectra();
    arm.mask.assign(6, 0);
    set_fluxes(arm, scaled_flux, scaled_ivar);
    constexpr double eps = 1.2e-7;  // of float
    for (std::size_t i = 0; i < flux.size(); ++i) {
      const double unit = arm.unit[i / 2];
      CHECK(std::abs(arm.flux[i] * unit - scaled_flux[i]) <= eps * std::abs(scaled_flux[i]));
      CHECK(std::abs(arm.ivar[i] / unit / unit - scaled_ivar[i]) <= eps * scaled_ivar[i]);
    }
  }
}

TEST_CASE(
    "set_fluxes: masked and bad numbers do not choose the unit, what float cannot hold has no "
    "weight") {
  io::SpectraArm arm;
  arm.name = "desi_b";
  arm.wave = {5000, 5001, 5002, 5003, 5004};
  arm.mask = {0, 1, 0, 0, 0};
  const double nan = std::nan("");
  set_fluxes(arm, {1, 1, nan, 1e60, 2}, {1, 1e60, 1e60, 4, 1e-60});
  CHECK(arm.unit == std::vector<double>{1});
  CHECK(arm.ivar[0] == 1);
  CHECK(std::isinf(arm.ivar[1]));
  CHECK(arm.ivar[3] == 0);
  CHECK(arm.ivar[4] == 0);
  CHECK_THROWS_WITH_AS(set_fluxes(arm, {1, 2}, {1, 2}),
                       "set_fluxes: desi_b: flux has 2 values, ivar 2, mask 5, rows of 5 wanted",
                       InvalidArgument);
}

TEST_CASE("add_errors: in quadrature, at good pixels") {
  const double inf = std::numeric_limits<double>::infinity();
  std::vector<double> ivar{1.0 / 9, 0, inf, 4, 4, 1e36};
  io::add_errors(ivar, {4, 4, 4, 0, -1, 1e-18});
  CHECK(std::abs(ivar[0] * 25 - 1) < 1e-15);  // rounding
  CHECK(ivar[1] == 0);
  CHECK(ivar[2] == inf);
  CHECK(ivar[3] == 4);
  CHECK(ivar[4] == 4);
  CHECK(std::abs(ivar[5] * 2e-36 - 1) < 1e-15);  // rounding
  CHECK_THROWS_WITH_AS(io::add_errors(ivar, {1}), "add_errors: ivar has 6 values, the errors 1",
                       InvalidArgument);
}

TEST_CASE("take: the unit of a spectrum goes with it") {
  io::SpectraArm arm = three_spectra();
  arm.unit = {1, 4, 0.5};
  CHECK(take(arm, {2, 1}).unit == std::vector<double>{0.5, 4});
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
