// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Rejects pixels that do not belong to the spectrum of a star, as cosmic rays that a survey has not masked.
///
/// - `clip_spikes`, before a fit: above the running median by 2 `sigma` times the robust scatter about it.
///   One spike of thousands of errors would decide where a fit starts.
/// - `clip_outliers`, after a fit: |z| = |D - M| / error above `sigma` times the robust scale of z, at least 1.
///   From there outwards pixels go, too, as long as |z| is above half of that: the feet of a spike.
///
/// Fit, clip, and fit again until no pixel changes (Stetson, PASP 99, 191, 1987 and many others). Each
/// time all pixels are judged anew, so that a line that the first fit missed comes back. A pixel of which the model says
/// nothing (NaN) is rejected, and no part of the scale. The scale is 1.4826 times the
/// median of |z|: errors that are too small, or a library that is not perfect at a high S/N, do not
/// have good pixels rejected. Not for stars with emission lines that the library lacks.

#include <rvfit/core/require.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rvfit {

struct ClipOptions {
  double sigma = 0.0;  ///< 0: nothing is rejected
  int rounds = 5;      ///< most fits after the first
};

/// A spectrum of N pixels that is looked at.
struct ClipInput {
  std::span<const float> flux;         ///< (N)  [flux]
  std::span<const float> ivar;         ///< (N)  [1 / flux^2]
  std::span<const std::int32_t> mask;  ///< (N)  bad where positive; empty if there is none

  [[nodiscard]] bool is_good(std::size_t i) const {
    return ivar[i] > 0 && std::isfinite(ivar[i]) && std::isfinite(flux[i]) &&
           (mask.empty() || mask[i] <= 0);
  }
};

namespace detail {

/// The upper median; 0 of nothing. Reorders the values.
[[nodiscard]] inline double upper_median(std::span<double> values) {
  if (values.empty()) {
    return 0.0;
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Standard deviation of a Gaussian over the median of its |x|.
inline constexpr double gaussian_scale = 1.4826;

}  // namespace detail

/// Good pixels that stand out above the running median of 51.
///
/// @param[out] rejected  (N)  1: rejected
/// @return               number of them
inline int clip_spikes(const ClipInput& spectrum, const ClipOptions& options,
                       std::span<char> rejected) {
  constexpr std::size_t reach = 25;
  std::vector<std::size_t> good;
  for (std::size_t i = 0; i < spectrum.flux.size(); ++i) {
    rejected[i] = 0;
    if (spectrum.is_good(i)) {
      good.push_back(i);
    }
  }
  std::vector<double> above, window, sizes;
  for (std::size_t n = 0; n < good.size(); ++n) {
    window.clear();
    for (std::size_t m = n - std::min(n, reach); m < std::min(good.size(), n + reach + 1); ++m) {
      window.push_back(static_cast<double>(spectrum.flux[good[m]]));
    }
    above.push_back(static_cast<double>(spectrum.flux[good[n]]) - detail::upper_median(window));
    sizes.push_back(std::abs(above.back()));
  }
  const double limit = 2.0 * options.sigma * detail::gaussian_scale * detail::upper_median(sizes);
  int count = 0;
  for (std::size_t n = 0; n < good.size(); ++n) {
    if (above[n] > limit && limit > 0.0) {
      rejected[good[n]] = 1;
      ++count;
    }
  }
  return count;
}

/// Good pixels far from a model, or without one.
///
/// @param[in]  model     (N)  best fit, continuum included  [flux]
/// @param[out] rejected  (N)  1: rejected
/// @return               number of them
/// @throws InvalidArgument  extents differ
inline int clip_outliers(const ClipInput& spectrum, std::span<const float> model,
                         const ClipOptions& options, std::span<char> rejected) {
  const std::size_t pixels = spectrum.flux.size();
  RVFIT_REQUIRE(
      spectrum.ivar.size() == pixels && model.size() == pixels && rejected.size() == pixels,
      "clip_outliers: flux has ", pixels, " pixels, ivar ", spectrum.ivar.size(), ", the model ",
      model.size(), ", rejected ", rejected.size());
  std::vector<double> z(pixels, 0.0), sizes;  // 0 where bad
  for (std::size_t i = 0; i < pixels; ++i) {
    rejected[i] = 0;
    if (spectrum.is_good(i)) {
      z[i] = std::abs(static_cast<double>(spectrum.flux[i]) - static_cast<double>(model[i])) *
             std::sqrt(static_cast<double>(spectrum.ivar[i]));
      if (std::isfinite(z[i])) {
        sizes.push_back(z[i]);
      } else {
        rejected[i] = 1;
        z[i] = 0.0;  // which tells nothing about its neighbours
      }
    }
  }
  const double scale = std::max(1.0, detail::gaussian_scale * detail::upper_median(sizes));
  const double limit = options.sigma * scale;
  for (std::size_t i = 0; i < pixels; ++i) {
    if (z[i] > limit) {
      for (std::size_t j = i; j < pixels && z[j] > 0.5 * limit; ++j) {
        rejected[j] = 1;
      }
      for (std::size_t j = i; j-- > 0 && z[j] > 0.5 * limit;) {
        rejected[j] = 1;
      }
    }
  }
  return static_cast<int>(std::count(rejected.begin(), rejected.end(), 1));
}

}  // namespace rvfit
