// SPDX-License-Identifier: MIT

/// @file
/// Bad spectra are statuses in their rows; bad calls are exceptions that say both extents.

#include <doctest/doctest.h>
#include <support/fits_of_batches.hpp>
#include <support/shared_data.hpp>
#include <support/simulated_stars.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::test {

/// Stars of which one is spoiled by `spoil(flux, weight, arm)`, called for each arm's pixel ranges.
template <class Spoil>
SimulatedStars spoiled(const EmulatorData& emulator, int victim, const Spoil& spoil) {
  SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 5, .seed = 21});
  for (std::size_t a = 0; a < stars.arms.size(); ++a) {
    const auto n = static_cast<std::size_t>(stars.arms[a].pixels);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t index = static_cast<std::size_t>(victim) * n + i;
      spoil(a, i, stars.flux[a][index], stars.weight[a][index]);
    }
  }
  return stars;
}

/// Fit good and spoiled batches; every row but the victim's must be the same.
template <class Spoil>
FitResult fit_spoiled(const Spoil& spoil) {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const Float::execution_space exec;
  const ForwardModel<Float> model(exec, emulator);
  constexpr int victim = 2;
  const auto good = fit<Float>(
      exec, model, spoiled(emulator, victim, [](auto...) {}).template observations<Float>(exec));
  auto bad =
      fit<Float>(exec, model, spoiled(emulator, victim, spoil).template observations<Float>(exec));
  for (std::size_t b = 0; b < 5; ++b) {
    if (b != victim) {
      CHECK(bad.status[b] == good.status[b]);
      for (std::size_t p = 0; p < 6; ++p) {
        CHECK(bad.theta[b * 6 + p] == good.theta[b * 6 + p]);
      }
    }
  }
  return bad;
}

TEST_CASE("status: a spectrum without good pixels is no_valid_pixels, its row NaN") {
  const auto result =
      fit_spoiled([](std::size_t, std::size_t, double&, double& weight) { weight = 0.0; });
  CHECK(result.status[2] == FitStatus::no_valid_pixels);
  CHECK(std::isnan(result.theta[2 * 6]));
  CHECK(std::isnan(result.neg2_log_like[2]));
  CHECK(result.pixels[2 * 3] == 0);
}

TEST_CASE("status: a spectrum with one arm missing is fitted from the others") {
  const auto result = fit_spoiled([](std::size_t arm, std::size_t, double&, double& weight) {
    weight = arm == 1 ? 0.0 : weight;
  });
  CHECK(result.status[2] == FitStatus::converged);
  CHECK(result.pixels[2 * 3 + 1] == 0);
  CHECK(result.chi2[2 * 3 + 1] == 0.0);
  CHECK(result.chi2[2 * 3] > 0.0);
}

TEST_CASE("status: an arm with hardly any good pixels does no harm") {
  for (const std::size_t good : {5, 11, 40}) {
    CAPTURE(good);
    const auto result = fit_spoiled([&](std::size_t arm, std::size_t i, double&, double& weight) {
      weight = arm == 1 && i >= good ? 0.0 : weight;
    });
    CHECK(result.status[2] == FitStatus::converged);
    CHECK(std::isfinite(result.neg2_log_like[2]));
    // Ten continuum columns leave nothing of five pixels.
    CHECK((result.pixels[2 * 3 + 1] > 0) == (good > 10));
  }
}

TEST_CASE("status: flux that is not finite where the weight is not zero ends as non_finite") {
  // Preparation masks such pixels; a caller who does not must still get a status.
  const auto result = fit_spoiled([](std::size_t, std::size_t i, double& flux, double&) {
    flux = i == 100 ? std::numeric_limits<double>::quiet_NaN() : flux;
  });
  CHECK(result.status[2] == FitStatus::non_finite);
  CHECK(std::isnan(result.theta[2 * 6]));
}

TEST_CASE("status: zero flux, constant flux and huge outliers end with a status") {
  const auto zero =
      fit_spoiled([](std::size_t, std::size_t, double& flux, double&) { flux = 0.0; });
  CHECK(zero.status[2] != FitStatus::running);
  const auto constant =
      fit_spoiled([](std::size_t, std::size_t, double& flux, double&) { flux = 1.0; });
  CHECK(constant.status[2] != FitStatus::running);
  const auto outliers = fit_spoiled([](std::size_t, std::size_t i, double& flux, double&) {
    flux = i % 50 == 7 ? 1e6 * flux : flux;
  });
  CHECK(outliers.status[2] != FitStatus::running);
  CHECK(outliers.chi2[2 * 3] > 1e6);
}

TEST_CASE("calls: extents that differ throw with both") {
  const Float::execution_space exec;
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const ForwardModel<Float> model(exec, emulator);
  const auto stars = simulate(emulator, coarse_arms(), {.stars = 3});
  const auto data = stars.observations<Float>(exec);
  Fitter<ForwardModel<Float>> fitter(exec, model, data, 2, {});
  CHECK_THROWS_WITH_AS(fitter.bind(exec, data), "Objective: 3 spectra, planned for at most 2",
                       InvalidArgument);
  Observations<Float> resolved = stars.observations<Float>(exec, {0, 1});
  resolved[2].resolution = allocate<Cube<float, Float>>(exec, "resolution", 1, 11, 577);
  CHECK_THROWS_WITH_AS(fitter.bind(exec, resolved),
                       "Objective: arm desi_z has a resolution matrix, planned for without",
                       InvalidArgument);
  const Matrix<const float, Float> flux = data[0].flux;
  const Matrix<const float, Float> other = data[1].weight;
  CHECK_THROWS_WITH_AS(
      static_cast<void>(make_spectrum_batch<Float>(exec, "desi_b", data[0].wave, flux, other)),
      "desi_b: flux is 3 x 551, weight is 3 x 466", InvalidArgument);
  Observations<Float> unknown = data;
  unknown[0].arm = "sdss1";
  CHECK_THROWS_WITH_AS(Fitter<ForwardModel<Float>>(exec, model, unknown, 3, {}),
                       "EmulatorData: no arm 'sdss1', there are: desi_b, desi_r, desi_z",
                       InvalidArgument);
}

TEST_CASE("calls: wavelengths beyond the emulator throw, with the arm and what is missing") {
  const Float::execution_space exec;
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const ForwardModel<Float> model(exec, emulator);
  auto arms = coarse_arms();
  arms[0].first = 3000.0;
  auto data = layout<Float>(exec, arms);
  for (auto& batch : data) {
    batch.flux = allocate<Matrix<float, Float>>(exec, "flux", 1, batch.wave.extent(1));
  }
  try {
    const Fitter<ForwardModel<Float>> fitter(exec, model, data, 1, {});
    FAIL("no exception");
  } catch (const InvalidArgument& error) {
    const std::string text = error.what();
    CHECK(text.find("arm desi_b") != std::string::npos);
    CHECK(text.find("the data reach from 3000") != std::string::npos);
    CHECK(text.find("Angstrom missing below") != std::string::npos);
  }
}

TEST_CASE("calls: spectra of other wavelengths than planned for throw") {
  const Float::execution_space exec;
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const ForwardModel<Float> model(exec, emulator);
  const auto data = simulate(emulator, coarse_arms(), {.stars = 2}).observations<Float>(exec);
  auto shifted_arms = coarse_arms();
  shifted_arms[1].first += 1.0;
  const auto shifted = simulate(emulator, shifted_arms, {.stars = 2}).observations<Float>(exec);
  Fitter<ForwardModel<Float>> fitter(exec, model, data, 2, {});
  fitter.bind(exec, simulate(emulator, coarse_arms(), {.stars = 2}).observations<Float>(exec));
  CHECK_THROWS_WITH_AS(fitter.bind(exec, shifted),
                       "Objective: arm desi_r has other wavelengths than planned for",
                       InvalidArgument);
}

TEST_CASE("status: what a plan fitted before leaves no trace, not even in an arm left out") {
  const Float::execution_space exec;
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const ForwardModel<Float> model(exec, emulator);
  SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 2, .seed = 21});
  for (std::size_t i = 9; i < 551; ++i) {
    stars.weight[0][i] = 0.0;  // nine good pixels, fewer than continuum columns
  }
  const auto data = stars.observations<Float>(exec, {0});
  const auto fresh = fit<Float>(exec, model, data);
  Fitter<ForwardModel<Float>> fitter(exec, model, data, 1, {});
  static_cast<void>(fitter.run(exec, stars.observations<Float>(exec, {1})));
  const FitResult second = fitter.run(exec, data);
  for (std::size_t p = 0; p < 6; ++p) {
    CHECK(second.theta[p] == fresh.theta[p]);
  }
  CHECK(second.iterations[0] == fresh.iterations[0]);
}

}  // namespace rvfit::test
