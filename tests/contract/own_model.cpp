// SPDX-License-Identifier: MIT

/// @file
/// A model of a user's own meets TemplateModel and is fitted by the same code.

#include <rvfit/rvfit.hpp>

#include <doctest/doctest.h>
#include <support/line_model.hpp>
#include <support/policies.hpp>
#include <support/simulated_stars.hpp>

#include <cmath>
#include <vector>

namespace rvfit::test {

using Double = DoublePolicy;
static_assert(TemplateModel<LineModel<Double>, Double>);
static_assert(TemplateModel<ForwardModel<Double>, Double>);

TEST_CASE("own model: a line's depth, width and rv are found from the scan, with true errors") {
  const Double::execution_space exec;
  const LineModel<Double> model;
  constexpr int stars = 50, pixels = 400;
  NormalRandom random(8);
  std::vector<double> wave, theta;
  for (int i = 0; i < pixels; ++i) {
    wave.push_back(4950.0 + 0.25 * i);
  }
  for (int b = 0; b < stars; ++b) {
    theta.insert(theta.end(), {random.uniform(0.3, 0.8), random.uniform(40.0, 150.0),
                               random.uniform(-600.0, 600.0)});
  }
  std::vector<double> flux = predict<Double>(exec, model, theta, "line", wave);
  constexpr double sigma = 0.02;
  for (double& value : flux) {
    value += sigma * random.normal();
  }
  const std::vector<double> ivar(flux.size(), 1.0 / (sigma * sigma));
  const Observations<Double> data{upload_spectra<Double>(
      exec, {.arm = "line", .size = stars, .wave = wave, .flux = flux, .ivar = ivar})};
  FitOptions options;
  options.continuum = {.kind = ContinuumKind::chebyshev, .columns = 3};
  options.scan.templates = 8;
  const FitResult result = fit_spectra(exec, model, data, options);
  double sum = 0.0;
  for (std::size_t b = 0; b < stars; ++b) {
    CHECK(result.status[b] == FitStatus::converged);
    for (std::size_t p = 0; p < 3; ++p) {
      const double pull = (result.theta[b * 3 + p] - theta[b * 3 + p]) / result.error[b * 3 + p];
      CHECK(std::abs(pull) < 5.0);
      sum += pull * pull;
    }
  }
  // 150 unit pulls: their mean square has a scatter of sqrt(2 / 150) = 0.115, a third of this.
  CHECK(std::abs(sum / 150.0 - 1.0) < 0.35);
}

}  // namespace rvfit::test
