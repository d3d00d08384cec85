// SPDX-License-Identifier: MIT

#include "support/place_of.hpp"
#include "support/same_fit.hpp"
#include "support/shared_data.hpp"
#include "support/simulated_stars.hpp"
#include <rvfit/pipeline/fit_spectra.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace rvfit::test::fit_of_spectra {

using Model = ForwardModel<Float>;

struct Stars {
  EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  Float::execution_space exec;
  Model model{exec, emulator};
  SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 4, .seed = 41});
  Observations<Float> data = stars.observations<Float>(exec);
};

TEST_CASE("fit_spectra: is a fitter planned for the spectra and run once, bit for bit") {
  const Stars some;
  const FitResult want =
      Fitter<Model>(some.exec, some.model, some.data, 4).run(some.exec, some.data);
  CHECK(want.status == std::vector<FitStatus>(4, FitStatus::converged));
  check_same_fit(fit_spectra(some.exec, some.model, some.data), want);
}

TEST_CASE("fit_spectra: options and starts reach the fit") {
  const Stars some;
  FitOptions options;
  options.parameters = some.model.parameters();
  (*options.parameters)["vsini"].fixed = true;
  (*options.parameters)["vsini"].value = 20.0;
  const FitResult fixed = fit_spectra(some.exec, some.model, some.data, options);
  const auto truth =
      upload_matrix<Matrix<const double, Float>>(some.exec, "truth", some.stars.theta, 4, 6);
  const FitResult started = fit_spectra(some.exec, some.model, some.data, {}, truth);
  for (std::size_t b = 0; b < 4; ++b) {
    CHECK(fixed.theta[place_of(fixed.parameters, b, "vsini")] == 20.0);
    CHECK(started.start_rv[b] == some.stars.theta[place_of(started.parameters, b, "rv")]);
  }
}

TEST_CASE("fit_spectra: arrays in memory give the fit of the views that they become") {
  const Stars some;
  Observations<Float> uploaded;
  for (std::size_t a = 0; a < 3; ++a) {
    const auto wave = download(some.exec, some.data[a].wave);
    const std::vector<double> grid(wave.data(), wave.data() + wave.size());
    std::vector<double> ivar;
    for (const double weight : some.stars.weight[a]) {
      ivar.push_back(weight * weight);
    }
    uploaded.push_back(upload_spectra<Float>(some.exec, {.arm = some.data[a].arm,
                                                         .size = 4,
                                                         .wave = grid,
                                                         .flux = some.stars.flux[a],
                                                         .ivar = ivar}));
  }
  const FitResult want = fit_spectra(some.exec, some.model, some.data);
  const FitResult got = fit_spectra(some.exec, some.model, uploaded);
  CHECK(got.pixels == want.pixels);
  CHECK(got.status == want.status);
  for (std::size_t n = 0; n < want.theta.size(); ++n) {
    // Weights went through ivar, a rounding each: far below the noise.
    CHECK(std::abs(got.theta[n] - want.theta[n]) < 1e-3 * want.error[n]);
  }
}

TEST_CASE("fit_spectra: spectra that are none, or not as many in each arm, are refused") {
  const Stars some;
  CHECK(message_of<InvalidArgument>([&] {
          (void)fit_spectra(some.exec, some.model, Observations<Float>{});
        }) == "fit_spectra: 0 arms, at least 1 wanted");
  Observations<Float> uneven = some.data;
  uneven[1] = some.stars.observations<Float>(some.exec, {0, 1})[1];
  CHECK(message_of<InvalidArgument>([&] { (void)fit_spectra(some.exec, some.model, uneven); }) ==
        "Objective: arm desi_r has 2 spectra, the first arm 4");
}

}  // namespace rvfit::test::fit_of_spectra
