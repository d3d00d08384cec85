// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include <rvfit/pipeline/rv_profile.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::test::rv_profile {

/// Likelihoods L(v) of known moments, the same for every fit.
enum class Shape { gaussian, skewed, two };

constexpr double centre = 30.0;    ///< solution [km/s]
constexpr double sigma = 2.0;      ///< of the Gaussian
constexpr double distance = 60.0;  ///< of the second minimum, 3 in neg2_log_like above the first
constexpr double excess = 3.0;

/// x^2, x^2 + 0.02 x^3, and -2 ln(exp(-x^2 / 2) + exp(-((x - d)^2 + excess) / 2)), x = (v - centre) / sigma.
KOKKOS_INLINE_FUNCTION double likelihood(Shape shape, double v) {
  const double x = (v - centre) / sigma;
  if (shape == Shape::two) {
    const double y = (v - centre - distance) / sigma;
    return Kokkos::fmin(x * x, y * y + excess);  // each is negligible where the other counts
  }
  return x * x + (shape == Shape::skewed ? 0.02 * x * x * x : 0.0);
}

/// The call of an objective that a profile makes. It counts the windows evaluated.
template <class P>
struct KnownObjective {
  Shape shape;
  int rv;
  int windows = 0;

  struct Evaluate {
    Shape shape;
    int rv;
    Tile<P> tile;
    Cube<const double, P> theta;
    Matrix<double, P> values;
    KOKKOS_FUNCTION void operator()(int g, int t) const {
      const int b = tile.fit(t);
      if (b >= 0) {
        values(g, b) = 1000.0 + likelihood(shape, theta(g, b, rv));
      }
    }
  };
  void evaluate_velocities(const Exec& exec, const ActiveList<P>& list,
                           const Cube<const double, P>& theta, const Matrix<double, P>& values) {
    ++windows;
    const Tile<P> all = list.tile(0, list.bound());
    Kokkos::parallel_for("test likelihood",
                         typename P::template grid_policy<2>(
                             exec, {0, 0}, {static_cast<int>(values.extent(0)), all.size}),
                         Evaluate{shape, rv, all, theta, values});
  }
};

struct Moments {
  double error, skewness, kurtosis;
};

/// Moments about the solution by a sum over 200,001 velocities.
Moments moments_of(Shape shape, double lower, double upper) {
  double sum[5] = {};
  constexpr int steps = 200000;
  for (int n = 0; n <= steps; ++n) {
    // Beyond 8 sigma of any minimum there is nothing, and the cubic of `skewed` turns back.
    const double v = centre - 8.0 * sigma + (distance + 16.0 * sigma) * n / steps;
    double term = v >= lower && v <= upper ? std::exp(-0.5 * likelihood(shape, v)) : 0.0;
    for (double& power : sum) {
      power += term;
      term *= v - centre;
    }
  }
  const double variance = sum[2] / sum[0];
  return {std::sqrt(variance), sum[3] / sum[0] / std::pow(variance, 1.5),
          sum[4] / sum[0] / (variance * variance)};
}

struct Case {
  Shape shape = Shape::gaussian;
  double curvature = 2.0 / (sigma * sigma);  ///< that the solver has found
  double lower = -1000.0, upper = 1000.0;
  bool fixed = false;
  bool enabled = true;
  FitStatus status = FitStatus::converged;
  bool second = false;  ///< tell of the second minimum
};

/// Profile of three fits, of which the middle one has no solution.
template <class P>
Moments measure(const Case& c, int* windows = nullptr) {
  const Exec exec{};
  const ParameterSet parameters{
      {{.name = "teff", .lower = 3000.0, .upper = 9000.0},
       {.name = "rv", .lower = c.lower, .upper = c.upper, .fixed = c.fixed, .value = c.lower}}};
  LmState<P> state(exec, 3, 2);
  Kokkos::deep_copy(exec, state.theta, centre);
  Kokkos::deep_copy(exec, state.current.hessian, c.curvature);
  const auto copy_status = Kokkos::create_mirror_view(state.status);
  copy_status(0) = copy_status(2) = c.status;
  copy_status(1) = FitStatus::no_valid_pixels;
  Kokkos::deep_copy(exec, state.status, copy_status);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const auto none = [&](double value) {
    return upload<Vector<const double, P>>(exec, "second", std::vector<double>(3, value));
  };
  KnownObjective<P> objective{c.shape, 1};
  RvProfile<P> profile(exec, parameters, 3, {.enabled = c.enabled});
  profile.run(exec, objective, state, 3, none(c.second ? centre + distance : nan),
              none(c.second ? excess : nan));
  const auto error = values(exec, profile.moments().error);
  const auto skewness = values(exec, profile.moments().skewness);
  const auto kurtosis = values(exec, profile.moments().kurtosis);
  CHECK(std::isnan(error[1]));
  check_same_bits("fits of one likelihood", std::vector<double>{error[2], skewness[2]},
                  std::vector<double>{error[0], skewness[0]});
  if (windows != nullptr) {
    *windows = objective.windows;
  }
  return {error[0], skewness[0], kurtosis[0]};
}

/// The density that windows leave out is below exp(-20 / 2) = 5e-5 of its peak, 3e-4 in the fourth moment;
/// the cubics between velocities are exact for these likelihoods.
constexpr double left_out = 1e-3;

void check_moments(const Moments& got, const Moments& want) {
  check_close("error", got.error, want.error, {0.0, left_out});
  check_close("skewness", got.skewness, want.skewness, {left_out, left_out});
  check_close("kurtosis", got.kurtosis, want.kurtosis, {0.0, left_out});
}

template <class P>
void measures_a_gaussian() {
  int windows = 0;
  check_moments(measure<P>({}, &windows), {sigma, 0.0, 3.0});
  CHECK(windows == 1);
}

template <class P>
void measures_a_skewed_likelihood() {
  const Moments want = moments_of(Shape::skewed, -1000.0, 1000.0);
  REQUIRE(want.skewness < -0.1);
  check_moments(measure<P>({.shape = Shape::skewed}), want);
}

template <class P>
void mends_its_window() {
  // A window a fifth as wide as it should be, and one ten times as wide.
  for (const double wrong : {0.2, 10.0}) {
    CAPTURE(wrong);
    int windows = 0;
    const Moments got = measure<P>({.curvature = 2.0 / std::pow(wrong * sigma, 2)}, &windows);
    check_moments(got, {sigma, 0.0, 3.0});
    CHECK(windows > 1);
    CHECK(windows <= max_rv_windows);
  }
  // Without curvature the window is all between the bounds.
  check_moments(measure<P>({.curvature = 0.0, .lower = 0.0, .upper = 60.0}), {sigma, 0.0, 3.0});
}

template <class P>
void stays_within_bounds() {
  // A bound one sigma below the solution. The sum ends at the last of its steps within the bounds, which
  // are sigma / 6.4 wide.
  const double lower = centre - sigma;
  const Moments want = moments_of(Shape::gaussian, lower, 1000.0);
  const Moments got = measure<P>({.lower = lower});
  // Three times what was measured.
  check_close("error", got.error, want.error, {0.0, 2e-3});
  // Three times what was measured.
  check_close("skewness", got.skewness, want.skewness, {0.05});
  // A half Gaussian is skewed.
  CHECK(got.skewness > 0.3);
}

template <class P>
void adds_the_second_minimum() {
  check_moments(measure<P>({.shape = Shape::two}), {sigma, 0.0, 3.0});  // nobody told
  check_moments(measure<P>({.shape = Shape::two, .second = true}),
                moments_of(Shape::two, -1000.0, 1000.0));
}

template <class P>
void has_none_without_a_solution() {
  for (const Case& c :
       {Case{.fixed = true}, Case{.enabled = false}, Case{.status = FitStatus::no_valid_pixels},
        Case{.lower = 5.0, .upper = 5.0}}) {
    const Moments got = measure<P>(c);
    CHECK(std::isnan(got.error));
    CHECK(std::isnan(got.skewness));
    CHECK(std::isnan(got.kurtosis));
  }
}

RVFIT_TEST_DOUBLE("rv profile: a Gaussian likelihood has its own error, no skewness, kurtosis 3",
                  measures_a_gaussian);
RVFIT_TEST_DOUBLE("rv profile: moments of a skewed likelihood", measures_a_skewed_likelihood);
RVFIT_TEST_DOUBLE("rv profile: a window too narrow or too wide is followed by others",
                  mends_its_window);
RVFIT_TEST_DOUBLE("rv profile: no density beyond the bounds", stays_within_bounds);
RVFIT_TEST_DOUBLE("rv profile: a second minimum that counts is added", adds_the_second_minimum);
RVFIT_TEST_DOUBLE("rv profile: NaN if fixed, disabled or without a solution",
                  has_none_without_a_solution);

}  // namespace rvfit::test::rv_profile
