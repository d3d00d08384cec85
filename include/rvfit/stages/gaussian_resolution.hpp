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
/// Pixels are taken as uniform within the reach of a row.

#include <rvfit/stages/resolution_matrix.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace rvfit {

/// A banded matrix on the host in the convention of resolution.hpp; `upload_cube` makes it (1, D, N).
struct BandedMatrix {
  int diagonals = 1;
  int pixels = 0;
  std::vector<double> values;  ///< (D, N) row-major
};

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
  RVFIT_REQUIRE(size >= 2, "gaussian_resolution: ", size, " pixels, at least 2 wanted");
  RVFIT_REQUIRE(power.size() == 1 || power.size() == size, "gaussian_resolution: ", size,
                " pixels, ", power.size(), " resolving powers");
  constexpr double fwhm_over_sigma = 2.3548200450309493;  // 2 sqrt(2 ln 2)
  constexpr double width = 5.0;                           // reach over sigma
  struct Row {
    double data_sigma, template_sigma;  ///< [pixels]
  };
  std::vector<Row> rows;
  double widest = 0.0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t left = i == 0 ? 0 : i - 1;
    const std::size_t right = std::min(i + 1, size - 1);
    const double pixel = (wave[right] - wave[left]) / static_cast<double>(right - left);
    const double r = power[power.size() == 1 ? 0 : i];
    RVFIT_REQUIRE(pixel > 0.0 && r > 0.0 && std::isfinite(r), "gaussian_resolution: pixel ", i,
                  " of ", pixel, " Angstrom has a resolving power of ", r);
    const double sigma = std::max(wave[i] / (r * fwhm_over_sigma), template_sigma);
    rows.push_back({sigma / pixel, template_sigma / pixel});
    widest = std::max(widest, sigma / pixel);
  }
  RVFIT_REQUIRE(widest < static_cast<double>(size), "gaussian_resolution: a sigma of ", widest,
                " pixels, there are ", size);
  const int reach = static_cast<int>(std::ceil(width * widest));
  const auto d = 2 * static_cast<std::size_t>(reach) + 1;
  BandedMatrix out{2 * reach + 1, static_cast<int>(size), std::vector<double>(d * size, 0.0)};
  std::vector<double> row(d);
  for (int i = 0; i < out.pixels; ++i) {
    const auto [data_sigma, own_sigma] = rows[static_cast<std::size_t>(i)];
    const auto gaussian = detail::sampled_gaussian(data_sigma, reach + 1);
    for (int m = 0; m < out.diagonals; ++m) {
      row[static_cast<std::size_t>(m)] = gaussian[static_cast<std::size_t>(std::abs(m - reach))];
    }
    const auto factor = detail::factored_spread(own_sigma, out.diagonals);
    cholesky_solve(factor.data(), out.diagonals, out.diagonals, row.data());
    const int low = std::max(0, reach - i);
    const int high = std::min(2 * reach, out.pixels - 1 - i + reach);
    double sum = 0.0;
    for (int m = low; m <= high; ++m) {
      sum += row[static_cast<std::size_t>(m)];
    }
    for (int m = low; m <= high; ++m) {
      const auto diagonal = static_cast<std::size_t>(2 * reach - m);
      const auto column = static_cast<std::size_t>(i + m - reach);
      out.values[diagonal * size + column] = row[static_cast<std::size_t>(m)] / sum;
    }
  }
  return out;
}

}  // namespace rvfit
