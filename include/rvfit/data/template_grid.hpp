// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The uniform grid on which a template library stores its spectra.

#include <cmath>

namespace rvfit {

/// Uniform grid of template wavelengths, in ln(wave) or in wave.
struct TemplateGrid {
  bool logarithmic = true;
  double origin = 0.0;  ///< ln(wave / Angstrom) or wave [Angstrom] of pixel 0
  double step = 1.0;    ///< per pixel, in the same unit
  int size = 0;         ///< pixels

  /// Wavelength [Angstrom] of a (fractional) pixel.
  [[nodiscard]] double wave(double pixel) const {
    const double s = origin + step * pixel;
    return logarithmic ? std::exp(s) : s;
  }
};

}  // namespace rvfit
