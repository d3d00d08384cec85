// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The uniform grid on which a template library stores its spectra.

#include <cmath>

namespace rvfit {

/// Grid of template wavelengths, uniform in ln(wave): a broadening in velocity is the same everywhere on it.
struct TemplateGrid {
  double origin = 0.0;  ///< ln(wave / Angstrom) of pixel 0
  double step = 1.0;    ///< of ln(wave) per pixel
  int size = 0;         ///< pixels

  /// Wavelength [Angstrom] of a (fractional) pixel.
  [[nodiscard]] double wave(double pixel) const { return std::exp(origin + step * pixel); }

  /// The (fractional) pixel of a wavelength [Angstrom].
  [[nodiscard]] double pixel(double wave) const { return (std::log(wave) - origin) / step; }
};

}  // namespace rvfit
