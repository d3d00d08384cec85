// SPDX-License-Identifier: MIT

#include "support/place_of.hpp"
#include "support/same_fit.hpp"
#include "support/shared_data.hpp"
#include "support/simulated_stars.hpp"
#include "support/tolerance.hpp"
#include <rvfit/pipeline/fitter.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test::fitter {

using Model = ForwardModel<Float>;

/// Three stars in three coarse arms, and a model of them.
struct Stars {
  EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  Float::execution_space exec;
  Model model{exec, emulator};
  SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 3, .seed = 31});
  Observations<Float> data = stars.observations<Float>(exec);

  [[nodiscard]] Fitter<Model> plan(const FitOptions& options = {}, int capacity = 3) const {
    return {exec, model, data, capacity, options};
  }
  [[nodiscard]] Matrix<const double, Float> truth() const {
    return upload_matrix<Matrix<const double, Float>>(exec, "truth", stars.theta, 3, 6);
  }
};

template <class Call>
std::string error_of(const Call& call) {
  return message_of<InvalidArgument>(call);
}

TEST_CASE("fitter: run is its phases one after another, bit for bit") {
  const Stars some;
  Fitter<Model> whole = some.plan(), phases = some.plan();
  phases.bind(some.exec, some.data);
  phases.scan(some.exec);
  phases.minimize(some.exec);
  phases.uncertainties(some.exec);
  const FitResult want = phases.result(some.exec);
  CHECK(want.size == 3);
  CHECK(want.arms == 3);
  CHECK(want.status == std::vector<FitStatus>(3, FitStatus::converged));
  check_same_fit(whole.run(some.exec, some.data), want);
}

TEST_CASE("fitter: run from given parameters is its phases with start, bit for bit") {
  const Stars some;
  Fitter<Model> whole = some.plan(), phases = some.plan();
  phases.bind(some.exec, some.data);
  phases.start(some.exec, some.truth());
  phases.minimize(some.exec);
  phases.uncertainties(some.exec);
  const FitResult want = phases.result(some.exec);
  for (std::size_t b = 0; b < 3; ++b) {
    CHECK(want.start_rv[b] == some.stars.theta[place_of(want.parameters, b, "rv")]);
    CHECK(std::isnan(want.second_rv[b]));  // one start has no second minimum
  }
  check_same_fit(whole.run(some.exec, some.data, some.truth()), want);
}

TEST_CASE("fitter: one plan serves batches of any size up to its capacity, again and again") {
  const Stars some;
  Fitter<Model> fitter = some.plan({}, 5);
  const FitResult first = fitter.run(some.exec, some.data);
  const FitResult last = fitter.run(some.exec, some.stars.observations<Float>(some.exec, {2}));
  REQUIRE(last.size == 1);
  for (std::size_t p = 0; p < 6; ++p) {
    CHECK(last.theta[p] == first.theta[2 * 6 + p]);
  }
  check_same_fit(fitter.run(some.exec, some.data), first);
}

TEST_CASE("fitter: models that are kept have the chi-squares of the result") {
  const Stars some;
  FitOptions options;
  options.keep_models = true;
  Fitter<Model> fitter = some.plan(options);
  const FitResult result = fitter.run(some.exec, some.data);
  const auto models = fitter.model_spectra(some.exec);
  REQUIRE(models.size() == 3);
  for (std::size_t a = 0; a < 3; ++a) {
    const auto n = static_cast<std::size_t>(some.stars.arms[a].pixels);
    REQUIRE(models[a].size() == 3 * n);
    for (std::size_t b = 0; b < 3; ++b) {
      double chi2 = 0.0, signal = 0.0;
      for (std::size_t i = b * n; i < (b + 1) * n; ++i) {
        const double weight = some.stars.weight[a][i];
        const auto model = static_cast<double>(models[a][i]);
        chi2 += std::pow(weight * (some.stars.flux[a][i] - model), 2);
        signal += std::pow(weight * model, 2);
      }
      // Model, flux and weight are rounded to float, each by eps / 2: 2 sum r w m eps, and |r|^2 is chi2.
      const double allowed = rounding<float>(4.0, std::sqrt(chi2 * signal));
      check_close("chi2", result.chi2[b * 3 + a], chi2, {allowed});
    }
  }
}

TEST_CASE("fitter: models that were not kept are refused") {
  const Stars some;
  Fitter<Model> fitter = some.plan();
  (void)fitter.run(some.exec, some.data);
  CHECK(error_of([&] { (void)fitter.model_spectra(some.exec); }) == "Fitter: models were not kept");
}

TEST_CASE("fitter: phases out of order are refused by name") {
  const Stars some;
  Fitter<Model> fitter = some.plan();
  const auto theta = some.truth();
  CHECK(error_of([&] { fitter.scan(some.exec); }) == "Fitter: scan must follow bind");
  CHECK(error_of([&] { fitter.start(some.exec, theta); }) == "Fitter: start must follow bind");
  fitter.bind(some.exec, some.data);
  CHECK(error_of([&] { fitter.minimize(some.exec); }) ==
        "Fitter: minimize must follow scan or start");
  fitter.scan(some.exec);
  CHECK(error_of([&] { fitter.uncertainties(some.exec); }) ==
        "Fitter: uncertainties must follow minimize");
  fitter.minimize(some.exec);
  CHECK(error_of([&] { (void)fitter.result(some.exec); }) ==
        "Fitter: result must follow uncertainties");
  CHECK(error_of([&] { (void)fitter.model_spectra(some.exec); }) ==
        "Fitter: model_spectra must follow uncertainties");
  fitter.uncertainties(some.exec);
  CHECK(error_of([&] { fitter.minimize(some.exec); }) ==
        "Fitter: minimize must follow scan or start");
}

TEST_CASE("fitter: a batch that is refused leaves nothing to go on with") {
  const Stars some;
  Fitter<Model> fitter = some.plan({}, 2);
  fitter.bind(some.exec, some.stars.observations<Float>(some.exec, {0, 1}));
  CHECK(error_of([&] { fitter.bind(some.exec, some.data); }) ==
        "Objective: 3 spectra, planned for at most 2");
  CHECK(error_of([&] { fitter.scan(some.exec); }) == "Fitter: scan must follow bind");
}

TEST_CASE("fitter: starts of another shape are refused with both") {
  const Stars some;
  Fitter<Model> fitter = some.plan();
  fitter.bind(some.exec, some.data);
  const auto start_of = [&](int rows, int columns) {
    return error_of([&] {
      fitter.start(some.exec, allocate<Matrix<double, Float>>(some.exec, "start", rows, columns));
    });
  };
  CHECK(start_of(2, 6) == "Fitter: start is 2 x 6, wanted 3 x 6");
  CHECK(start_of(3, 5) == "Fitter: start is 3 x 5, wanted 3 x 6");
}

TEST_CASE("fitter: options that are none are refused with what would do") {
  const Stars some;
  const auto error_with = [&](const auto& change) {
    FitOptions options;
    options.parameters = some.model.parameters();
    change(options);
    return error_of([&] { (void)some.plan(options); });
  };
  CHECK(error_with([](FitOptions&) {}) == "no error");
  CHECK(error_with([](FitOptions& options) { (*options.parameters)["vsini"].upper = 1000.0; }) ==
        "Fitter: bounds of vsini are [0, 1000], the model's [0, 500]");
  CHECK(error_with([](FitOptions& options) { (*options.parameters)["rv"].lower = -2000.0; }) ==
        "Fitter: bounds of rv are [-2000, 1500], the model's [-1500, 1500]");
  CHECK(error_with([](FitOptions& options) {
          options.parameters = ParameterSet({{.name = "rv", .lower = -100.0, .upper = 100.0}});
        }) == "Fitter: parameters are rv, the model has " + some.model.parameters().names());
  CHECK(error_with([](FitOptions& options) {
          (*options.parameters)["vsini"].fixed = true;
          (*options.parameters)["vsini"].value = 700.0;
        }) == "ParameterSet: vsini is fixed at 700, outside its bounds [0, 500]");
  CHECK(error_with([](FitOptions& options) { options.tile = gemm_row_group + 1; }) ==
        "Objective: tile of " + std::to_string(gemm_row_group + 1) +
            " spectra, not a multiple of " + std::to_string(gemm_row_group));
}

TEST_CASE("fitter: a fixed parameter keeps its value, and has no error") {
  const Stars some;
  FitOptions options;
  options.parameters = some.model.parameters();
  (*options.parameters)["vsini"].fixed = true;
  (*options.parameters)["vsini"].value = 12.5;
  const FitResult result = some.plan(options).run(some.exec, some.data);
  for (std::size_t b = 0; b < 3; ++b) {
    CHECK(result.theta[place_of(result.parameters, b, "vsini")] == 12.5);
    CHECK(std::isnan(result.error[place_of(result.parameters, b, "vsini")]));
    CHECK(result.error[place_of(result.parameters, b, "rv")] > 0.0);
  }
  CHECK(result.parameters["vsini"].fixed);
}

TEST_CASE("fitter: the size of a tile changes no bit") {
  const Stars some;
  FitOptions options;
  options.tile = gemm_row_group;
  const FitResult want = some.plan().run(some.exec, some.data);
  check_same_fit(some.plan(options).run(some.exec, some.data), want);
}

}  // namespace rvfit::test::fitter
