// SPDX-License-Identifier: MIT

/// @file
/// Errors of a fit against brute force: the posterior of rv on a fine grid of velocities, the exact
/// Hessian from differences of the objective's values.

#include <Eigen/LU>
#include <doctest/doctest.h>
#include <support/desi_observations.hpp>
#include <support/fits_of_batches.hpp>
#include <support/place_of.hpp>
#include <support/shared_data.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

namespace rvfit::test {

namespace {

/// A few stars, and what their fit says.
struct FittedStars {
  EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  SimulatedStars stars;
  Double::execution_space exec;
  ForwardModel<Double> model{exec, emulator};
  FitResult result;

  explicit FittedStars(const SimulationOptions& simulation, const FitOptions& options = {})
      : stars(simulate(emulator, coarse_arms(), simulation)),
        result(fit<Double>(exec, model, stars.observations<Double>(exec), options)) {}

  /// Objective of one star at points (n, 6).
  [[nodiscard]] std::vector<double> objective(int star, const std::vector<double>& theta) const {
    const std::vector<int> repeated(theta.size() / 6, star);
    return objective_values<Double>(exec, model, stars.observations<Double>(exec, repeated), theta);
  }

  [[nodiscard]] std::vector<double> solution(int star) const {
    const auto begin = result.theta.begin() + 6 * star;
    return {begin, begin + 6};
  }
};

struct Moments {
  double error, skewness, kurtosis;
};

/// Moments about the solution of exp(-objective / 2) on `count` velocities from `first` on.
Moments brute_force(const FittedStars& fitted, int star, double first, double step, int count) {
  const auto solution = fitted.solution(star);
  const std::size_t rv = place_of(fitted.model.parameters(), 0, "rv");
  std::vector<double> theta;
  for (int n = 0; n < count; ++n) {
    theta.insert(theta.end(), solution.begin(), solution.end());
    theta.back() = first + n * step;
  }
  const auto values = fitted.objective(star, theta);
  const double least = *std::min_element(values.begin(), values.end());
  double sum[5] = {};
  for (std::size_t n = 0; n < values.size(); ++n) {
    double term = std::exp(-0.5 * (values[n] - least));
    for (double& power : sum) {
      power += term;
      term *= theta[6 * n + rv] - solution[rv];
    }
  }
  const double variance = sum[2] / sum[0];
  return {std::sqrt(variance), sum[3] / sum[0] / std::pow(variance, 1.5),
          sum[4] / sum[0] / (variance * variance)};
}

}  // namespace

TEST_CASE("errors: the rv profile has the moments of the posterior on a fine grid") {
  const FittedStars fitted({.stars = 10, .seed = 31, .snr_min = 2.0, .snr_max = 40.0});
  for (int b = 0; b < 10; ++b) {
    const auto row = static_cast<std::size_t>(b);
    CAPTURE(b);
    REQUIRE(is_solution(fitted.result.status[row]));
    const double error = fitted.result.profile_error[row];
    const std::size_t place = place_of(fitted.result.parameters, row, "rv");
    const double rv = fitted.result.theta[place];
    const Moments want = brute_force(fitted, b, rv - 8.0 * error, error / 16.0, 257);
    // A cubic between velocities that are 1.25 errors apart: measured 2.5e-5, 7e-5 and 5e-4 (of 3).
    const double skewness = fitted.result.profile_skewness[row];
    const double kurtosis = fitted.result.profile_kurtosis[row];
    CHECK(std::abs(error / want.error - 1.0) < 5e-4);  // margin 20
    CHECK(std::abs(skewness - want.skewness) < 1e-3);  // margin 14
    CHECK(std::abs(kurtosis - want.kurtosis) < 1e-2);  // margin 19
    // Other parameters known, rv is known better than with them; a hundredth is the posterior's skewness.
    CHECK(error < 1.01 * fitted.result.error[place]);
  }
}

TEST_CASE("errors: the rv profile of a spectrum of noise widens until it holds the posterior") {
  const FittedStars fitted({.stars = 6, .seed = 8, .snr_min = 0.05, .snr_max = 0.1});
  for (int b = 0; b < 6; ++b) {
    const auto row = static_cast<std::size_t>(b);
    CAPTURE(b);
    const Moments want = brute_force(fitted, b, -1500.0, 2.5, 1201);
    // Bumps of the likelihood within a window of a few thousand km/s are not all resolved.
    CHECK(fitted.result.profile_error[row] > 0.5 * want.error);
    CHECK(fitted.result.profile_error[row] < 2.0 * want.error);
  }
}

TEST_CASE("errors: without a profile its columns are NaN") {
  FitOptions options;
  options.profile.enabled = false;
  const FittedStars fitted({.stars = 1}, options);
  CHECK(std::isnan(fitted.result.profile_error[0]));
  CHECK(std::isnan(fitted.result.profile_kurtosis[0]));
}

TEST_CASE("errors: the exact Hessian is that of the objective's values") {
  FitOptions options;
  options.hessian = HessianKind::exact;
  options.solver.tolerance = 1e-9;  // differences are taken about the minimum itself
  const SimulationOptions simulation{.stars = 4, .seed = 17, .snr_min = 15.0, .snr_max = 40.0};
  const FittedStars fitted(simulation, options);
  const FittedStars gauss_newton(simulation);
  double largest = 0.0;
  for (int b = 0; b < 4; ++b) {
    if (fitted.result.bound_flags[static_cast<std::size_t>(b)] != 0) {
      continue;
    }
    CAPTURE(b);
    // Mixed second differences of values, a tenth of an error to either side.
    const auto solution = fitted.solution(b);
    std::vector<double> step, theta;
    for (std::size_t p = 0; p < 6; ++p) {
      step.push_back(0.1 * fitted.result.error[static_cast<std::size_t>(b) * 6 + p]);
    }
    for (std::size_t p = 0; p < 6; ++p) {
      for (std::size_t q = 0; q < 6; ++q) {
        for (const auto& [up, uq] : {std::pair{1, 1}, {1, -1}, {-1, 1}, {-1, -1}}) {
          theta.insert(theta.end(), solution.begin(), solution.end());
          theta[theta.size() - 6 + p] += up * step[p];
          theta[theta.size() - 6 + q] += uq * step[q];
        }
      }
    }
    const auto values = fitted.objective(b, theta);
    Eigen::MatrixXd hessian(6, 6);
    for (Eigen::Index p = 0; p < 6; ++p) {
      for (Eigen::Index q = 0; q < 6; ++q) {
        const double* v = &values[static_cast<std::size_t>(4 * (6 * p + q))];
        hessian(p, q) = (v[0] - v[1] - v[2] + v[3]) / (4.0 * step[static_cast<std::size_t>(p)] *
                                                       step[static_cast<std::size_t>(q)]);
      }
    }
    const Eigen::MatrixXd covariance = 2.0 * hessian.inverse();
    for (Eigen::Index p = 0; p < 6; ++p) {
      const std::size_t place = static_cast<std::size_t>(6 * b + p);
      CAPTURE(p);
      const double error = fitted.result.error[place];
      // Curvatures change along the way of a tenth of an error: measured 2e-6, margin 25.
      CHECK(std::abs(error / std::sqrt(covariance(p, p)) - 1.0) < 5e-5);
      largest = std::max(largest, std::abs(error / gauss_newton.result.error[place] - 1.0));
    }
  }
  // The two Hessians differ, or this test would say nothing: measured 0.011.
  CHECK(largest > 0.008);
}

TEST_CASE("errors: of two superposed stars the fainter is the second minimum") {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 2, .seed = 12, .rv_max = 0.0});
  // Star 0 at its own velocity, and most of it again at another.
  const Double::execution_space exec;
  const ForwardModel<Double> model(exec, emulator);
  std::vector<double> both(stars.theta.begin(), stars.theta.begin() + 6);
  both[place_of(model.parameters(), 0, "vsini")] = 10.0;
  both.insert(both.end(), both.begin(), both.begin() + 6);
  both[place_of(model.parameters(), 0, "rv")] = -900.0;
  both[place_of(model.parameters(), 1, "rv")] = 1000.0;
  const auto flux = predict<Double>(exec, model, both, layout<Double>(exec, coarse_arms()));
  for (std::size_t a = 0; a < flux.size(); ++a) {
    const std::size_t n = flux[a].size() / 2;
    for (std::size_t i = 0; i < n; ++i) {
      stars.flux[a][i] = flux[a][i] + 0.8 * flux[a][n + i];
      stars.weight[a][i] = 20.0 / flux[a][n / 2];
    }
  }
  FitOptions options;
  options.starts.least_separation = 400.0;  // a pixel is as wide as 300 km/s
  options.parameters = model.parameters();
  (*options.parameters)["vsini"].fixed = true;  // or one broad line would do for both
  (*options.parameters)["vsini"].value = 10.0;
  const auto result = fit<Double>(exec, model, stars.observations<Double>(exec, {0}), options);
  // A tenth of a pixel: each star's lines are noise to the other. Measured 14 and 10 km/s.
  constexpr double near = 30.0;
  CHECK(std::abs(result.theta[place_of(model.parameters(), 0, "rv")] + 900.0) < near);
  CHECK(std::abs(result.second_rv[0] - 1000.0) < near);
  CHECK(result.second_excess[0] > 0.0);
}

}  // namespace rvfit::test
