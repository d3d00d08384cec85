// SPDX-License-Identifier: MIT

#include <rvfit/core/medium.hpp>
#include <rvfit/core/units.hpp>

#include <doctest/doctest.h>

#include <cmath>

namespace rvfit::test {
namespace {

TEST_CASE("medium: lines of known wavelengths in both media") {
  // H alpha, H beta and Na D2 (NIST Atomic Spectra Database; air after Peck and Reeder there, which differs
  // from Ciddor's by less than 1e-8): to the digits of the tables, 1 mA.
  const double digits = 1e-3;
  CHECK(std::abs(air_of_vacuum(5891.583264) - 5889.950954) < digits);
  CHECK(std::abs(air_of_vacuum(6564.6) - 6562.787) < digits);
  CHECK(std::abs(vacuum_of_air(4861.35) - 4862.708) < digits);
}

TEST_CASE("medium: as others have computed Ciddor's equation") {
  const auto agree = [](double ours, double theirs, double digit) {
    CHECK(std::abs(ours - theirs) <= digit);
    CHECK(std::abs(ours / theirs - 1.0) * speed_of_light < 0.01);  // km/s
  };
  // The package ref_index of PyPI, NIST's form of the whole equations at 15 C, 101325 Pa, 450 ppm of CO2
  agree(air_of_vacuum(4000.0), 3998.8692724, 1e-5);
  agree(air_of_vacuum(5500.0), 5498.4723175, 1e-5);
  agree(air_of_vacuum(6330.0), 6328.2500476826874, 1e-5);
  // AIRTOVAC of the IDL astronomy library: a line of krypton
  agree(vacuum_of_air(6056.125), 6057.8019, 1e-4);
}

/// Density of dry air over that of standard air, by the compressibility Z of Ciddor 1996, equation 12 (after Davis
/// 1992): rho ~ p / (Z T).
double relative_density(double celsius, double pascal) {
  const auto density = [](double t, double p) {
    const double kelvin = t + 273.15;
    const double z = 1.0 - p / kelvin * (1.58123e-6 - 2.9331e-8 * t + 1.1043e-10 * t * t) +
                     1.83e-11 * p * p / (kelvin * kelvin);
    return p / (z * kelvin);
  };
  return density(celsius, pascal) / density(15.0, 101325.0);
}

TEST_CASE("medium: the table of Ciddor's paper") {
  // Table 1: 1e8 (n - 1) of dry air with 450 ppm of CO2 at 633 nm. Its air is not standard; n - 1 goes with the density.
  struct Row {
    double celsius, kilopascal, refractivity;
  };
  constexpr Row table[] = {{20.0, 80.0, 21458.0},
                           {20.0, 100.0, 26824.4},
                           {20.0, 120.0, 32191.6},
                           {10.0, 100.0, 27774.7},
                           {30.0, 100.0, 25937.2}};
  for (const Row& row : table) {
    const double refractivity = 1e8 * (refractive_index(6330.0) - 1.0) *
                                relative_density(row.celsius, 1e3 * row.kilopascal);
    CAPTURE(row.celsius);
    CAPTURE(row.kilopascal);
    CHECK(std::abs(refractivity - row.refractivity) < 0.06);  // half of its last digit
    CHECK(std::abs(refractivity - row.refractivity) * 1e-8 * speed_of_light < 0.01);  // km/s
  }
}

TEST_CASE("medium: there and back is the same wavelength") {
  for (double wave = 3000.0; wave <= 25000.0; wave += 7.3) {
    CAPTURE(wave);
    const double wanted = 0.01;  // km/s
    const double back = vacuum_of_air(air_of_vacuum(wave)),
                 forth = air_of_vacuum(vacuum_of_air(wave));
    CHECK(std::abs(back / wave - 1.0) * speed_of_light <
          1e-4 * wanted);  // five steps reach rounding
    CHECK(std::abs(forth / wave - 1.0) * speed_of_light < 1e-4 * wanted);  // the same
    const double shift = (wave / air_of_vacuum(wave) - 1.0) * speed_of_light;
    CHECK(shift > 81.0);
    CHECK(shift < 88.0);
  }
}

TEST_CASE("medium: in the far ultraviolet wavelengths stay") {
  CHECK(air_of_vacuum(1215.67) == 1215.67);
  CHECK(vacuum_of_air(1215.67) == 1215.67);
}

TEST_CASE("medium: converts only between media that are known") {
  CHECK(converted(5000.0, Medium::vacuum, Medium::vacuum) == 5000.0);
  CHECK(converted(5000.0, Medium::vacuum, Medium::air) == air_of_vacuum(5000.0));
  CHECK(converted(5000.0, Medium::air, Medium::vacuum) == vacuum_of_air(5000.0));
  CHECK_THROWS_AS((void)converted(5000.0, Medium::unknown, Medium::air), InvalidArgument);
}

}  // namespace
}  // namespace rvfit::test
