// SPDX-License-Identifier: MIT

#include <rvfit/io/read_emulator.hpp>
#include <rvfit/pipeline/exact_hessian.hpp>

#include <doctest/doctest.h>
#include <support/compare.hpp>
#include <support/place_of.hpp>
#include <support/shared_data.hpp>
#include <support/simulated_stars.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace rvfit::test::exact_hessian {

constexpr std::size_t n = 6;  // teff, logg, feh, alpha, vsini, rv

/// Coefficients of the central difference of 8th order, and steps of the six parameters for which its
/// error is 1e-7 of the gradient one error away from the minimum (tests/property/objective_gradient.cpp).
constexpr std::array<double, 4> stencil = {4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0};
constexpr std::array<double, n> steps = {4.0, 0.01, 0.006, 0.004, 0.05, 0.02};

/// Two stars far from their truth, where residuals are large and the exact Hessian is not Gauss-Newton's.
struct Stars {
  Double::execution_space exec;
  EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  ForwardModel<Double> model{exec, emulator};
  SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 2, .seed = 5});
  std::vector<double> theta = stars.theta;

  Stars() {
    for (std::size_t b = 0; b < 2; ++b) {
      const std::array<double, n> away{60.0, -0.1, 0.07, -0.03, 0.0, 3.0};
      for (std::size_t p = 0; p < n; ++p) {
        theta[b * n + p] += away[p];
      }
      theta[place_of(model.parameters(), b, "vsini")] = 40.0 + 30.0 * static_cast<double>(b);
    }
  }

  /// Values of the objective of the given stars at points (who.size(), 6).
  [[nodiscard]] std::vector<double> objective(const std::vector<int>& who,
                                              const std::vector<double>& points) const {
    const auto data = stars.observations<Double>(exec, who);
    const int size = static_cast<int>(who.size());
    Objective<Double, ForwardModel<Double>> all(exec, model, model.parameters(), data, size, {},
                                                64);
    all.bind(exec, data);
    ActiveList<Double> list(exec, size);
    list.select(exec, size, size, KeepAll{});
    const Linearization<Double> out(exec, size, n);
    all.evaluate(exec, list,
                 upload_matrix<Matrix<const double, Double>>(exec, "points", points, who.size(), n),
                 out);
    return values(exec, out.value);
  }
};

/// Hessians (2, 6, 6) before and after, and the points that gradients were taken at.
struct Hessians {
  std::vector<double> gauss_newton, exact;
};

Hessians hessians(const Stars& stars, const ParameterSet& parameters) {
  const auto& exec = stars.exec;
  const auto data = stars.stars.observations<Double>(exec);
  Objective<Double, ForwardModel<Double>> objective(exec, stars.model, parameters, data, 2, {}, 64);
  objective.bind(exec, data);
  ActiveList<Double> list(exec, 2);
  list.select(exec, 2, 2, KeepAll{});
  list.refresh(exec);
  const LmState<Double> state(exec, 2, n);
  Kokkos::deep_copy(exec, state.theta,
                    upload_matrix<Matrix<const double, Double>>(exec, "theta", stars.theta, 2, n));
  objective.linearize(exec, list, state.theta, state.current);
  Hessians out;
  out.gauss_newton = values(exec, state.current.hessian);
  ExactHessian<Double, ForwardModel<Double>> exact(exec, parameters, 2);
  exact.run(exec, objective, list, state);
  out.exact = values(exec, state.current.hessian);
  CHECK(values(exec, state.theta) == stars.theta);
  return out;
}

/// The same from values of the objective alone: differences in q of 8th order at points displaced in p by a
/// tenth of p's error, within the bounds.
std::vector<double> from_values(const Stars& stars, const ParameterSet& parameters,
                                const std::vector<double>& gauss_newton) {
  std::vector<int> who;
  std::vector<double> points, widths;
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t p = 0; p < n; ++p) {
      const Parameter& parameter = parameters[static_cast<int>(p)];
      const double h = 0.1 * std::sqrt(2.0 / gauss_newton[(b * n + p) * n + p]);
      const double at = stars.theta[b * n + p];
      const double ends[2] = {std::min(at + h, parameter.upper), std::max(at - h, parameter.lower)};
      widths.push_back(ends[0] - ends[1]);
      for (const double end : ends) {
        for (std::size_t q = 0; q < n; ++q) {
          for (const int k : {1, -1, 2, -2, 3, -3, 4, -4}) {
            const auto row = stars.theta.begin() + static_cast<std::ptrdiff_t>(b * n);
            std::vector<double> point(row, row + static_cast<std::ptrdiff_t>(n));
            point[p] = end;
            point[q] += k * steps[q];
            points.insert(points.end(), point.begin(), point.end());
            who.push_back(static_cast<int>(b));
          }
        }
      }
    }
  }
  const auto value = stars.objective(who, points);
  std::vector<double> rows(2 * n * n), hessian(2 * n * n);
  std::size_t next = 0;
  for (std::size_t row = 0; row < 2 * n; ++row) {
    for (const double side : {1.0, -1.0}) {
      for (std::size_t q = 0; q < n; ++q) {
        for (const double coefficient : stencil) {
          const double slope = coefficient * (value[next] - value[next + 1]) / steps[q];
          rows[row * n + q] += side * slope / widths[row];
          next += 2;
        }
      }
    }
  }
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = 0; q < n; ++q) {
        hessian[(b * n + p) * n + q] =
            0.5 * (rows[(b * n + p) * n + q] + rows[(b * n + q) * n + p]);
      }
    }
  }
  return hessian;
}

/// Largest difference of two Hessians in units of sqrt(H_pp H_qq) of Gauss-Newton's.
double difference(const std::vector<double>& a, const std::vector<double>& b,
                  const std::vector<double>& gauss_newton) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t star = i / (n * n), p = i / n % n, q = i % n;
    const double unit =
        std::sqrt(gauss_newton[(star * n + p) * n + p] * gauss_newton[(star * n + q) * n + q]);
    largest = std::max(largest, std::abs(a[i] - b[i]) / unit);
  }
  return largest;
}

/// Gradients are good to some 1e-8 of sqrt(2 H_qq); two of them over twice a tenth of sqrt(2 / H_pp).
/// Measured 1.5e-8, margin 27.
constexpr double tolerance = 4e-7;

TEST_CASE("exact_hessian: it is that of the objective's values") {
  const Stars stars;
  const ParameterSet& parameters = stars.model.parameters();
  const Hessians got = hessians(stars, parameters);
  const auto want = from_values(stars, parameters, got.gauss_newton);
  CHECK(difference(got.exact, want, got.gauss_newton) < tolerance);
  // Gauss-Newton's is another one, or this test would say nothing; measured 0.1.
  CHECK(difference(got.gauss_newton, want, got.gauss_newton) > 0.01);
}

TEST_CASE("exact_hessian: where a bound is near the difference is one-sided") {
  const Stars stars;
  ParameterSet parameters = stars.model.parameters();
  // Steps are a tenth of an error; a bound at the parameter itself cuts off all of one side.
  const auto at = [&](std::size_t b, const char* name) {
    return stars.theta[place_of(parameters, b, name)];
  };
  parameters["logg"].upper = std::max(at(0, "logg"), at(1, "logg"));
  parameters["rv"].lower = std::min(at(0, "rv"), at(1, "rv"));
  const Hessians got = hessians(stars, parameters);
  const auto want = from_values(stars, parameters, got.gauss_newton);
  // The way is half as long, and rounding twice as large; measured 5e-8, margin 15.
  CHECK(difference(got.exact, want, got.gauss_newton) < 2 * tolerance);
}

TEST_CASE("exact_hessian: fixed parameters keep the rows and columns that they had") {
  const Stars stars;
  ParameterSet parameters = stars.model.parameters();
  parameters["alpha"].fixed = true;
  parameters["alpha"].value = 0.2;
  const std::size_t alpha = place_of(parameters, 0, "alpha");
  const Hessians got = hessians(stars, parameters);
  auto want =
      from_values(stars, parameters, hessians(stars, stars.model.parameters()).gauss_newton);
  for (std::size_t i = 0; i < want.size(); ++i) {
    const bool held = i / n % n == alpha || i % n == alpha;
    if (held) {
      CHECK(got.exact[i] == got.gauss_newton[i]);
      want[i] = got.exact[i];
    }
  }
  const auto unit = hessians(stars, stars.model.parameters()).gauss_newton;
  CHECK(difference(got.exact, want, unit) < tolerance);
}

}  // namespace rvfit::test::exact_hessian
