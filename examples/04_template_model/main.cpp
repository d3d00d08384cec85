// SPDX-License-Identifier: MIT
//
// Fit spectra with a model of one's own: the calcium triplet of 200 made-up stars, whose pulls,
// (fit - truth) / error, must scatter by 1.

#include "calcium_triplet.hpp"
#include <rvfit/rvfit.hpp>

#include <Kokkos_Core.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <random>
#include <vector>

using P = rvfit::Policy<Kokkos::DefaultExecutionSpace, double, double>;  // storage, sums
constexpr std::size_t stars = 200;

int run() {
  const P::execution_space exec;
  const CalciumTriplet<P> model;

  // Spectra of S/N 50 in 500 pixels, with a flux calibration that is wrong by a slope.
  std::mt19937 random(1);
  std::vector<double> wave, truth;  // (N), (B, P)
  for (int i = 0; i < 500; ++i) {
    wave.push_back(8450.0 + 0.5 * i);
  }
  for (std::size_t b = 0; b < stars; ++b) {
    truth.push_back(std::uniform_real_distribution<double>(0.5, 3.0)(random));
    truth.push_back(std::uniform_real_distribution<double>(20.0, 60.0)(random));
    truth.push_back(std::uniform_real_distribution<double>(-400.0, 400.0)(random));
  }
  std::vector<double> flux = rvfit::predict<P>(exec, model, truth, "triplet", wave);  // (B, N)
  const std::vector<double> ivar(flux.size(), 50.0 * 50.0);
  std::normal_distribution<double> noise(0.0, 1.0 / 50.0);
  for (std::size_t n = 0; n < flux.size(); ++n) {
    const double slope = 0.1 * static_cast<double>(n % wave.size()) / 500.0;
    flux[n] = flux[n] * (1.0 + slope) + noise(random);
  }

  const rvfit::Observations<P> spectra{rvfit::upload_spectra<P>(
      exec, {.arm = "triplet", .size = stars, .wave = wave, .flux = flux, .ivar = ivar})};
  rvfit::FitOptions options;
  options.continuum = {.kind = rvfit::ContinuumKind::chebyshev, .columns = 3};
  const rvfit::FitResult fit = rvfit::fit_spectra(exec, model, spectra, options);

  bool good = true;
  for (std::size_t p = 0; p < 3; ++p) {
    double sum = 0.0;
    for (std::size_t n = p; n < truth.size(); n += 3) {
      sum += std::pow((fit.theta[n] - truth[n]) / fit.error[n], 2) / stars;
    }
    const rvfit::Parameter& parameter = fit.parameters[static_cast<int>(p)];
    std::printf("%-6s %-5s star 0: %8.3f +- %.3f, true %8.3f   pulls of all: %.2f\n",
                parameter.name.c_str(), parameter.unit.c_str(), fit.theta[p], fit.error[p],
                truth[p], std::sqrt(sum));
    good = good && std::abs(sum - 1.0) < 5.0 * std::sqrt(2.0 / stars);  // scatter of a chi-square
  }
  return good ? 0 : 1;
}

int main(int argc, char** argv) {
  const Kokkos::ScopeGuard kokkos(argc, argv);
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "template_model: %s\n", error.what());
    return 2;
  }
}
