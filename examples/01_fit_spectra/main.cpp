// SPDX-License-Identifier: MIT
//
// Fit spectra that are arrays in memory: here 20 stars made from the emulator itself, with noise.
//
//   rvfit_fit_spectra programs/demo/emulator.fits

#include <rvfit/io/read_emulator.hpp>
#include <rvfit/rvfit.hpp>

#include <Kokkos_Core.hpp>

#include <cstdio>
#include <exception>
#include <random>
#include <vector>

using P = rvfit::Policy<Kokkos::DefaultExecutionSpace, float, double>;  // storage, sums
constexpr std::size_t stars = 20;
constexpr double snr = 30.0;

int run(const char* emulator) {
  const P::execution_space exec;
  const rvfit::ForwardModel<P> model(exec, rvfit::io::read_emulator(emulator));

  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(0.3, 0.7);
  std::vector<double> truth;  // (B, P)
  for (std::size_t b = 0; b < stars; ++b) {
    for (const rvfit::Parameter& p : model.parameters()) {
      const double lower = p.name == "rv" ? -300.0 : p.lower;
      const double upper = p.name == "rv" ? 300.0 : (p.name == "vsini" ? 100.0 : p.upper);
      truth.push_back(lower + (upper - lower) * uniform(random));
    }
  }
  rvfit::Observations<P> spectra;
  for (const auto& [arm, first] : {std::pair{"desi_b", 3600.0}, {"desi_r", 5760.0}}) {
    std::vector<double> wave, ivar;  // (N), (B, N)
    for (int i = 0; i < 2000; ++i) {
      wave.push_back(first + 0.8 * i);
    }
    std::vector<double> flux = rvfit::predict<P>(exec, model, truth, arm, wave);  // (B, N)
    for (double& value : flux) {
      const double sigma = value / snr;
      value += std::normal_distribution<double>(0.0, sigma)(random);
      ivar.push_back(1.0 / (sigma * sigma));
    }
    // Pixels of true spectra are left out where ivar <= 0, or flux or ivar is not finite.
    spectra.push_back(rvfit::upload_spectra<P>(
        exec, {.arm = arm, .size = stars, .wave = wave, .flux = flux, .ivar = ivar}));
  }

  const rvfit::FitResult fit = rvfit::fit_spectra(exec, model, spectra);

  std::printf("columns: %s\n", fit.parameters.names().c_str());
  std::size_t converged = 0;
  for (std::size_t b = 0, row = 0; b < stars; ++b, row += truth.size() / stars) {
    std::printf("star %zu: %s\n", b, rvfit::to_string(fit.status[b]));
    for (const auto& [label, values] :
         {std::pair{"fit", &fit.theta}, {"error", &fit.error}, {"true", &truth}}) {
      std::printf("  %-6s", label);
      for (std::size_t p = 0; p < truth.size() / stars; ++p) {
        std::printf(" %10.3f", (*values)[row + p]);
      }
      std::printf("\n");
    }
    converged += rvfit::is_converged(fit.status[b]) ? 1 : 0;
  }
  return converged == stars ? 0 : 1;
}

int main(int argc, char** argv) {
  const Kokkos::ScopeGuard kokkos(argc, argv);
  try {
    return run(argc > 1 ? argv[1] : "programs/demo/emulator.fits");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fit_spectra: %s\n", error.what());
    return 2;
  }
}
