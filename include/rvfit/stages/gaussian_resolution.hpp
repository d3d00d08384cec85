// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The resolution matrix of a Gaussian line spread of given resolving power, for templates that a
/// Gaussian of known sigma has broadened already. In the data
///
///   sigma(wave) = wave / (R(wave) 2 sqrt(2 ln 2)),   R = wave / FWHM, pixel included,
///
/// and what is missing in the templates is a Gaussian of variance sigma^2 - sigma_template^2. It is
/// mostly narrower than a pixel, where neither its samples nor its integrals over pixels broaden as it
/// does: on templates of 0.835 pixels (DESI's) they are wrong by up to 6 and 3 % of a line's depth.
/// Row i therefore holds the elements that turn samples of the one Gaussian into samples of the
/// other,
///
///   sum_n g(m - n; sigma_template) R(n) = g(m; sigma(wave_i)),   m, n = -w .. w,
///
/// the equation of resolution_matrix.hpp (wrong by 0.2 % there, less on wider templates and more on
/// narrower), scaled to a sum of 1.
/// Pixels are taken as uniform within the reach of a row. A sigma given pixel by pixel, and templates wider than
/// two pixels: gaussian_band.hpp.

#include <rvfit/stages/gaussian_band.hpp>

#include <cmath>
#include <vector>

namespace rvfit {

/// 2 sqrt(2 ln 2)
inline constexpr double fwhm_over_sigma = 2.3548200450309493;

/// @param[in] wave            (N)       increasing, N >= 2                        [Angstrom]
/// @param[in] power           (1 or N)  R(wave) > 0
/// @param[in] template_sigma  of the Gaussian line spread in the templates, >= 0  [Angstrom]
/// @return  the identity where the templates are as wide as the data or wider. It reaches 5 sigma to
///          either side; elements in columns outside the spectrum are left out before scaling
/// @throws InvalidArgument  extents differ, values out of range
[[nodiscard]] inline BandedMatrix gaussian_resolution(const std::vector<double>& wave,
                                                      const std::vector<double>& power,
                                                      double template_sigma) {
  const std::size_t size = wave.size();
  RVFIT_REQUIRE(power.size() == 1 || power.size() == size, "gaussian_resolution: ", size,
                " pixels, ", power.size(), " resolving powers");
  std::vector<double> sigma(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double r = power[power.size() == 1 ? 0 : i];
    RVFIT_REQUIRE(r > 0.0 && std::isfinite(r), "gaussian_resolution: pixel ", i,
                  " has a resolving power of ", r);
    sigma[i] = wave[i] / (r * fwhm_over_sigma);
  }
  return gaussian_band(wave.data(), sigma.data(), size, template_sigma);
}

}  // namespace rvfit
