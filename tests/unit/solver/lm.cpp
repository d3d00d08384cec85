// SPDX-License-Identifier: MIT

/// @file
/// The batched solver on classic least-squares problems, and every way in which a fit can end.

#include <rvfit/solver/covariance.hpp>
#include <rvfit/solver/lm.hpp>

#include <doctest/doctest.h>
#include <support/policies.hpp>
#include <support/tolerance.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace rvfit::test::lm {

using Double = DoublePolicy;

/// Sum of squares of a model's residuals as a batched objective: H = 2 J^T J.
/// Residuals::operator()(b, theta, m) gives residual m of fit b and its derivatives.
template <class Residuals>
struct SumOfSquares {
  Residuals residuals;

  struct Kernel {
    Residuals residuals;
    Tile<Double> list;
    Matrix<const double, Double> theta;
    Linearization<Double> out;
    bool derivatives;

    KOKKOS_FUNCTION void operator()(int t) const {
      const int b = list.fit(t);
      if (b < 0) {
        return;
      }
      constexpr int n = Residuals::parameters;
      double value = 0.0, gradient[n] = {}, hessian[n][n] = {};
      for (int m = 0; m < Residuals::count; ++m) {
        double r = 0.0, jacobian[n] = {};
        residuals(b, &theta(b, 0), m, r, jacobian);
        value += r * r;
        for (int p = 0; p < n; ++p) {
          gradient[p] += 2.0 * jacobian[p] * r;
          for (int q = 0; q < n; ++q) {
            hessian[p][q] += 2.0 * jacobian[p] * jacobian[q];
          }
        }
      }
      out.value(b) = value;
      for (int p = 0; derivatives && p < n; ++p) {
        out.gradient(b, p) = gradient[p];
        for (int q = 0; q < n; ++q) {
          out.hessian(b, p, q) = hessian[p][q];
        }
      }
    }
  };

  void run(const Double::execution_space& exec, const ActiveList<Double>& list,
           const Matrix<const double, Double>& theta, const Linearization<Double>& out,
           bool derivatives) const {
    Kokkos::parallel_for("test::SumOfSquares", Double::range_policy(exec, 0, list.bound()),
                         Kernel{residuals, list.tile(0, list.bound()), theta, out, derivatives});
  }
  void evaluate(const Double::execution_space& exec, const ActiveList<Double>& list,
                const Matrix<const double, Double>& theta, const Linearization<Double>& out) {
    run(exec, list, theta, out, false);
  }
  void linearize(const Double::execution_space& exec, const ActiveList<Double>& list,
                 const Matrix<const double, Double>& theta, const Linearization<Double>& out) {
    run(exec, list, theta, out, true);
  }
};

/// Rosenbrock: minimum 0 at (1, 1).
struct Rosenbrock {
  static constexpr int parameters = 2, count = 2;
  KOKKOS_FUNCTION void operator()(int, const double* x, int m, double& r, double* j) const {
    if (m == 0) {
      r = 10.0 * (x[1] - x[0] * x[0]);
      j[0] = -20.0 * x[0];
      j[1] = 10.0;
    } else {
      r = 1.0 - x[0];
      j[0] = -1.0;
    }
  }
};

/// Brown & Dennis, minimum 85822.2 (More, Garbow & Hillstrom, ACM TOMS 7, 17, 1981, no. 16).
struct BrownDennis {
  static constexpr int parameters = 4, count = 20;
  KOKKOS_FUNCTION void operator()(int, const double* x, int m, double& r, double* j) const {
    const double t = (m + 1) / 5.0;
    const double a = x[0] + t * x[1] - Kokkos::exp(t);
    const double b = x[2] + x[3] * Kokkos::sin(t) - Kokkos::cos(t);
    r = a * a + b * b;
    j[0] = 2.0 * a;
    j[1] = 2.0 * a * t;
    j[2] = 2.0 * b;
    j[3] = 2.0 * b * Kokkos::sin(t);
  }
};

/// A straight line y = x0 + x1 t through exact data with unit errors; NaN beyond x0 = 10.
struct Line {
  static constexpr int parameters = 2, count = 5;
  KOKKOS_FUNCTION void operator()(int, const double* x, int m, double& r, double* j) const {
    r = x[0] > 10.0 ? Kokkos::Experimental::quiet_NaN_v<double> : x[0] + x[1] * m - (1.0 + 2.0 * m);
    j[0] = 1.0;
    j[1] = m;
  }
};

/// A model that lies about its derivative: no step can lower it.
struct WrongSign {
  static constexpr int parameters = 1, count = 1;
  KOKKOS_FUNCTION void operator()(int, const double* x, int, double& r, double* j) const {
    r = x[0] + 3.0;
    j[0] = -1.0;
  }
};

/// The second parameter has no effect.
struct OneOfTwo {
  static constexpr int parameters = 2, count = 2;
  KOKKOS_FUNCTION void operator()(int, const double* x, int m, double& r, double* j) const {
    r = x[0] - m;
    j[0] = 1.0;
  }
};

struct Solved {
  std::vector<double> theta;
  std::vector<double> value;
  std::vector<FitStatus> status;
  std::vector<int> iterations;
  std::vector<double> covariance;
  std::vector<std::uint32_t> bound;
  std::vector<std::uint8_t> bad;
};

/// Fits of spectra have these options.
const LmOptions usual{.max_iterations = 60, .tolerance = 1e-4, .initial_damping = 1e-3};

template <class Residuals>
Solved solve(const ParameterSet& parameters, const std::vector<double>& start,
             const LmOptions& options = usual, double rounding = 0.0) {
  const Double::execution_space exec;
  const int n = parameters.size();
  const int size = static_cast<int>(start.size()) / n;
  LmWorkspace<Double> state(exec, size, n);
  Kokkos::deep_copy(
      exec, state.theta,
      upload_matrix<Matrix<const double, Double>>(
          exec, "start", start, static_cast<std::size_t>(size), static_cast<std::size_t>(n)));
  Kokkos::deep_copy(exec, state.rounding, rounding);
  const DeviceParameters<Double> device(exec, parameters);
  SumOfSquares<Residuals> problem{{}};
  minimize<Double>(exec, problem, device, options, size, state);
  const Covariance<Double> covariance(exec, size, n);
  invert_hessians<Double>(exec, size, state, device, covariance);
  const auto copy = [&](auto& out, const auto& view) {
    const auto host = download(exec, view);
    out.assign(host.data(), host.data() + host.size());
  };
  Solved out;
  copy(out.theta, state.theta);
  copy(out.value, state.current.value);
  copy(out.status, state.status);
  copy(out.iterations, state.iterations);
  copy(out.covariance, covariance.matrix);
  copy(out.bound, covariance.bound);
  copy(out.bad, covariance.bad);
  return out;
}

ParameterSet free_parameters(int n) {
  std::vector<Parameter> set;
  for (int p = 0; p < n; ++p) {
    set.push_back({.name = "x" + std::to_string(p)});
  }
  return ParameterSet(set);
}

/// The decrease predicted for the step left at the end is below the tolerance; near a minimum the distance
/// goes with its square root.
const LmOptions tight{.max_iterations = 500, .tolerance = 1e-24, .initial_damping = 1e-3};

TEST_CASE("lm: a thousand Rosenbrock valleys are solved from scattered starts") {
  std::vector<double> start;
  for (int b = 0; b < 1000; ++b) {
    start.push_back(-2.0 + 0.004 * b);
    start.push_back(2.0 - 0.003 * b);
  }
  const Solved solved = solve<Rosenbrock>(free_parameters(2), start, tight);
  for (std::size_t b = 0; b < 1000; ++b) {
    CHECK(solved.status[b] == FitStatus::converged);
    // The curvature along the valley is 0.8: sqrt(2 x 1e-24 / 0.8) is 2e-12, margin 10 with 1 + |x|.
    CHECK(solved.theta[2 * b] == doctest::Approx(1.0).epsilon(1e-11));
    CHECK(solved.theta[2 * b + 1] == doctest::Approx(1.0).epsilon(1e-11));  // as above
  }
}

TEST_CASE("lm: Brown and Dennis' minimum is reached, whose residuals are large") {
  // Gauss-Newton leaves out the curvature of the residuals, which dominates here: thousands of steps.
  const Solved solved = solve<BrownDennis>(free_parameters(4), {25.0, 5.0, -5.0, -1.0},
                                           {.max_iterations = 10000, .tolerance = 1e-6}, 1e-4);
  CHECK(solved.status[0] == FitStatus::converged);
  CHECK(std::abs(solved.value[0] - 85822.2) < 0.05);  // the digits that are published
}

TEST_CASE("lm: the covariance of a line is the inverse of its normal equations") {
  const Solved solved = solve<Line>(free_parameters(2), {0.0, 0.0}, tight);
  REQUIRE(solved.status[0] == FitStatus::converged);
  // Sums over t = 0 .. 4: n = 5, sum t = 10, sum t^2 = 30; determinant 50.
  CHECK(solved.covariance[0] == rounded(30.0 / 50.0));
  CHECK(solved.covariance[1] == rounded(-10.0 / 50.0));
  CHECK(solved.covariance[3] == rounded(5.0 / 50.0));
  CHECK(solved.bad[0] == 0);
}

TEST_CASE("lm: a parameter that ends on a bound is flagged and left out of the covariance") {
  ParameterSet parameters = free_parameters(2);
  parameters[1].upper = 1.5;  // the unbounded minimum is at 2
  const Solved solved = solve<Line>(parameters, {0.0, 0.0}, tight);
  CHECK(solved.status[0] == FitStatus::converged);
  CHECK(solved.bound[0] == 2U);
  CHECK(solved.theta[1] == 1.5);
  // Best x0 with the slope held: the mean of 1 + 0.5 t.
  CHECK(solved.theta[0] == rounded(2.0));
  CHECK(solved.covariance[0] == rounded(1.0 / 5.0));
  CHECK(std::isnan(solved.covariance[3]));
}

TEST_CASE("lm: a fit that starts on a bound leaves it when the minimum is inside") {
  ParameterSet parameters = free_parameters(2);
  parameters[1].lower = 0.0;
  const Solved solved = solve<Line>(parameters, {0.0, -5.0}, tight);
  CHECK(solved.bound[0] == 0U);
  CHECK(solved.theta[1] == rounded(2.0));
}

TEST_CASE("lm: a fixed parameter keeps its value and has no error") {
  ParameterSet parameters = free_parameters(2);
  parameters[0].fixed = true;
  parameters[0].value = 3.0;
  const Solved solved = solve<Line>(parameters, {0.0, 0.0}, tight);
  CHECK(solved.status[0] == FitStatus::converged);
  CHECK(solved.theta[0] == 3.0);
  // Best slope with x0 held at 3: sum t (2 t - 2) / sum t^2 = (60 - 20) / 30.
  CHECK(solved.theta[1] == rounded(4.0 / 3.0));
  CHECK(std::isnan(solved.covariance[0]));
  CHECK(solved.covariance[3] == rounded(1.0 / 30.0));
  CHECK(solved.bound[0] == 0U);
}

TEST_CASE("lm: the iteration cap ends a fit and is its status") {
  const Solved solved =
      solve<Rosenbrock>(free_parameters(2), {-1.2, 1.0}, {.max_iterations = 3, .tolerance = 1e-24});
  CHECK(solved.status[0] == FitStatus::max_iterations);
  CHECK(solved.iterations[0] == 3);
  CHECK(std::isfinite(solved.covariance[0]));
}

TEST_CASE("lm: no step at all with a cap of zero") {
  const Solved solved = solve<Rosenbrock>(free_parameters(2), {-1.2, 1.0}, {.max_iterations = 0});
  CHECK(solved.status[0] == FitStatus::max_iterations);
  CHECK(solved.theta[0] == -1.2);
}

TEST_CASE("lm: an objective that is not finite at the start is a status, and stops nothing else") {
  const Solved solved = solve<Line>(free_parameters(2), {20.0, 0.0, 0.0, 0.0}, tight);
  CHECK(solved.status[0] == FitStatus::non_finite);
  CHECK(std::isnan(solved.covariance[0]));
  CHECK(solved.status[1] == FitStatus::converged);
}

TEST_CASE("lm: a step to where the objective is NaN is rejected and shortened") {
  // From far below, the full step in x0 overshoots: a slope held at -5 wants x0 = 15, where it is NaN.
  ParameterSet parameters = free_parameters(2);
  parameters[1].fixed = true;
  parameters[1].value = -5.0;
  const Solved solved = solve<Line>(parameters, {0.0, 0.0}, {.max_iterations = 200});
  CHECK(solved.theta[0] <= 10.0);
  CHECK(solved.theta[0] > 9.0);
  CHECK(std::isfinite(solved.value[0]));
}

TEST_CASE("lm: a model that no step can lower stalls") {
  const Solved solved = solve<WrongSign>(free_parameters(1), {1.0}, {.max_iterations = 500});
  CHECK(solved.status[0] == FitStatus::stalled);
  CHECK(solved.theta[0] == 1.0);
}

TEST_CASE(
    "lm: the initial damping shortens the first step, the largest one ends a fit that stalls") {
  // One step from 4 to the minimum of a quadratic at 0.5, times 1 / (1 + damping).
  const auto first_step = [](double damping) {
    return solve<OneOfTwo>(free_parameters(2), {4.0, 0.0},
                           {.max_iterations = 1, .initial_damping = damping});
  };
  CHECK(first_step(1.0).theta[0] == rounded(4.0 - 3.5 / 2.0));
  CHECK(first_step(6.0).theta[0] == rounded(4.0 - 3.5 / 7.0));
  // Rejections raise the damping from 1e-3 by 4, 8, 16 and 32, to 16.4.
  const Solved early =
      solve<WrongSign>(free_parameters(1), {1.0}, {.initial_damping = 1e-3, .max_damping = 1.0});
  CHECK(early.status[0] == FitStatus::stalled);
  CHECK(early.iterations[0] == 4);
  CHECK(solve<WrongSign>(free_parameters(1), {1.0}).iterations[0] > 4);
}

TEST_CASE("lm: a parameter without any effect gives a bad Hessian, not a failure") {
  const Solved solved = solve<OneOfTwo>(free_parameters(2), {4.0, 7.0});
  CHECK(solved.status[0] == FitStatus::converged);
  CHECK(std::abs(solved.theta[0] - 0.5) < 0.01);  // the tolerance is 1e-4 of chi-square
  CHECK(solved.bad[0] == 1);
}

TEST_CASE("lm: a start that is NaN is not finite, not a bound") {
  const Solved solved =
      solve<Line>(free_parameters(2), {std::numeric_limits<double>::quiet_NaN(), 0.0}, tight);
  CHECK(solved.status[0] == FitStatus::non_finite);
}

}  // namespace rvfit::test::lm
