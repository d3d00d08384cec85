// SPDX-License-Identifier: MIT

#include <rvfit/core/require.hpp>
#include <rvfit/library/resample_template.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

namespace {

/// Gaussian absorption lines on a sloping continuum: its convolution and pixel means are known.
struct Lines {
  struct Line {
    double center, sigma, depth;  ///< in ln(wavelength)
  };
  std::vector<Line> lines;

  Lines() {
    std::mt19937 random(5);
    std::uniform_real_distribution<double> u(0.0, 1.0);
    for (int n = 0; n < 60; ++n) {
      lines.push_back({std::log(4000.0 + 1000.0 * u(random)),
                       (10.0 + 20.0 * u(random)) / 299792.458, 0.1 + 0.6 * u(random)});
    }
  }

  [[nodiscard]] double at(double x) const {
    double flux = 2.0 + x - std::log(4500.0);
    for (const Line& line : lines) {
      flux -= line.depth * std::exp(-0.5 * std::pow((x - line.center) / line.sigma, 2));
    }
    return flux;
  }

  /// The same broadened by s in ln(wavelength), its mean from a to b: a difference of error functions.
  [[nodiscard]] double mean(double a, double b, double s) const {
    double flux = 2.0 + 0.5 * (a + b) - std::log(4500.0);
    for (const Line& line : lines) {
      const double wide = std::sqrt(2.0) * std::hypot(line.sigma, s);
      flux -= line.depth * line.sigma * std::sqrt(M_PI / 2.0) / (b - a) *
              (std::erf((b - line.center) / wide) - std::erf((a - line.center) / wide));
    }
    return flux;
  }
};

/// 0.1 Angstrom, as libraries of synthetic spectra have: 5 to 8 km/s.
std::vector<double> fine_wavelengths() {
  std::vector<double> wave;
  for (int i = 0; i <= 14000; ++i) {
    wave.push_back(3800.0 + 0.1 * i);
  }
  return wave;
}

const rvfit::TemplateGrid grid{std::log(4050.0), 20.0 / 299792.458, 3000};

std::vector<double> resampled(const std::vector<double>& wave, const std::vector<double>& sigma) {
  const Lines lines;
  std::vector<double> flux, out(sigma.size());
  for (const double w : wave) {
    flux.push_back(lines.at(std::log(w)));
  }
  rvfit::TemplateResampler(wave, grid, sigma).resample(flux, out);
  return out;
}

double largest_error(const std::vector<double>& out, const std::vector<double>& sigma) {
  const Lines lines;
  double largest = 0.0;
  for (std::size_t j = 0; j < out.size(); ++j) {
    const double x = grid.origin + grid.step * static_cast<double>(j);
    const double truth =
        lines.mean(x - 0.5 * grid.step, x + 0.5 * grid.step, sigma[j] / std::exp(x));
    largest = std::max(largest, std::abs(out[j] - truth));
  }
  return largest;
}

}  // namespace

// Lines have sigmas of 10 km/s or more, sampled at 5 to 8 km/s: measured errors are those of the spline, which
// falls as the fourth power of the sampling.
TEST_CASE("A template is the exact convolution, with a line spread that changes with wavelength") {
  std::vector<double> sigma;
  for (int j = 0; j < grid.size; ++j) {
    sigma.push_back(0.3 + 0.6 * j / grid.size);
  }
  // measured 3.6e-6
  CHECK(largest_error(resampled(fine_wavelengths(), sigma), sigma) < 1e-5);
}

TEST_CASE("A spectrum that ends where the light of the last pixel does is as exact") {
  const std::vector<double> none(static_cast<std::size_t>(grid.size), 0.0);
  const std::vector<double> wave = fine_wavelengths();
  const double last = rvfit::TemplateResampler::light(grid, none).second;
  for (const int samples : {1, 3, 9, 14}) {  // rows that are no whole registers
    const auto end = std::upper_bound(wave.begin(), wave.end(), last) + samples;
    const std::vector<double> cut(wave.begin(), end);
    const double largest = largest_error(resampled(cut, none), none);
    CAPTURE(largest);
    // the bound of the next test, for the same reason
    CHECK(largest < 5e-4);
  }
}

TEST_CASE("Without a line spread a template is the mean of the pixel") {
  const std::vector<double> none(static_cast<std::size_t>(grid.size), 0.0);
  // measured 2.3e-4
  CHECK(largest_error(resampled(fine_wavelengths(), none), none) < 5e-4);
}

TEST_CASE("Pixels with and without a line spread stand beside each other") {
  std::vector<double> sigma(static_cast<std::size_t>(grid.size), 0.5);
  std::fill_n(sigma.begin(), 1000, 0.0);
  // measured 2.3e-4, of the pixels without
  CHECK(largest_error(resampled(fine_wavelengths(), sigma), sigma) < 5e-4);
}

TEST_CASE("A narrow line spread is as exact as a wide one: the samples follow it") {
  std::vector<double> fine;  // 0.02 Angstrom
  for (int i = 0; i <= 70000; ++i) {
    fine.push_back(3800.0 + 0.02 * i);
  }
  for (const double angstrom : {0.02, 0.05, 0.2, 2.0}) {
    const std::vector<double> sigma(static_cast<std::size_t>(grid.size), angstrom);
    // measured 6e-10 to 2.5e-7
    CHECK(largest_error(resampled(fine, sigma), sigma) < 1e-6);
  }
}

TEST_CASE("A constant stays what it is, and a template is linear in the spectrum") {
  const std::vector<double> wave = fine_wavelengths();
  const std::vector<double> sigma(static_cast<std::size_t>(grid.size), 0.7);
  rvfit::TemplateResampler resampler(wave, grid, sigma);
  std::vector<double> flux(wave.size(), 3.0), out(sigma.size());
  resampler.resample(flux, out);
  for (const double value : out) {
    CHECK(value == doctest::Approx(3.0).epsilon(1e-14));  // rounding of weights that sum to 1
  }
}

TEST_CASE("Several spectra at a time are each as alone, to the bit") {
  const std::vector<double> wave = fine_wavelengths();
  const std::vector<double> sigma(static_cast<std::size_t>(grid.size), 0.7);
  const rvfit::TemplateResampler resampler(wave, grid, sigma);
  const Lines lines;
  std::vector<std::vector<double>> flux(6), out(6, std::vector<double>(sigma.size()));
  for (std::size_t b = 0; b < flux.size(); ++b) {
    for (const double w : wave) {
      flux[b].push_back(lines.at(std::log(w)) * (1.0 + 0.3 * static_cast<double>(b)));
    }
  }
  const std::vector<std::span<const double>> in(flux.begin(), flux.end());
  const std::vector<std::span<double>> into(out.begin(), out.end());
  resampler.resample(in, into);
  for (std::size_t b = 0; b < flux.size(); ++b) {
    std::vector<double> alone(sigma.size());
    resampler.resample(flux[b], alone);
    CHECK(alone == out[b]);
  }
  CHECK_THROWS_AS(resampler.resample(in, std::span(into).first(2)), rvfit::InvalidArgument);
}

TEST_CASE("Spectra that do not reach all light of the pixels are refused") {
  const std::vector<double> sigma(static_cast<std::size_t>(grid.size), 0.7);
  std::vector<double> wave = fine_wavelengths();
  wave.erase(wave.begin(), wave.begin() + 2600);
  CHECK_THROWS_AS(rvfit::TemplateResampler(wave, grid, sigma), rvfit::InvalidArgument);
  const std::vector<double> short_sigma(3, 0.7);
  CHECK_THROWS_WITH_AS(rvfit::TemplateResampler(fine_wavelengths(), grid, short_sigma),
                       "TemplateResampler: 3 sigmas for 3000 pixels", rvfit::InvalidArgument);
}

TEST_CASE("A spectrum with structure from sample to sample is integrated as its spline is") {
  const std::vector<double> wave = fine_wavelengths();
  std::mt19937 random(11);
  std::uniform_real_distribution<double> u(0.5, 1.5);
  std::vector<double> flux(wave.size()), x(wave.size());
  std::generate(flux.begin(), flux.end(), [&] { return u(random); });
  std::transform(wave.begin(), wave.end(), x.begin(), [](double w) { return std::log(w); });
  const rvfit::TemplateGrid few{std::log(4300.0), 20.0 / 299792.458, 40};
  const std::vector<double> sigma(40, 0.66);
  std::vector<double> out(40);
  rvfit::TemplateResampler(wave, few, sigma).resample(flux, out);
  rvfit::SampleWeights spline(x);
  for (std::size_t j = 0; j < out.size(); ++j) {
    const double center = few.origin + few.step * static_cast<double>(j);
    const double s = sigma[j] / std::exp(center), step = 3e-7;  // 80 to the distance of two samples
    double sum = 0.0;
    for (double at = center - 7.0 * s; at < center + 7.0 * s; at += step) {
      const double scale = 1.0 / (std::sqrt(2.0) * s), half = 0.5 * few.step;
      const double weight =
          std::erf((at - center + half) * scale) - std::erf((at - center - half) * scale);
      spline.add_value(at, weight);
      sum += weight;
    }
    const rvfit::SampleWeights::Row row = spline.take();
    double mean = 0.0;
    for (std::size_t k = 0; k < row.weights.size(); ++k) {
      mean += row.weights[k] * flux[row.first + k] / sum;
    }
    // measured 6e-7; 1e-4 with steps of half the distance of two samples
    CHECK(std::abs(out[j] - mean) < 3e-6);
  }
}
