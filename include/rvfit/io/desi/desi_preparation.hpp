// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// DESI's spectra are prepared as rvspecfit prepares them by default (get_specdata in
/// rvspecfit/desi/desi_fit.py).

#include <rvfit/data/prepare_options.hpp>

namespace rvfit::io {

/// The dichroic's wavelengths, 4300 .. 4450 Angstrom, get no weight, and no error counts as less than 0.3
/// of the median error.
[[nodiscard]] inline PrepareOptions desi_preparation() {
  return {.masked = {{4300.0, 4450.0}}, .error_floor = 0.3};
}

}  // namespace rvfit::io
