// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The options of rvfit_simulate.

#include <cstdint>
#include <string>

namespace rvfit_simulate {

struct Options {
  std::string emulator;
  std::string output;
  int stars = 256;
  std::uint64_t seed = 1;
  double snr_min = 10.0;  ///< S/N of a typical pixel, drawn uniformly in its logarithm
  double snr_max = 100.0;
  double rv_max = 500.0;        ///< rv is uniform in -rv_max .. rv_max   [km/s]
  double vsini_max = 150.0;     ///< sqrt(vsini) is uniform up to it      [km/s]
  double bad_pixels = 0.005;    ///< share of pixels
  double domain_margin = 0.05;  ///< labels stay away from the domain's border by this share of it
};

}  // namespace rvfit_simulate
