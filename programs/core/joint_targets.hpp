// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Spectra of files of one star.

#include "program.hpp"

#include <numeric>
#include <utility>

namespace rvfit_programs {

/// All spectra of a file are exposures of one target, fitted together.
[[nodiscard]] inline Reading one_target(rvfit::io::Spectra&& spectra) {
  Reading reading;
  reading.spectra = std::move(spectra);
  std::vector<std::size_t> rows(reading.spectra.arms.front().snr.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  reading.targets = {std::move(rows)};
  return reading;
}

}  // namespace rvfit_programs
