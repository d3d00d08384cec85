// SPDX-License-Identifier: MIT

/// @file
/// Gradient of the whole objective, in double, against differences of its values.

#include <rvfit/io/read_emulator.hpp>

#include <doctest/doctest.h>
#include <support/place_of.hpp>
#include <support/sampled_grid.hpp>
#include <support/shared_data.hpp>
#include <support/simulated_stars.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test {

/// Coefficients of the central difference of 8th order: its error is of order step^8.
constexpr std::array<double, 4> stencil = {4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0};

/// Steps in teff, logg, feh, alpha, vsini and rv: rounding of values of about 1e4 over the step, and
/// the step to the eighth power, are both far below the tolerance.
const std::vector<double> steps = {4.0, 0.01, 0.006, 0.004, 0.05, 0.02};

/// Resolution matrices (B, D, N) of the given stars.
using LineSpread = Cube<const double, Double> (*)(const std::vector<int>& who, std::size_t pixels);

/// One of its own for every star, of 11 diagonals.
Cube<const double, Double> broad_lines(const std::vector<int>& who, std::size_t pixels) {
  constexpr std::size_t diagonals = 11;
  std::vector<double> band;
  for (const int star : who) {
    for (std::size_t k = 0; k < diagonals; ++k) {
      for (std::size_t i = 0; i < pixels; ++i) {
        const double x = (static_cast<double>(k) - 5.2) / (0.7 + 0.1 * star);
        band.push_back(std::exp(-0.5 * x * x) *
                       (1.0 + 0.3 * std::sin(0.01 * static_cast<double>(i))));
      }
    }
  }
  return upload_cube<Cube<const double, Double>>(Double::execution_space(), "line spreads", band,
                                                 who.size(), diagonals, pixels);
}

/// The identity of 3 diagonals for all stars.
Cube<const double, Double> sharp_lines(const std::vector<int>&, std::size_t pixels) {
  std::vector<double> band(3 * pixels, 0.0);
  std::fill_n(band.begin() + static_cast<std::ptrdiff_t>(pixels), pixels, 1.0);
  return upload_cube<Cube<const double, Double>>(Double::execution_space(), "identity", band, 1, 3,
                                                 pixels);
}

/// Linearization of the given stars at the given points, one row each.
Linearization<Double> linearize(const ForwardModel<Double>& model, const ParameterSet& parameters,
                                const SimulatedStars& stars, const std::vector<int>& who,
                                const std::vector<double>& theta, bool derivatives,
                                LineSpread spread = nullptr) {
  const Double::execution_space exec;
  auto data = stars.observations<Double>(exec, who);
  for (auto& arm : data) {
    // One arm of three without, as a survey may have.
    if (spread != nullptr && arm.arm != "desi_r") {
      arm.resolution = spread(who, arm.wave.extent(1));
    }
  }
  const int size = static_cast<int>(who.size());
  Objective<Double, ForwardModel<Double>> objective(exec, model, parameters, data, size, {}, 64);
  objective.bind(exec, data);
  ActiveList<Double> all(exec, size);
  all.select(exec, size, size, KeepAll{});
  Linearization<Double> out(exec, size, parameters.size());
  const auto points = upload_matrix<Matrix<const double, Double>>(
      exec, "theta", theta, who.size(), static_cast<std::size_t>(parameters.size()));
  if (derivatives) {
    objective.linearize(exec, all, points, out);
  } else {
    objective.evaluate(exec, all, points, out);
  }
  exec.fence("test: linearization is complete");
  return out;
}

/// The gradient agrees with differences to 1e-7 of its size, or of its size one error away from the
/// minimum where it is smaller than that: measured 1.5e-8, margin 7.
void check_gradient(const ForwardModel<Double>& model, const ParameterSet& parameters,
                    const SimulatedStars& stars, const std::vector<double>& theta,
                    LineSpread spread = nullptr) {
  const Double::execution_space exec;
  const std::size_t n = steps.size();
  std::vector<int> everyone, repeated;
  std::vector<double> displaced;
  for (int b = 0; b < stars.size; ++b) {
    everyone.push_back(b);
    for (std::size_t p = 0; p < n; ++p) {
      for (const int k : {1, -1, 2, -2, 3, -3, 4, -4}) {
        repeated.push_back(b);
        const auto row = theta.begin() + static_cast<std::ptrdiff_t>(b * static_cast<int>(n));
        displaced.insert(displaced.end(), row, row + static_cast<std::ptrdiff_t>(n));
        displaced[displaced.size() - n + p] += k * steps[p];
      }
    }
  }
  const auto exact = linearize(model, parameters, stars, everyone, theta, true, spread);
  const auto gradient = download(exec, exact.gradient);
  const auto hessian = download(exec, exact.hessian);
  const auto values =
      download(exec, linearize(model, parameters, stars, repeated, displaced, false, spread).value);
  std::size_t next = 0;
  for (int b = 0; b < stars.size; ++b) {
    for (std::size_t p = 0; p < n; ++p) {
      double difference = 0.0;
      for (const double coefficient : stencil) {
        difference += coefficient * (values(next) - values(next + 1)) / steps[p];
        next += 2;
      }
      const double one_error_away = std::sqrt(2.0 * hessian(b, p, p));
      CAPTURE(b);
      CAPTURE(parameters[static_cast<int>(p)].name);
      CAPTURE(gradient(b, p));
      CAPTURE(difference);
      CHECK(std::abs(gradient(b, p) - difference) <=
            1e-7 * std::max(std::abs(gradient(b, p)), one_error_away));  // as stated above
    }
  }
}

TEST_CASE(
    "objective: the gradient is exact inside the domain, with resolution matrices too [OpenMP "
    "double]") {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 6});
  const ForwardModel<Double> model(Double::execution_space(), emulator);
  // Away from the truth, so that residuals are large.
  std::vector<double> theta = stars.theta;
  for (int b = 0; b < stars.size; ++b) {
    const auto at = [&](const char* name) -> double& {
      return theta[place_of(model.parameters(), static_cast<std::size_t>(b), name)];
    };
    at("teff") += 60.0;
    at("logg") -= 0.1;
    at("feh") += 0.07;
    at("alpha") -= 0.03;
    at("vsini") = 40.0 + 20.0 * b;
    at("rv") += 3.0;
  }
  check_gradient(model, model.parameters(), stars, theta);
  check_gradient(model, model.parameters(), stars, theta, broad_lines);
}

TEST_CASE("objective: the gradient is exact with priors and outside the domain [OpenMP double]") {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 3, .seed = 7});
  const ForwardModel<Double> model(Double::execution_space(), emulator);
  ParameterSet parameters = model.parameters();
  parameters["teff"].prior_mean = 5000.0;
  parameters["teff"].prior_sigma = 100.0;
  parameters["rv"].prior_mean = 20.0;
  parameters["rv"].prior_sigma = 5.0;
  std::vector<double> theta = stars.theta;
  for (std::size_t b = 0; b < static_cast<std::size_t>(stars.size); ++b) {
    theta[place_of(parameters, b, "logg")] = 5.2;  // its box ends at 5
    theta[place_of(parameters, b, "vsini")] = 60.0;
  }
  check_gradient(model, parameters, stars, theta);
}

TEST_CASE("objective: the gradient of a grid library is exact, in cells, in a hole and beyond") {
  const EmulatorData emulator =
      sampled_on_grid(io::read_emulator(test_file("emulator-tiny.fits")), {5, 4, 4, 3});
  const SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 4, .seed = 7});
  // No nodes within four steps, where an interpolation may have a kink. The nodes at 8000 K below
  // logg 3.5 and at 6727 K below 2 have no template.
  const std::vector<double> theta{5200, 2.7, -1.0, 0.1, 60, 10, 6100, 4.1, -2.1, 0.4, 40, -20,
                                  7300, 1.2, -1.0, 0.1, 50, 5,  5200, 5.2, 0.1,  0.4, 60, 0};
  REQUIRE(emulator.arms[0].is_inside({5200, 2.7, -1.0, 0.1}));
  REQUIRE(!emulator.arms[0].is_inside({7300, 1.2, -1.0, 0.1}));
  for (const auto interpolation : {GridInterpolation::linear, GridInterpolation::cubic}) {
    const ForwardModel<Double> model(Double::execution_space(), emulator,
                                     {.interpolation = interpolation});
    check_gradient(model, model.parameters(), stars, theta);
  }
}

TEST_CASE("objective: a resolution matrix acts on the templates, the identity leaves every bit") {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 5});
  const Double::execution_space exec;
  const ForwardModel<Double> model(exec, emulator);
  const std::vector<int> who{0, 1, 2, 3, 4};
  const auto values = [&](LineSpread spread) {
    const auto out = linearize(model, model.parameters(), stars, who, stars.theta, true, spread);
    const auto value = download(exec, out.value);
    return std::vector<double>(value.data(), value.data() + value.size());
  };
  const auto plain = values(nullptr);
  const auto blurred = values(broad_lines);
  CHECK(values(sharp_lines) == plain);
  for (const int b : who) {
    // Noise apart, the templates are the stars' own, and a wrong line spread costs many errors.
    CHECK(blurred[static_cast<std::size_t>(b)] > plain[static_cast<std::size_t>(b)] + 100.0);
  }
}

}  // namespace rvfit::test
