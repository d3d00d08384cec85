// SPDX-License-Identifier: MIT
//
// Fit macroturbulence, a stage that the library does not have, to 10 stars made with it.
//
//   rvfit_stage programs/demo/emulator.fits

#include "macroturbulence.hpp"
#include <rvfit/io/read_emulator.hpp>
#include <rvfit/rvfit.hpp>

#include <Kokkos_Core.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <random>
#include <vector>

using P = rvfit::Policy<Kokkos::DefaultExecutionSpace, float, double>;
using Model = rvfit::ForwardModel<P, rvfit::StageList<Macroturbulence>>;
constexpr std::size_t stars = 10;
constexpr double snr = 200.0;

int run(const char* emulator) {
  const P::execution_space exec;
  const Model model(exec, rvfit::io::read_emulator(emulator));
  const auto width = static_cast<std::size_t>(model.layout().width());  // column of vmac
  const auto columns = static_cast<std::size_t>(model.layout().size());

  std::mt19937 random(3);
  std::vector<double> truth, wave, ivar;  // (B, P), (N), (B, N)
  for (std::size_t b = 0; b < stars; ++b) {
    for (const rvfit::Parameter& p : model.parameters()) {
      truth.push_back(p.name == "rv" ? 20.0 : 0.5 * (p.lower + p.upper));
    }
    truth[b * columns + width] = 20.0 + 4.0 * static_cast<double>(b);
  }
  for (int i = 0; i < 2500; ++i) {
    wave.push_back(3600.0 + 0.8 * i);
  }
  std::vector<double> flux = rvfit::predict<P>(exec, model, truth, "desi_b", wave);
  for (double& value : flux) {
    const double sigma = value / snr;
    value += std::normal_distribution<double>(0.0, sigma)(random);
    ivar.push_back(1.0 / (sigma * sigma));
  }
  const rvfit::FitResult fit = rvfit::fit_spectra(
      exec, model,
      {rvfit::upload_spectra<P>(
          exec, {.arm = "desi_b", .size = stars, .wave = wave, .flux = flux, .ivar = ivar})});

  bool good = true;
  for (std::size_t b = 0; b < stars; ++b) {
    const double found = fit.theta[b * columns + width], error = fit.error[b * columns + width];
    const double wanted = truth[b * columns + width];
    std::printf("vmac %6.2f +- %5.2f km/s, true %6.2f\n", found, error, wanted);
    good = good && std::abs(found - wanted) < 5.0 * error;
  }
  return good ? 0 : 1;
}

int main(int argc, char** argv) {
  const Kokkos::ScopeGuard kokkos(argc, argv);
  try {
    return run(argc > 1 ? argv[1] : "programs/demo/emulator.fits");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stage: %s\n", error.what());
    return 2;
  }
}
