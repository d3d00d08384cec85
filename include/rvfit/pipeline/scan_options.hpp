// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Options of the scan that starts a fit (pipeline/scan.hpp).

namespace rvfit {

struct ScanOptions {
  double rv_step = 0.0;  ///< bin of the scan; 0: 1.5 pixels of the finest arm   [km/s]
  int templates = 32;    ///< points of the model's domain
  int candidates = 3;    ///< starts of a spectrum
};

}  // namespace rvfit
