// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The resolution matrix of a Gaussian line spread whose sigma is given pixel by pixel, for templates that a
/// Gaussian of known sigma has broadened already. Missing in the templates is a Gaussian of variance
///
///   delta(i)^2 = max(sigma(i)^2 - sigma_template^2, 0)
///
/// The templates reach the matrix as samples at the pixels. Where they are wide, sigma_template above two
/// pixels, samples carry all of it, and row i is the Gaussian sampled; or, below 0.8 pixels, where its
/// samples broaden wrongly, three elements of its variance, delta^2 / 2, 1 - delta^2, delta^2 / 2. Where
/// they are narrower, row i turns samples of one Gaussian into samples of the other
/// (gaussian_resolution.hpp). Templates below half a pixel have structure between their samples, which no
/// matrix on pixels can smooth.

#include <rvfit/core/require.hpp>
#include <rvfit/stages/resolution_matrix.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace rvfit {

/// A banded matrix on the host in the convention of resolution.hpp; `upload_cube` makes it (1, D, N).
struct BandedMatrix {
  int diagonals = 1;
  int pixels = 0;
  std::vector<double> values;  ///< (D, N) row-major
};

namespace detail {

/// Width of pixel i, half the distance of its neighbours whose sigma is known, or of any if none is.
template <class Sigma>
[[nodiscard]] double width_of_pixel(const double* wave, const Sigma* sigma, std::size_t size,
                                    std::size_t i) {
  const std::size_t left = i == 0 || std::isnan(sigma[i - 1]) ? i : i - 1;
  const std::size_t right = i + 1 == size || std::isnan(sigma[i + 1]) ? i : i + 1;
  if (right == left) {
    const std::size_t below = i == 0 ? i : i - 1, above = i + 1 == size ? i : i + 1;
    return (wave[above] - wave[below]) / static_cast<double>(above - below);
  }
  return (wave[right] - wave[left]) / static_cast<double>(right - left);
}

/// Row of the matrix that leaves a pixel as it is.
inline void identity_row(std::vector<double>& row) {
  std::fill(row.begin(), row.end(), 0.0);
  row[row.size() / 2] = 1.0;
}

/// Row of the matrix, (D), where templates of `own` pixels are to become `data` pixels wide.
inline void gaussian_row(double data, double own, std::vector<double>& row) {
  const auto diagonals = static_cast<int>(row.size());
  const int reach = diagonals / 2;
  constexpr double wide = 2.0, narrow = 0.8;  // pixels
  const double variance = std::max(data * data - own * own, 0.0);
  const auto fill = [&](const std::vector<double>& half) {
    for (int m = 0; m < diagonals; ++m) {
      row[static_cast<std::size_t>(m)] = half[static_cast<std::size_t>(std::abs(m - reach))];
    }
  };
  if (own <= wide) {
    fill(sampled_gaussian(std::max(data, own), reach + 1));
    cholesky_solve(factored_spread(own, diagonals).data(), diagonals, diagonals, row.data());
  } else if (variance >= narrow * narrow) {
    fill(sampled_gaussian(std::sqrt(variance), reach + 1));
  } else {
    std::vector<double> half(static_cast<std::size_t>(reach) + 1, 0.0);
    half[0] = 1.0 - variance;
    half[1] = 0.5 * variance;
    fill(half);
  }
}

}  // namespace detail

/// The reach of `gaussian_band` to either side, its arguments as there  [pixels].
template <class Sigma>
[[nodiscard]] int gaussian_band_reach(const double* wave, const Sigma* sigma, std::size_t size,
                                      double template_sigma) {
  RVFIT_REQUIRE(size >= 2, "gaussian_band: ", size, " pixels, at least 2 wanted");
  constexpr double width = 5.0;  // reach over sigma
  double widest = 1.0 / width;
  for (std::size_t i = 0; i < size; ++i) {
    const auto s = static_cast<double>(sigma[i]);
    if (std::isnan(s)) {
      continue;
    }
    const double pixel = detail::width_of_pixel(wave, sigma, size, i);
    RVFIT_REQUIRE(pixel > 0.0 && s >= 0.0 && std::isfinite(s), "gaussian_band: pixel ", i, " of ",
                  pixel, " Angstrom has a line spread of ", s);
    widest = std::max(widest, std::max(s, template_sigma) / pixel);
  }
  RVFIT_REQUIRE(widest < static_cast<double>(size), "gaussian_band: a sigma of ", widest,
                " pixels, there are ", size);
  return static_cast<int>(std::ceil(width * widest));
}

/// @param[in] wave   (N)  increasing, N >= 2                                         [Angstrom]
/// @param[in] sigma  (N)  of the Gaussian line spread of the data, pixel included, >= 0; NaN: not a pixel of
///                        the spectrum, which stays as it is                         [Angstrom]
/// @param[in] template_sigma  of that in the templates, >= 0                         [Angstrom]
/// @return  reaches 5 sigma to either side, at least a pixel; elements in columns outside the spectrum are
///          left out and the rest of their row scaled to a sum of 1
/// @throws InvalidArgument  values out of range
template <class Sigma>
[[nodiscard]] BandedMatrix gaussian_band(const double* wave, const Sigma* sigma, std::size_t size,
                                         double template_sigma) {
  const int reach = gaussian_band_reach(wave, sigma, size, template_sigma);
  const auto d = 2 * static_cast<std::size_t>(reach) + 1;
  BandedMatrix out{2 * reach + 1, static_cast<int>(size), std::vector<double>(d * size, 0.0)};
  std::vector<double> row(d);
  for (int i = 0; i < out.pixels; ++i) {
    const auto n = static_cast<std::size_t>(i);
    if (std::isnan(sigma[n])) {
      detail::identity_row(row);
    } else {
      const double pixel = detail::width_of_pixel(wave, sigma, size, n);
      detail::gaussian_row(static_cast<double>(sigma[n]) / pixel, template_sigma / pixel, row);
    }
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
