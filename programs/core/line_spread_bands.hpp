// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Resolution matrices of spectra whose line spread is a sigma for each pixel.

#include <rvfit/io/spectra.hpp>
#include <rvfit/stages/gaussian_band.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace rvfit_programs {

/// Diagonals that the matrices of all spectra of an arm want, with some to spare so that those of the next
/// batch are mostly as many: 9, 17, 25, ..
///
/// @param[in] template_sigma  of the line spread in the templates  [Angstrom]
[[nodiscard]] inline std::size_t spread_diagonals(const rvfit::io::SpectraArm& arm,
                                                  double template_sigma) {
  const std::size_t pixels = arm.pixels();
  int reach = 1;
  for (std::size_t row = 0; row < arm.snr.size(); ++row) {
    reach = std::max(
        reach, rvfit::gaussian_band_reach(&arm.wave[arm.wave_rows == 1 ? 0 : row * pixels],
                                          &arm.line_spread[row * pixels], pixels, template_sigma));
  }
  constexpr std::size_t spare = 4;
  return 2 * spare * ((static_cast<std::size_t>(reach) + spare - 1) / spare) + 1;
}

/// Matrices (count, D, N) of rows first .. first + count - 1, with zeros beyond those that they want.
/// @throws rvfit::InvalidArgument  a sigma that is negative or not finite
[[nodiscard]] inline std::vector<float> bands_of_spread(const rvfit::io::SpectraArm& arm,
                                                        std::size_t first, std::size_t count,
                                                        double template_sigma,
                                                        std::size_t diagonals) {
  const std::size_t pixels = arm.pixels();
  std::vector<float> bands(count * diagonals * pixels, 0.0F);
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t row = first + n;
    const rvfit::BandedMatrix band =
        rvfit::gaussian_band(&arm.wave[arm.wave_rows == 1 ? 0 : row * pixels],
                             &arm.line_spread[row * pixels], pixels, template_sigma);
    const std::size_t skipped = (diagonals - static_cast<std::size_t>(band.diagonals)) / 2;
    std::transform(band.values.begin(), band.values.end(),
                   bands.begin() + static_cast<std::ptrdiff_t>((n * diagonals + skipped) * pixels),
                   [](double value) { return static_cast<float>(value); });
  }
  return bands;
}

}  // namespace rvfit_programs
