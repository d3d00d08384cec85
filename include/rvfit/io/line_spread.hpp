// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The Gaussian line spread of spectra, pixel included, in the ways that people give it:
///
///   sigma = wave / (2.355 R) = FWHM / 2.355       [Angstrom], or in pixels of the local width

#include <rvfit/io/spectra.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace rvfit::io {

/// Measure of a line spread.
enum class SpreadKind { power, sigma, fwhm, sigma_pixels, fwhm_pixels };

/// Sigma [Angstrom] of a number of some kind; NaN where the number is not positive and finite.
///
/// @param[in] wave   of the pixel   [Angstrom]
/// @param[in] pixel  its width      [Angstrom]
[[nodiscard]] inline float spread_sigma(SpreadKind kind, double value, double wave, double pixel) {
  constexpr double fwhm_over_sigma = 2.3548200450309493;  // 2 sqrt(2 ln 2)
  if (!(value > 0) || !std::isfinite(value)) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  switch (kind) {
    case SpreadKind::power:
      return static_cast<float>(wave / (fwhm_over_sigma * value));
    case SpreadKind::sigma:
      return static_cast<float>(value);
    case SpreadKind::fwhm:
      return static_cast<float>(value / fwhm_over_sigma);
    case SpreadKind::sigma_pixels:
      return static_cast<float>(value * pixel);
    case SpreadKind::fwhm_pixels:
      return static_cast<float>(value * pixel / fwhm_over_sigma);
  }
  return std::numeric_limits<float>::quiet_NaN();
}

/// Sigma of N pixels [Angstrom].
///
/// @param[in] values  (1 or N)  of the kind
/// @param[in] wave    (N)       monotonic  [Angstrom]
/// @param[out] sigma  (N)
inline void spread_sigmas(SpreadKind kind, const double* values, std::size_t count,
                          const double* wave, std::size_t pixels, float* sigma) {
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::size_t left = i == 0 || std::isnan(wave[i - 1]) ? i : i - 1;
    const std::size_t right = i + 1 == pixels || std::isnan(wave[i + 1]) ? i : i + 1;
    const double pixel =
        left == right ? 0.0
                      : std::abs(wave[right] - wave[left]) / static_cast<double>(right - left);
    sigma[i] = spread_sigma(kind, values[count == 1 ? 0 : i], wave[i], pixel);
  }
}

/// Give an arm one number for all its pixels. Those that `fill_ends` made, narrower by far than any real
/// one, stay without.
inline void set_line_spread(SpectraArm& arm, SpreadKind kind, double value) {
  const std::size_t pixels = arm.pixels(), rows = arm.snr.size();
  arm.line_spread.assign(rows * pixels, 0.0F);
  for (std::size_t row = 0; row < rows; ++row) {
    const double* wave = &arm.wave[arm.wave_rows == 1 ? 0 : row * pixels];
    float* sigma = &arm.line_spread[row * pixels];
    spread_sigmas(kind, &value, 1, wave, pixels, sigma);
    for (std::size_t i = 0; i < pixels; ++i) {
      const double below = i > 0 ? wave[i] / wave[i - 1] - 1.0 : 1.0;
      const double above = i + 1 < pixels ? wave[i + 1] / wave[i] - 1.0 : 1.0;
      if (below < 1e-8 || above < 1e-8) {
        sigma[i] = std::numeric_limits<float>::quiet_NaN();
      }
    }
  }
}

}  // namespace rvfit::io
