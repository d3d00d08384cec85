// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Turns templates into observed spectra: wrong flux calibration, noise, bad pixels.

#include "options.hpp"
#include "random.hpp"
#include <rvfit/io/desi/read_desi.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rvfit_simulate {

/// An empty arm on DESI's wavelengths: `pixels` of 0.8 Angstrom from `first` on.
[[nodiscard]] inline rvfit::io::DesiArm make_arm(const std::string& label, const std::string& name,
                                                 double first, int pixels) {
  rvfit::io::DesiArm arm;
  arm.label = label;
  arm.name = name;
  for (int i = 0; i < pixels; ++i) {
    arm.wave.push_back(std::round(10.0 * first + 8.0 * i) / 10.0);
  }
  return arm;
}

/// The three arms of DESI.
[[nodiscard]] inline std::vector<rvfit::io::DesiArm> desi_arms() {
  return {make_arm("B", "desi_b", 3600.0, 2751), make_arm("R", "desi_r", 5760.0, 2326),
          make_arm("Z", "desi_z", 7520.0, 2881)};
}

/// Add one star to an arm.
///
/// The flux is the template times a quadratic that stands for a wrong calibration (it spans less
/// than a fit's continuum), scaled to 10 in the mean; sigma is 1 / snr of that mean where the star
/// is as bright as its mean, and grows with the root of its flux and towards the edges.
///
/// @param[in] spectrum  (N)  template
inline void observe(const double* spectrum, double snr, const Options& options, Random& random,
                    rvfit::io::DesiArm& arm) {
  constexpr double mean_flux = 10.0;
  const std::size_t pixels = arm.pixels();
  const double slope = random.uniform(-0.2, 0.2);
  const double bend = random.uniform(-0.15, 0.15);
  const auto edge = [&](std::size_t i) {
    return 2.0 * static_cast<double>(i) / static_cast<double>(pixels - 1) - 1.0;
  };
  std::vector<double> flux;
  double mean = 0.0;
  for (std::size_t i = 0; i < pixels; ++i) {
    const double x = edge(i);
    flux.push_back(spectrum[i] * (1.0 + slope * x + bend * x * x));
    mean += flux.back() / static_cast<double>(pixels);
  }
  for (std::size_t i = 0; i < pixels; ++i) {
    const double relative = flux[i] / mean;
    const double x = edge(i);
    const double sigma =
        mean_flux / snr * std::sqrt(0.5 + 0.5 * relative) * (1.0 + 0.3 * x * x * x * x);
    const double value = mean_flux * relative + sigma * random.normal();
    const bool bad = random.uniform(0.0, 1.0) < options.bad_pixels;
    const double garbage = random.uniform(-1e3, 1e3);
    const double kind = random.uniform(0.0, 1.0);
    arm.mask.push_back(bad ? 1 << static_cast<int>(8 * kind) : 0);
    arm.ivar.push_back(bad ? 0.0F : static_cast<float>(1.0 / (sigma * sigma)));
    arm.flux.push_back(!bad             ? static_cast<float>(value)
                       : kind < 1.0 / 3 ? std::numeric_limits<float>::quiet_NaN()
                                        : static_cast<float>(garbage));
  }
}

}  // namespace rvfit_simulate
