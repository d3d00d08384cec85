// SPDX-License-Identifier: MIT

#include <rvfit/stages/gaussian_band.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace rvfit::test {
namespace {

/// Depth at `x` pixels of a line of unit area.
double line(double x, double sigma) {
  return std::exp(-0.5 * x * x / (sigma * sigma)) / (sigma * std::sqrt(2.0 * M_PI));
}

/// Row i of the matrix times samples of a line of the templates at `centre`.
double applied(const BandedMatrix& band, int i, double own, double centre) {
  const int reach = band.diagonals / 2;
  double sum = 0.0;
  for (int k = 0; k < band.diagonals; ++k) {
    const int j = i + reach - k;
    if (j >= 0 && j < band.pixels) {
      sum += band.values[static_cast<std::size_t>(k * band.pixels + j)] * line(j - centre, own);
    }
  }
  return sum;
}

TEST_CASE(
    "gaussian_band: a line of the templates' width becomes as wide as sigma says, pixel by pixel") {
  constexpr std::size_t size = 81;
  std::vector<double> wave(size);
  std::vector<float> sigma(size);
  for (std::size_t i = 0; i < size; ++i) {
    wave[i] = 5000.0 + 1.5 * static_cast<double>(i);
  }
  for (const double own : {0.6, 1.0, 1.9, 2.1, 3.0}) {
    for (const double extra : {0.0, 0.4, 0.9, 2.0}) {
      CAPTURE(own);
      CAPTURE(extra);
      const double data = std::hypot(own, extra);
      for (float& s : sigma) {
        s = static_cast<float>(1.5 * data);
      }
      const BandedMatrix band = gaussian_band(wave.data(), sigma.data(), size, 1.5 * own);
      // The alias of a line of 0.6 pixels is exp(-2 pi^2 0.36 / 4) = 0.17 at the edge of the band, of 1 pixel 7e-3.
      const double tolerance = (own < 1.0 ? 0.03 : 0.005) * line(0.0, data);
      for (const double centre : {40.0, 40.3, 40.5}) {
        for (int i = 36; i <= 44; ++i) {
          CHECK(std::abs(applied(band, i, own, centre) - line(i - centre, data)) < tolerance);
        }
      }
    }
  }
}

TEST_CASE("gaussian_band: keeps constants, and pixels outside the spectrum as they are") {
  const std::vector<double> wave{5000, 5001, 5002, 5003, 5004, 5005, 5006, 5006.001, 5006.002};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> sigma{1, 1, 2, 1, 1, 1, 1, nan, nan};
  const BandedMatrix band = gaussian_band(wave.data(), sigma.data(), wave.size(), 0.5);
  CHECK(gaussian_band_reach(wave.data(), sigma.data(), wave.size(), 0.5) == 10);
  const int reach = band.diagonals / 2;
  for (int i = 0; i < band.pixels; ++i) {
    double sum = 0.0;
    for (int k = 0; k < band.diagonals; ++k) {
      const int j = i + reach - k;
      sum += j >= 0 && j < band.pixels ? band.values[static_cast<std::size_t>(k * band.pixels + j)]
                                       : 0.0;
    }
    CHECK(std::abs(sum - 1.0) < 1e-12);  // rounding
  }
  CHECK(band.values[static_cast<std::size_t>(reach * band.pixels + 8)] == 1.0);
  // Templates as wide as the data: nothing is left to do.
  const BandedMatrix identity = gaussian_band(wave.data(), sigma.data(), 7, 3.0);
  CHECK(identity.values[static_cast<std::size_t>(identity.diagonals / 2 * 7 + 3)] == 1.0);
  // A pixel whose neighbours have no line spread.
  const std::vector<float> lonely{nan, 1, nan, nan, nan, nan, nan};
  CHECK(gaussian_band_reach(wave.data(), lonely.data(), 7, 0.5) == 5);
  CHECK_THROWS_AS((void)gaussian_band(wave.data(), std::vector<float>(7, -1.0F).data(), 7, 0.5),
                  InvalidArgument);
}

}  // namespace
}  // namespace rvfit::test
