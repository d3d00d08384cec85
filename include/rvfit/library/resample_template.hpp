// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// From a synthetic spectrum as its author sampled it to a template as an instrument's pixels would see it: line
/// spread and integration over pixels of a grid that is uniform in ln(wavelength), on the host in double.
///
/// In x = ln(wavelength), with pixels of width h at x_j and a Gaussian line spread of sigma s_j there,
///
///   T_j = 1/h int f(x) [Phi((x_j + h/2 - x) / s_j) - Phi((x_j - h/2 - x) / s_j)] dx,
///
/// Phi the normal distribution: the mean over the pixel of f convolved with the Gaussian of its centre. f is the
/// cubic spline through the samples, which are D apart. With a line spread the integral is the trapezoidal
/// rule's at steps d = min(D / 2, s_j / 1.25): f has frequencies up to pi / D, the bracket falls as
/// exp(-s_j^2 k^2 / 2), so that what the rule folds back to zero from 2 pi / d is below 1e-12 of f (Trefethen &
/// Weideman, SIAM Rev. 56, 385, 2014). Without one the spline is integrated over the pixel exactly.

#include <rvfit/core/require.hpp>
#include <rvfit/data/template_grid.hpp>
#include <rvfit/library/cubic_spline.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace rvfit {

/// Resamples spectra that share their wavelengths: what depends on these alone is made once.
class TemplateResampler {
 public:
  /// @param[in] wave   (N)  of the spectra, increasing            [Angstrom]
  /// @param[in] grid   of M pixels
  /// @param[in] sigma  (M)  of the Gaussian that is missing in the spectra at each pixel, 0: none  [Angstrom]
  /// @throws InvalidArgument  extents differ, a negative sigma, or spectra that do not reach all light of the
  ///                          pixels (six sigma on either side)
  TemplateResampler(std::span<const double> wave, const TemplateGrid& grid,
                    std::span<const double> sigma)
      : grid_(grid), spline_(logarithms(wave)) {
    const auto pixels = static_cast<std::size_t>(grid.size);
    RVFIT_REQUIRE(sigma.size() == pixels, "TemplateResampler: ", sigma.size(), " sigmas for ",
                  pixels, " pixels");
    double least = 0.0;  // smallest that is not 0
    for (std::size_t j = 0; j < pixels; ++j) {
      const double s = sigma[j] / grid.wave(static_cast<double>(j));
      RVFIT_REQUIRE(s >= 0.0 && std::isfinite(s), "TemplateResampler: sigma is ", sigma[j],
                    " at pixel ", j);
      spread_.push_back(s);
      least = s > 0.0 && (least == 0.0 || s < least) ? s : least;
      require_light(center(j) - reach(s), center(j) + reach(s));
    }
    if (least > 0.0) {
      step_ = std::min(least / samples_per_sigma, 0.5 * spacing(wave));
      origin_ = std::max(center(0) - reach(largest()), spline_.front());
      const double end = std::min(center(pixels - 1) + reach(largest()), spline_.back());
      samples_.resize(static_cast<std::size_t>((end - origin_) / step_) + 1);
      windows_.resize(pixels);
      for (std::size_t j = 0; j < pixels; ++j) {
        if (spread_[j] > 0.0) {
          add_weights(j);
        }
      }
    }
  }

  /// Wavelengths from and to which light reaches the pixels of a grid  [Angstrom].
  /// @param[in] sigma  (M)  as of the constructor
  [[nodiscard]] static std::pair<double, double> light(const TemplateGrid& grid,
                                                       std::span<const double> sigma) {
    const double reach[] = {sigmas * sigma.front() / grid.wave(0),
                            sigmas * sigma.back() / grid.wave(grid.size - 1)};
    return {grid.wave(-0.5) * std::exp(-reach[0]), grid.wave(grid.size - 0.5) * std::exp(reach[1])};
  }

  /// @param[in]  flux  (N)
  /// @param[out] out   (M)
  /// @throws InvalidArgument  extents differ
  void resample(std::span<const double> flux, std::span<double> out) {
    RVFIT_REQUIRE(out.size() == spread_.size(), "TemplateResampler: ", out.size(), " values for ",
                  spread_.size(), " pixels");
    spline_.set_values(flux);
    fill_samples();
    for (std::size_t j = 0; j < out.size(); ++j) {
      out[j] = spread_[j] > 0.0 ? spread_mean(j) : pixel_mean(j);
    }
  }

 private:
  static constexpr double samples_per_sigma = 1.25;
  static constexpr double sigmas = 6.0;  ///< beyond them 2e-9 of the light

  [[nodiscard]] static std::vector<double> logarithms(std::span<const double> wave) {
    std::vector<double> x(wave.size());
    std::transform(wave.begin(), wave.end(), x.begin(), [](double w) { return std::log(w); });
    return x;
  }

  /// Smallest distance of neighbours in ln(wavelength), or an eighth of the median if some are closer.
  [[nodiscard]] static double spacing(std::span<const double> wave) {
    std::vector<double> distance;
    for (std::size_t i = 1; i < wave.size(); ++i) {
      distance.push_back(std::log(wave[i] / wave[i - 1]));
    }
    const auto middle = distance.begin() + static_cast<std::ptrdiff_t>(distance.size() / 2);
    std::nth_element(distance.begin(), middle, distance.end());
    return std::max(*std::min_element(distance.begin(), middle + 1), *middle / 8.0);
  }

  [[nodiscard]] double center(std::size_t j) const {
    return grid_.origin + grid_.step * static_cast<double>(j);
  }
  [[nodiscard]] double reach(double s) const { return sigmas * s + 0.5 * grid_.step; }
  [[nodiscard]] double largest() const { return *std::max_element(spread_.begin(), spread_.end()); }

  void require_light(double first, double last) const {
    RVFIT_REQUIRE(first >= spline_.front() && last <= spline_.back(),
                  "TemplateResampler: pixels see ", std::exp(first), " to ", std::exp(last),
                  " Angstrom, the spectra have ", std::exp(spline_.front()), " to ",
                  std::exp(spline_.back()));
  }

  /// The spline at a uniform step.
  void fill_samples() {
    std::size_t i = samples_.empty() ? 0 : spline_.interval(origin_);
    for (std::size_t k = 0; k < samples_.size(); ++k) {
      const double x = origin_ + step_ * static_cast<double>(k);
      i = spline_.interval_from(i, x);
      samples_[k] = spline_.value(i, x);
    }
  }

  [[nodiscard]] double pixel_mean(std::size_t j) const {
    const double half = 0.5 * grid_.step;
    return spline_.integral(center(j) - half, center(j) + half) / grid_.step;
  }

  /// Weights of the samples that pixel j sees; they sum to 1, which keeps a constant what it is.
  void add_weights(std::size_t j) {
    const double scale = 1.0 / (std::sqrt(2.0) * spread_[j]), half = 0.5 * grid_.step;
    const double first = (center(j) - reach(spread_[j]) - origin_) / step_;
    const double last = (center(j) + reach(spread_[j]) - origin_) / step_;
    const auto from = static_cast<std::size_t>(std::max(std::ceil(first), 0.0));
    const auto to = std::min(static_cast<std::size_t>(last), samples_.size() - 1);
    const std::size_t begin = weights_.size();
    double sum = 0.0;
    for (std::size_t k = from; k <= to; ++k) {
      const double distance = center(j) - origin_ - step_ * static_cast<double>(k);
      weights_.push_back(std::erf((distance + half) * scale) - std::erf((distance - half) * scale));
      sum += weights_.back();
    }
    std::for_each(weights_.begin() + static_cast<std::ptrdiff_t>(begin), weights_.end(),
                  [&](double& weight) { weight /= sum; });
    windows_[j] = {from, begin, to - from + 1};
  }

  [[nodiscard]] double spread_mean(std::size_t j) const {
    const Window& window = windows_[j];
    return std::inner_product(
        weights_.begin() + static_cast<std::ptrdiff_t>(window.weight),
        weights_.begin() + static_cast<std::ptrdiff_t>(window.weight + window.count),
        samples_.begin() + static_cast<std::ptrdiff_t>(window.sample), 0.0);
  }

  /// The samples that a pixel sees, and where their weights are.
  struct Window {
    std::size_t sample = 0, weight = 0, count = 0;
  };

  TemplateGrid grid_;
  CubicSpline spline_;
  std::vector<double> spread_;  ///< (M)  of ln(wavelength)
  double origin_ = 0.0, step_ = 0.0;
  std::vector<double> samples_;
  std::vector<Window> windows_;  ///< (M)
  std::vector<double> weights_;
};

}  // namespace rvfit
