// SPDX-License-Identifier: MIT

/// @file
/// Several starts of a spectrum through whole fits: whose spectrum a fit reads, what a plan used before
/// leaves behind, bounds that hold fewer starts than wanted.

#include <doctest/doctest.h>
#include <support/fits_of_batches.hpp>
#include <support/place_of.hpp>
#include <support/shared_data.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test {

namespace {

struct Stars {
  EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  SimulatedStars stars;
  Double::execution_space exec;
  ForwardModel<Double> model{exec, emulator};

  explicit Stars(int size)
      : stars(simulate(emulator, coarse_arms(), {.stars = size, .seed = 77})) {}
};

/// All starts followed to their end.
FitOptions patient() {
  FitOptions options;
  options.starts.least_gain = 0.0;
  options.starts.most_excess = 10.0;
  options.starts.margin = 1e9;
  return options;
}

void check_same(const FitResult& a, std::size_t row_a, const FitResult& b, std::size_t row_b) {
  CHECK(a.status[row_a] == b.status[row_b]);
  CHECK(a.neg2_log_like[row_a] == b.neg2_log_like[row_b]);
  CHECK(a.profile_error[row_a] == b.profile_error[row_b]);
  for (std::size_t p = 0; p < 6; ++p) {
    CHECK(a.theta[row_a * 6 + p] == b.theta[row_b * 6 + p]);
  }
}

}  // namespace

TEST_CASE("starts: fluxes of 1e-19 are scanned in float, where squared weights overflow") {
  const Stars some(5);
  const ForwardModel<Float> model(some.exec, some.emulator);
  const auto data = some.stars.observations<Float>(some.exec);
  auto faint = data;
  for (SpectrumBatch<Float>& arm : faint) {
    const auto scaled = [&](const auto& values, float factor) {
      const auto host = download(some.exec, values);
      std::vector<float> numbers(host.data(), host.data() + host.size());
      for (float& x : numbers) {
        x *= factor;
      }
      return upload_matrix<Matrix<const float, Float>>(some.exec, "scaled", numbers, host.extent(0),
                                                       host.extent(1));
    };
    arm = make_spectrum_batch<Float>(some.exec, arm.arm, arm.wave, scaled(arm.flux, 0x1p-66F),
                                     scaled(arm.weight, 0x1p66F));
  }
  const FitResult want = fit<Float>(some.exec, model, data, {});
  const FitResult got = fit<Float>(some.exec, model, faint, {});
  for (std::size_t b = 0; b < 5; ++b) {
    CAPTURE(b);
    CHECK(std::isfinite(got.start_rv[b]));
    CHECK(got.start_rv[b] == want.start_rv[b]);
    CHECK(got.status[b] == want.status[b]);
  }
}

TEST_CASE("starts: every fit reads its own spectrum's wavelengths and resolution matrix") {
  const Stars some(5);
  auto data = some.stars.observations<Double>(some.exec);
  for (SpectrumBatch<Double>& arm : data) {
    const std::size_t pixels = arm.wave.extent(1);
    // The shared wavelengths as rows of their own, and three diagonals that differ from star to star.
    const auto shared = download(some.exec, arm.wave);
    std::vector<double> wave, matrix;
    for (std::size_t b = 0; b < 5; ++b) {
      wave.insert(wave.end(), shared.data(), shared.data() + pixels);
      const double wing = 0.05 * static_cast<double>(b + 1);
      matrix.insert(matrix.end(), pixels, wing);
      matrix.insert(matrix.end(), pixels, 1.0 - 2.0 * wing);
      matrix.insert(matrix.end(), pixels, wing);
    }
    arm = make_spectrum_batch<Double>(
        some.exec, arm.arm,
        upload_matrix<Matrix<const double, Double>>(some.exec, "wave", wave, 5, pixels), arm.flux,
        arm.weight,
        upload_cube<Cube<const double, Double>>(some.exec, "resolution", matrix, 5, 3, pixels));
  }
  const auto together = fit<Double>(some.exec, some.model, data, patient());
  const auto row = [&](std::size_t b) {
    Observations<Double> one;
    const auto range = Kokkos::pair(b, b + 1);
    for (const SpectrumBatch<Double>& arm : data) {
      one.push_back(make_spectrum_batch<Double>(
          some.exec, arm.arm, Kokkos::subview(arm.wave, range, Kokkos::ALL),
          Kokkos::subview(arm.flux, range, Kokkos::ALL),
          Kokkos::subview(arm.weight, range, Kokkos::ALL),
          Kokkos::subview(arm.resolution, range, Kokkos::ALL, Kokkos::ALL)));
    }
    return one;
  };
  for (const std::size_t b : {0, 2, 4}) {
    CAPTURE(b);
    check_same(together, b, fit<Double>(some.exec, some.model, row(b), patient()), 0);
  }
}

TEST_CASE("starts: a plan used before, for more spectra and by a scan, leaves no trace") {
  const Stars some(7);
  const auto all = some.stars.observations<Double>(some.exec);
  const auto two = some.stars.observations<Double>(some.exec, {5, 6});
  const auto theta = upload_matrix<Matrix<const double, Double>>(
      some.exec, "theta",
      std::vector<double>(some.stars.theta.begin() + 30, some.stars.theta.end()), 2, 6);
  const auto run = [&](Fitter<ForwardModel<Double>>& fitter, const Observations<Double>& data,
                       bool scan) {
    fitter.bind(some.exec, data);
    scan ? fitter.scan(some.exec) : fitter.start(some.exec, theta);
    fitter.minimize(some.exec);
    fitter.uncertainties(some.exec);
    return fitter.result(some.exec);
  };
  Fitter<ForwardModel<Double>> fresh(some.exec, some.model, two, 2, patient());
  Fitter<ForwardModel<Double>> used(some.exec, some.model, all, 9, patient());
  const FitResult of_all = run(used, all, true);
  const FitResult scanned = run(used, two, true);
  const FitResult started = run(used, two, false);
  const FitResult started_fresh = run(fresh, two, false);
  for (std::size_t b = 0; b < 2; ++b) {
    CAPTURE(b);
    check_same(of_all, b + 5, scanned, b);
    check_same(started, b, started_fresh, b);
    CHECK(std::isnan(started.second_rv[b]));
    CHECK(started.start_rv[b] == some.stars.theta[place_of(some.model.parameters(), b + 5, "rv")]);
  }
}

TEST_CASE("starts: one start, and bounds that hold no second, name no second minimum") {
  const Stars some(3);
  const auto data = some.stars.observations<Double>(some.exec);
  FitOptions one;
  one.scan.candidates = 1;
  FitOptions narrow;
  narrow.parameters = some.model.parameters();
  for (std::size_t b = 0; b < 3; ++b) {
    const double rv = some.stars.theta[place_of(some.model.parameters(), b, "rv")];
    (*narrow.parameters)["rv"].lower = rv - 80.0;
    (*narrow.parameters)["rv"].upper = rv + 80.0;
    const auto star = some.stars.observations<Double>(some.exec, {static_cast<int>(b)});
    const auto result = fit<Double>(some.exec, some.model, star, narrow);
    CHECK(result.status[0] == FitStatus::converged);
    CHECK(std::isnan(result.second_excess[0]));
  }
  const auto result = fit<Double>(some.exec, some.model, data, one);
  const auto several = fit<Double>(some.exec, some.model, data);
  for (std::size_t b = 0; b < 3; ++b) {
    CHECK(std::isnan(result.second_rv[b]));
    check_same(result, b, several, b);
  }
}

TEST_CASE("starts: a fixed rv has no posterior; options that are none are refused") {
  const Stars some(1);
  const auto data = some.stars.observations<Double>(some.exec);
  FitOptions options;
  options.parameters = some.model.parameters();
  (*options.parameters)["rv"].fixed = true;
  (*options.parameters)["rv"].value =
      some.stars.theta[place_of(some.model.parameters(), 0, "rv")] + 20.0;
  CHECK(std::isnan(fit<Double>(some.exec, some.model, data, options).profile_error[0]));
  options.starts.margin = std::nan("");
  CHECK_THROWS_AS((Fitter<ForwardModel<Double>>(some.exec, some.model, data, 1, options)),
                  InvalidArgument);
}

TEST_CASE("starts: after spectra that do not fit the plan, nothing can be fitted") {
  const Stars some(2);
  auto data = some.stars.observations<Double>(some.exec);
  Fitter<ForwardModel<Double>> fitter(some.exec, some.model, data, 2);
  fitter.bind(some.exec, data);
  data.back() = data.front();
  CHECK_THROWS_AS(fitter.bind(some.exec, data), InvalidArgument);
  CHECK_THROWS_AS(fitter.scan(some.exec), InvalidArgument);
}

}  // namespace rvfit::test
