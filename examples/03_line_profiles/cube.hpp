// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A made-up spectral cube around one emission line: a rotating disc whose line is Gaussian outside,
/// Voigt within, and Lorentzian at the centre; and first guesses from a spectrum's moments.

#include "profiles.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <random>
#include <vector>

namespace line_profiles {

inline constexpr std::array<const char*, 3> names{Gaussian::name, Lorentzian::name, Voigt::name};
enum Kind : int { gaussian, lorentzian, voigt };

/// A square cube, spaxel by spaxel, on the host.
struct Cube {
  int side = 0;
  std::vector<double> wave;    ///< (M)        Angstrom
  std::vector<double> flux;    ///< (side^2, M)
  double sigma = 1.0;          ///< of the noise
  std::vector<Kind> kind;      ///< (side^2)   truth
  std::vector<double> centre;  ///< (side^2)   truth, Angstrom

  [[nodiscard]] int spaxels() const { return side * side; }
  [[nodiscard]] int points() const { return static_cast<int>(wave.size()); }
};

/// Lines of flux 300 and about 20 sigma at the peak, at 6563 Angstrom in 128 pixels of 0.5 Angstrom.
[[nodiscard]] inline Cube simulate_cube(int side) {
  Cube cube;
  cube.side = side;
  for (int i = 0; i < 128; ++i) {
    cube.wave.push_back(6531.0 + 0.5 * i);
  }
  std::mt19937_64 engine(2);
  std::normal_distribution<double> noise(0.0, cube.sigma);
  for (int s = 0; s < cube.spaxels(); ++s) {
    const int row = s / side, column = s % side;
    const double x = 2.0 * (column + 0.5) / side - 1.0, y = 2.0 * (row + 0.5) / side - 1.0;
    const double radius = std::hypot(x, y);
    const Kind kind = radius < 0.4 ? lorentzian : (radius < 0.8 ? voigt : gaussian);
    const double centre = 6562.8 + 4.0 * x / (0.3 + radius);
    const double sigma = kind == lorentzian ? 0.0 : 2.0 + 0.5 * y;
    const double gamma = kind == gaussian ? 0.0 : 2.5 - radius;
    for (const double wave : cube.wave) {
      double profile;
      if (kind == lorentzian) {
        profile = std::numbers::inv_pi * gamma / (std::pow(wave - centre, 2) + gamma * gamma);
      } else {
        const double scale = 1.0 / (sigma * std::numbers::sqrt2);
        profile = faddeeva((wave - centre) * scale, gamma * scale).re * scale *
                  std::sqrt(std::numbers::inv_pi);
      }
      cube.flux.push_back(10.0 + 300.0 * profile + noise(engine));
    }
    cube.kind.push_back(kind);
    cube.centre.push_back(centre);
  }
  return cube;
}

/// The properties of a line that a spectrum shows without a fit.
struct Guess {
  double flux, centre, width, continuum;
};

/// Continuum from the ends, centre from the highest three pixels, flux from the sum, width from flux
/// and peak.
[[nodiscard]] inline Guess guess(const Cube& cube, int spaxel) {
  const int m = cube.points(), end = m / 10;
  const double* flux = &cube.flux[static_cast<std::size_t>(spaxel) * cube.wave.size()];
  Guess out{0.0, 0.0, 0.0, 0.0};
  for (int i = 0; i < end; ++i) {
    out.continuum += (flux[i] + flux[m - 1 - i]) / (2 * end);
  }
  double peak = 0.0;
  for (int i = 0; i < m; ++i) {
    out.flux += (flux[i] - out.continuum) * 0.5;
    if (i > 0 && i + 1 < m) {
      const double height = (flux[i - 1] + flux[i] + flux[i + 1]) / 3.0 - out.continuum;
      if (height > peak) {
        peak = height;
        out.centre = cube.wave[static_cast<std::size_t>(i)];
      }
    }
  }
  out.width = std::clamp(0.4 * out.flux / std::max(peak, 1e-3), 0.5, 10.0);
  return out;
}

}  // namespace line_profiles
