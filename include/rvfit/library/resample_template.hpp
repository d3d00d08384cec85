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
/// rule's at steps d = min(D / 4, s_j / 1.25): it folds back to zero what f has near the frequency 2 pi / d
/// (Trefethen & Weideman, SIAM Rev. 56, 385, 2014), which falls as the fourth power of d for a spline. Without a
/// line spread the spline is integrated over the pixel exactly. Either is a sum of samples with weights that depend
/// on wavelengths alone: they are made once, and a template is their product with the samples.

#include <rvfit/core/pack.hpp>
#include <rvfit/core/require.hpp>
#include <rvfit/data/template_grid.hpp>
#include <rvfit/library/sample_weights.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace rvfit {

/// Resamples spectra that share their wavelengths.
class TemplateResampler {
 public:
  /// @param[in] wave   (N)  of the spectra, increasing            [Angstrom]
  /// @param[in] grid   of M pixels
  /// @param[in] sigma  (M)  of the Gaussian that is missing in the spectra at each pixel, 0: none  [Angstrom]
  /// @throws InvalidArgument  extents differ, a negative sigma, or spectra that do not reach all light of the
  ///                          pixels (six sigma on either side)
  TemplateResampler(std::span<const double> wave, const TemplateGrid& grid,
                    std::span<const double> sigma)
      : samples_(wave.size()) {
    const auto pixels = static_cast<std::size_t>(grid.size);
    RVFIT_REQUIRE(sigma.size() == pixels, "TemplateResampler: ", sigma.size(), " sigmas for ",
                  pixels, " pixels");
    SampleWeights spline(logarithms(wave));
    std::vector<double> spread;  // of ln(wavelength)
    double least = 0.0;          // smallest that is not 0
    for (std::size_t j = 0; j < pixels; ++j) {
      const double s = sigma[j] / grid.wave(static_cast<double>(j));
      RVFIT_REQUIRE(s >= 0.0 && std::isfinite(s), "TemplateResampler: sigma is ", sigma[j],
                    " at pixel ", j);
      spread.push_back(s);
      least = s > 0.0 && (least == 0.0 || s < least) ? s : least;
      const double x = grid.origin + grid.step * static_cast<double>(j);
      const double reach = sigmas * s + 0.5 * grid.step;
      require_light(spline, x - reach, x + reach);
    }
    const double step = std::min(least / samples_per_sigma, 0.25 * spacing(wave));
    for (std::size_t j = 0; j < pixels; ++j) {
      const double x = grid.origin + grid.step * static_cast<double>(j);
      if (spread[j] > 0.0) {
        add_spread_mean(spline, x, 0.5 * grid.step, spread[j], step);
      } else {
        spline.add_integral(x - 0.5 * grid.step, x + 0.5 * grid.step, 1.0 / grid.step);
      }
      append(spline.take());
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
  void resample(std::span<const double> flux, std::span<double> out) const {
    resample(std::span(&flux, 1), std::span(&out, 1));
  }

  /// The same of several spectra: weights, more numbers than a cache holds, are read once for all of them.
  /// @param[in]  flux  (B) spectra of (N)
  /// @param[out] out   (B) templates of (M)
  /// @throws InvalidArgument  extents differ
  void resample(std::span<const std::span<const double>> flux,
                std::span<const std::span<double>> out) const {
    RVFIT_REQUIRE(flux.size() == out.size(), "TemplateResampler: ", out.size(), " templates of ",
                  flux.size(), " spectra");
    for (std::size_t b = 0; b < flux.size(); ++b) {
      RVFIT_REQUIRE(flux[b].size() == samples_, "TemplateResampler: ", flux[b].size(),
                    " samples at ", samples_, " wavelengths");
      RVFIT_REQUIRE(out[b].size() == rows_.size(), "TemplateResampler: ", out[b].size(),
                    " values for ", rows_.size(), " pixels");
    }
    for (std::size_t j = 0; j < rows_.size(); ++j) {
      std::size_t b = 0;
      for (; b + at_a_time <= flux.size(); b += at_a_time) {
        sum<at_a_time>(j, &flux[b], &out[b]);
      }
      for (; b < flux.size(); ++b) {
        sum<1>(j, &flux[b], &out[b]);
      }
    }
  }

 private:
  static constexpr double samples_per_sigma = 1.25;
  static constexpr double sigmas = 6.0;          ///< beyond them 2e-9 of the light
  static constexpr double least_weight = 1e-18;  ///< of a row's largest that counts in double
  static constexpr std::size_t at_a_time = 4;    ///< spectra whose sums stay in registers
  static constexpr std::size_t whole = 16;       ///< rows have multiples of it, where there is room

  /// The samples that a pixel sees, and where their weights are.
  struct Row {
    std::size_t sample = 0, weight = 0, count = 0;
  };

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

  static void require_light(const SampleWeights& spline, double first, double last) {
    RVFIT_REQUIRE(first >= spline.front() && last <= spline.back(),
                  "TemplateResampler: pixels see ", std::exp(first), " to ", std::exp(last),
                  " Angstrom, the spectra have ", std::exp(spline.front()), " to ",
                  std::exp(spline.back()));
  }

  /// The trapezoidal rule at steps from the pixel's centre; its weights sum to 1, which keeps a constant.
  static void add_spread_mean(SampleWeights& spline, double x, double half, double s, double step) {
    const double scale = 1.0 / (std::sqrt(2.0) * s);
    const auto most = static_cast<std::size_t>(std::floor((sigmas * s + half) / step));
    std::vector<double> weights(2 * most + 1);
    for (std::size_t k = 0; k <= most; ++k) {
      const double d = step * static_cast<double>(k);
      weights[most + k] = std::erf((d + half) * scale) - std::erf((d - half) * scale);
      weights[most - k] = weights[most + k];
    }
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const double d = step * (static_cast<double>(k) - static_cast<double>(most));
      spline.add_value(x + d, weights[k] / sum);
    }
  }

  /// Keep a row from its first weight to its last that counts; zeros fill it up to whole registers.
  void append(const SampleWeights::Row& row) {
    const auto size = [](double a, double b) { return std::abs(a) < std::abs(b); };
    const double largest = *std::max_element(row.weights.begin(), row.weights.end(), size);
    const auto counts = [&](double w) { return !(std::abs(w) < least_weight * std::abs(largest)); };
    const auto first = std::find_if(row.weights.begin(), row.weights.end(), counts);
    const auto last = std::find_if(row.weights.rbegin(), row.weights.rend(), counts).base();
    const std::size_t sample = row.first + static_cast<std::size_t>(first - row.weights.begin());
    const auto count = static_cast<std::size_t>(last - first);
    const std::size_t filled = std::min((count + whole - 1) / whole * whole, samples_ - sample);
    rows_.push_back({sample, weights_.size(), filled});
    weights_.insert(weights_.end(), first, last);
    weights_.resize(weights_.size() + filled - count, 0.0);
  }

  using Lanes = Pack<double, native_pack_size<double>>;

  [[nodiscard]] static double sum_of(const Lanes& lanes) {
    std::array<double, Lanes::size> parts;
    store(lanes, parts.data());
    for (std::size_t half = parts.size() / 2; half > 0; half /= 2) {
      for (std::size_t p = 0; p < half; ++p) {
        parts[p] += parts[p + half];
      }
    }
    return parts[0];
  }

  /// Pixel j of `Spectra` spectra. Each spectrum's sum is of the same order, alone or beside others.
  template <std::size_t Spectra>
  void sum(std::size_t j, const std::span<const double>* flux, const std::span<double>* out) const {
    constexpr std::size_t lanes = Lanes::size, step = 2 * lanes;
    const Row& row = rows_[j];
    const double* weight = weights_.data() + row.weight;
    std::array<Lanes, Spectra> even, odd;
    even.fill(Lanes(0.0));
    odd.fill(Lanes(0.0));
    std::size_t k = 0;
    for (; k + step <= row.count; k += step) {
      const auto w0 = load<Lanes>(weight + k), w1 = load<Lanes>(weight + k + lanes);
      for (std::size_t b = 0; b < Spectra; ++b) {
        const double* sample = flux[b].data() + row.sample + k;
        even[b] += w0 * load<Lanes>(sample);
        odd[b] += w1 * load<Lanes>(sample + lanes);
      }
    }
    for (std::size_t b = 0; b < Spectra; ++b) {
      const double* sample = flux[b].data() + row.sample;
      double rest = 0.0;
      for (std::size_t r = k; r < row.count; ++r) {
        rest += weight[r] * sample[r];
      }
      out[b][j] = rest + sum_of(even[b] + odd[b]);
    }
  }

  std::size_t samples_;
  std::vector<Row> rows_;  ///< (M)
  std::vector<double> weights_;
};

}  // namespace rvfit
