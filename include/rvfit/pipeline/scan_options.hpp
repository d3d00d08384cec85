// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Options of the scan that starts a fit (pipeline/scan.hpp).

#include <rvfit/data/prepare_options.hpp>

#include <vector>

namespace rvfit {

struct ScanOptions {
  double rv_step = 0.0;  ///< bin of the scan; 0: 1.5 pixels of the finest arm   [km/s]
  int templates = 32;    ///< points of the model's domain
  int candidates = 3;    ///< starts of a spectrum
  /// For each of the observations a range that its bins reach over. Spectra with wavelengths of their own have
  /// the same bits in any batch if all batches have the same ranges and rv_step; empty: those of the batch.
  std::vector<WaveRange> ranges{};
};

}  // namespace rvfit
