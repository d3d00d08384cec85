// SPDX-License-Identifier: MIT

/// @file
/// Fits of users' models: every feature on problems whose answers are known in closed form, every way
/// to end, every way to run.

#include <rvfit/residual/residual_fitter.hpp>

#include <doctest/doctest.h>
#include <support/compare.hpp>
#include <support/policies.hpp>
#include <support/tolerance.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace rvfit::test::residual_fits {

using Double = DoublePolicy;
using Mixed = FloatPolicy;
using Single = TestPolicy<float, float>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// theta_0 + theta_1 i.
struct Line {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    return theta[0] + theta[1] * static_cast<double>(i);
  }
};

/// theta_0.
struct Constant {
  static constexpr int parameters = 1;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int) const {
    return theta[0];
  }
};

/// theta_0 exp(-(x - theta_1)^2 / (2 theta_2^2)) + theta_3, x = 0.25 i; derivatives as `Mode` says.
template <Derivatives Mode>
struct Peak {
  static constexpr int parameters = 4;
  static constexpr Derivatives derivatives = Mode;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    const T u = (0.25 * i - theta[1]) / theta[2];
    return theta[0] * exp(-0.5 * (u * u)) + theta[3];
  }
  template <class T>
  KOKKOS_FUNCTION T linearize(const T* theta, int i, T* derivative) const {
    using Kokkos::exp;
    const T u = (0.25 * i - theta[1]) / theta[2];
    const T e = exp(-0.5 * (u * u));
    derivative[0] = e;
    derivative[1] = theta[0] * e * u / theta[2];
    derivative[2] = derivative[1] * u;
    derivative[3] = T(1.0);
    return theta[0] * e + theta[3];
  }
};
using DualPeak = Peak<Derivatives::dual>;

/// Results on the host.
struct Solved {
  std::vector<double> theta, value, covariance, correlation;
  std::vector<FitStatus> status;
  std::vector<int> iterations, evaluations;
};

/// Data of N fits on the host: y and weight of N or one rows, starts.
struct Setup {
  int points = 0;
  std::vector<double> y, weight, start;
};

template <class P, class Model, class Estimator = LeastSquares>
Solved solve(const Setup& setup, const ResidualOptions& options = {},
             const Estimator& estimator = {}, const Model& model = {},
             const ParametersOfFits<P>& parameters = {}, const Exec& exec = Exec()) {
  using Real = typename P::real_type;
  const auto points = static_cast<std::size_t>(setup.points);
  ResidualData<P> data;
  data.points = setup.points;
  data.parameters = parameters;
  const auto rows = [&](const std::vector<double>& values) {
    return values.empty() ? Matrix<const Real, P>()
                          : upload_matrix<Matrix<const Real, P>>(exec, "data", values,
                                                                 values.size() / points, points);
  };
  data.y = rows(setup.y);
  data.weight = rows(setup.weight);
  constexpr std::size_t n = Model::parameters;
  const auto start = upload_matrix<Matrix<const typename P::accum_type, P>>(
      exec, "start", setup.start, setup.start.size() / n, n);
  const ResidualFits<P> fits = fit_residuals<P>(exec, model, data, start, options, estimator);
  Solved out;
  const auto copy = [&](auto& to, const auto& view) {
    const auto host = download(exec, view);
    to.assign(host.data(), host.data() + host.size());
  };
  copy(out.theta, fits.theta);
  copy(out.value, fits.value);
  copy(out.covariance, fits.covariance);
  copy(out.correlation, fits.correlation);
  copy(out.status, fits.status);
  copy(out.iterations, fits.iterations);
  copy(out.evaluations, fits.evaluations);
  return out;
}

/// A matrix of one row for each fit.
template <class T, class P = Double>
Matrix<const T, P> per_fit(const std::vector<double>& values, std::size_t columns) {
  return upload_matrix<Matrix<const T, P>>(Exec(), "per fit", values, values.size() / columns,
                                           columns);
}

ParameterSet two_parameters() { return ParameterSet({{.name = "a"}, {.name = "b"}}); }

/// Peaks with noise of sigma = 0.1, and starts off the truth.
Setup noisy_peaks(int fits, int points) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  Setup setup{points, {}, std::vector<double>(static_cast<std::size_t>(points), 10.0), {}};
  const double width = 0.25 * points;
  for (int b = 0; b < fits; ++b) {
    const double truth[4] = {5.0 + normal(random), 0.5 * width + 0.3 * normal(random),
                             0.15 * width * (1.0 + 0.1 * normal(random)), 1.0};
    for (int i = 0; i < points; ++i) {
      setup.y.push_back(DualPeak{}(truth, i) + 0.1 * normal(random));
    }
    setup.start.insert(setup.start.end(), {1.2 * truth[0], truth[1] + 0.2, 0.8 * truth[2], 0.5});
  }
  return setup;
}

const ResidualOptions tight{.solver = {.max_iterations = 200, .tolerance = 1e-20}};

/// One solution of normal equations: ten sums are rounded, times a condition of at most 23, the line's.
/// Measured 7 eps, margin 9.
constexpr double linear = rounding<double>(64);

/// A fit of several steps: the last one promises less than 1e-20, which is 1e-10 sigma of at most 1;
/// reweighting converges linearly and leaves up to ten times that. Measured 7e-11, margin 14.
constexpr double iterated = 1e-9;

/// Data 1, 2, 4, 8, 9 and a straight line: slope 2.2, intercept 0.4 (normal equations by hand:
/// sum y = 24, sum i y = 70, n = 5, sum i = 10, sum i^2 = 30), chi2 = 166 - 0.4 * 24 - 2.2 * 70.
const Setup five_points{5, {1.0, 2.0, 4.0, 8.0, 9.0}, {}, {0.0, 0.0}};

TEST_CASE("residual_fits: a straight line is the solution of its normal equations") {
  for (const auto parallelism : {Parallelism::thread_per_fit, Parallelism::team_per_fit}) {
    ResidualOptions options = tight;
    options.parallelism = parallelism;
    const Solved solved = solve<Double, Line>(five_points, options);
    CHECK(is_converged(solved.status[0]));
    CHECK(solved.theta[0] == doctest::Approx(0.4).epsilon(linear));
    CHECK(solved.theta[1] == doctest::Approx(2.2).epsilon(linear));
    CHECK(solved.value[0] == doctest::Approx(2.4).epsilon(linear));
    // (J^T J)^-1 = [30, -10; -10, 5] / 50.
    CHECK(solved.covariance[0] == doctest::Approx(0.6).epsilon(linear));
    CHECK(solved.covariance[1] == doctest::Approx(-0.2).epsilon(linear));
    CHECK(solved.covariance[3] == doctest::Approx(0.1).epsilon(linear));
    CHECK(solved.correlation[0] == doctest::Approx(1.0).epsilon(linear));
    CHECK(solved.correlation[2] == doctest::Approx(-0.2 / std::sqrt(0.06)).epsilon(linear));
  }
}

TEST_CASE("residual_fits: covariances are scaled by chi-square over the degrees of freedom") {
  ResidualOptions options = tight;
  options.scale_covariance = true;
  Setup setup = five_points;
  setup.points = 6;
  setup.y.push_back(nan);  // a sixth point, left out
  setup.weight = {1.0, 1.0, 1.0, 1.0, 1.0, 0.0};
  const Solved solved = solve<Double, Line>(setup, options);
  CHECK(solved.theta[1] == doctest::Approx(2.2).epsilon(linear));
  CHECK(solved.covariance[0] == doctest::Approx(0.6 * 2.4 / 3.0).epsilon(linear));
  CHECK(solved.correlation[1] == doctest::Approx(-0.2 / std::sqrt(0.06)).epsilon(linear));
}

TEST_CASE("residual_fits: bounds of all and of each hold, and end on the bound exactly") {
  ResidualOptions options = tight;
  options.parameters = two_parameters();
  options.parameters[1].upper = 2.0;
  // With the slope held at s the intercept is the mean of y - s i: 4.8 - 2 s.
  const Solved all = solve<Double, Line>(five_points, options);
  CHECK(all.theta[1] == 2.0);
  CHECK(all.theta[0] == doctest::Approx(0.8).epsilon(linear));
  CHECK(std::isnan(all.covariance[3]));
  CHECK(all.covariance[0] == doctest::Approx(1.0 / 5.0).epsilon(linear));
  Setup three = five_points;
  three.start = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
  const Solved each =
      solve<Double, Line>(three, options, LeastSquares{}, Line{},
                          {.lower = per_fit<double>({-9.0, -9.0, -9.0, 2.5, -9.0, -9.0}, 2),
                           .upper = per_fit<double>({9.0, 1.5, 9.0, 9.0, 9.0, 9.0}, 2)});
  CHECK(each.theta[1] == 1.5);
  CHECK(each.theta[0] == doctest::Approx(1.8).epsilon(linear));
  CHECK(each.theta[3] == 2.5);
  CHECK(each.theta[2] == doctest::Approx(-0.2).epsilon(linear));
  CHECK(each.theta[5] == doctest::Approx(2.2).epsilon(linear));
}

TEST_CASE("residual_fits: parameters fixed for all keep their value, fixed for one its start") {
  ResidualOptions options = tight;
  options.parameters = two_parameters();
  Setup two = five_points;
  two.start = {7.0, 1.0, 7.0, 1.0};
  const Solved each = solve<Double, Line>(two, options, LeastSquares{}, Line{},
                                          {.fixed = per_fit<int>({0.0, 1.0, 1.0, 0.0}, 2)});
  CHECK(each.theta[1] == 1.0);
  CHECK(each.theta[0] == doctest::Approx(2.8).epsilon(linear));
  CHECK(each.theta[2] == 7.0);
  CHECK(each.theta[3] == doctest::Approx(0.0).epsilon(linear));  // (70 - 10 * 7) / 30
  CHECK(std::isnan(each.covariance[3]));
  CHECK(each.covariance[4 + 3] == doctest::Approx(1.0 / 30.0).epsilon(linear));
  options.parameters[0].fixed = true;
  options.parameters[0].value = 1.0;
  const Solved all = solve<Double, Line>(two, options);
  CHECK(all.theta[0] == 1.0);
  CHECK(all.theta[1] == doctest::Approx(2.0).epsilon(linear));  // (70 - 10) / 30
}

TEST_CASE("residual_fits: a Gaussian prior counts as one more datum") {
  // A constant through y = 3 (5 times, sigma 1) and a prior 0 +- 0.5, which weighs 4.
  Setup setup{5, {3.0, 3.0, 3.0, 3.0, 3.0}, {}, {1.0, 1.0}};
  ResidualOptions options = tight;
  options.parameters = ParameterSet({{.name = "a", .prior_mean = 0.0, .prior_sigma = 0.5}});
  const Solved all = solve<Double, Constant>(setup, options);
  CHECK(all.theta[0] == doctest::Approx(15.0 / 9.0).epsilon(linear));
  CHECK(all.covariance[0] == doctest::Approx(1.0 / 9.0).epsilon(linear));
  // The objective has the prior's share: 5 (3 - 5/3)^2 + 4 (5/3)^2.
  CHECK(all.value[0] == doctest::Approx(20.0).epsilon(linear));
  const Solved each = solve<Double, Constant>(
      setup, options, LeastSquares{}, Constant{},
      {.prior_mean = per_fit<double>({6.0, nan}, 1),
       .prior_sigma = per_fit<double>({1.0, std::numeric_limits<double>::infinity()}, 1)});
  CHECK(each.theta[0] == doctest::Approx(21.0 / 6.0).epsilon(linear));
  CHECK(each.theta[1] == doctest::Approx(3.0).epsilon(linear));
}

TEST_CASE("residual_fits: robust losses resist an outlier as their equations say") {
  // Nine points at 0 and one at 100. Huber: 9 t = k; Cauchy: 9 t / (1 + (t/c)^2) = d / (1 + (d/c)^2).
  Setup setup{10, std::vector<double>(10, 0.0), {}, {5.0}};
  setup.y[3] = 100.0;
  const Solved plain = solve<Double, Constant>(setup, tight);
  CHECK(plain.theta[0] == doctest::Approx(10.0).epsilon(iterated));
  const Solved huber = solve<Double, Constant>(setup, tight, Huber{1.5});
  CHECK(is_converged(huber.status[0]));
  CHECK(huber.theta[0] == doctest::Approx(1.5 / 9.0).epsilon(iterated));
  const Solved cauchy = solve<Double, Constant>(setup, tight, Cauchy{2.0});
  const double t = cauchy.theta[0], d = 100.0 - t;
  CHECK(t > 0.0);
  CHECK(9.0 * t / (1.0 + t * t / 4.0) ==
        doctest::Approx(d / (1.0 + d * d / 4.0)).epsilon(iterated));
}

TEST_CASE("residual_fits: the Poisson estimator finds the mean of counts, and its error") {
  Setup setup{6, {0.0, 3.0, 5.0, 2.0, 7.0, 1.0}, {}, {10.0}};
  const Solved solved = solve<Double, Constant>(setup, tight, Poisson{});
  CHECK(is_converged(solved.status[0]));
  CHECK(solved.theta[0] == doctest::Approx(3.0).epsilon(iterated));
  CHECK(solved.covariance[0] == doctest::Approx(3.0 / 6.0).epsilon(iterated));
  double deviance = 0.0;
  for (const double y : setup.y) {
    deviance += 2.0 * (3.0 - y + (y > 0.0 ? y * std::log(y / 3.0) : 0.0));
  }
  CHECK(solved.value[0] == doctest::Approx(deviance).epsilon(linear));
  // A rate below 0 is NaN: a start there is a status, a step there is rejected.
  setup.start = {-1.0};
  CHECK(solve<Double, Constant>(setup, tight, Poisson{}).status[0] == FitStatus::non_finite);
}

TEST_CASE("residual_fits: duals, derivatives by hand and differences find the same peaks") {
  const Setup setup = noisy_peaks(50, 60);
  const Solved dual = solve<Double, Peak<Derivatives::dual>>(setup, tight);
  const Solved by_hand = solve<Double, Peak<Derivatives::by_hand>>(setup, tight);
  const Solved differences = solve<Double, Peak<Derivatives::differences>>(setup, tight);
  CHECK(std::all_of(dual.status.begin(), dual.status.end(), is_converged));
  check_close("by hand", by_hand.theta, dual.theta, {.absolute = iterated});
  // Differences are good to 1e-10 of a derivative: measured 7e-11, margin 15.
  check_close("differences", differences.theta, dual.theta, {.absolute = iterated});
}

TEST_CASE("residual_fits: errors of noisy peaks are those of their scatter") {
  const int fits = 400;
  const Setup setup = noisy_peaks(fits, 60);
  const Solved solved = solve<Double, DualPeak>(setup, tight);
  // theta_3 is 1 in all.
  double square = 0.0;
  for (std::size_t b = 0; b < static_cast<std::size_t>(fits); ++b) {
    const double pull = (solved.theta[4 * b + 3] - 1.0) / std::sqrt(solved.covariance[16 * b + 15]);
    square += pull * pull / fits;
  }
  // The mean of 400 squares of unit pulls scatters by sqrt(2 / 400) = 0.07; doctest doubles the 0.1.
  CHECK(square == doctest::Approx(1.0).epsilon(0.1));
}

TEST_CASE("residual_fits: policies reach the digits that they are documented with") {
  const Setup setup = noisy_peaks(50, 60);
  const Solved exact = solve<Double, DualPeak>(setup, tight);
  // Parameters are 1 to 8 and errors above 0.01; the data themselves are rounded to 6e-8 of 6.
  // Measured 1.7e-6, margin 6.
  check_close("float, sums in double", solve<Mixed, DualPeak>(setup, tight).theta, exact.theta,
              {.absolute = 1e-5});
  // Measured 2e-6, margin 15.
  check_close("float", solve<Single, DualPeak>(setup, tight).theta, exact.theta,
              {.absolute = 3e-5});
}

void check_equal(const Solved& a, const Solved& b) {
  check_same_bits("theta", a.theta, b.theta);
  check_same_bits("value", a.value, b.value);
  check_same_bits("covariance", a.covariance, b.covariance);
  check_same_bits("correlation", a.correlation, b.correlation);
  CHECK(a.status == b.status);
  CHECK(a.iterations == b.iterations);
  CHECK(a.evaluations == b.evaluations);
}

TEST_CASE(
    "residual_fits: alone, in a batch, permuted, in chunks, by other threads: the same bits") {
  constexpr int fits = 1000, points = 21;
  for (const auto parallelism : {Parallelism::thread_per_fit, Parallelism::team_per_fit}) {
    ResidualOptions options;
    options.parallelism = parallelism;
    Setup setup = noisy_peaks(fits, points);
    // Every 50th leaves a point out: whole packs of fits that do not, and fits beside one that does.
    setup.weight.assign(setup.y.size(), 10.0);
    for (int b = 0; b < fits; b += 50) {
      setup.weight[b * points + 5] = 0.0;
      setup.y[b * points + 5] = nan;
    }
    setup.y[7 * points + 3] = nan;  // a fit that ends at once
    setup.start[4 * 11 + 1] = 1e4;  // and one that goes astray
    const Solved batch = solve<Double, DualPeak>(setup, options);
    CHECK(batch.status[7] == FitStatus::non_finite);
    CHECK(batch.status[8] == FitStatus::converged);

    options.chunk = 37;
    check_equal(solve<Double, DualPeak>(setup, options), batch);

    const auto take = [&](const std::vector<int>& order) {
      Setup some{points, {}, {}, {}};
      Solved wanted;
      const auto append = [](auto& to, const auto& from, int row, int columns) {
        const auto begin = from.begin() + static_cast<std::ptrdiff_t>(row) * columns;
        to.insert(to.end(), begin, begin + columns);
      };
      for (const int b : order) {
        append(some.y, setup.y, b, points);
        append(some.weight, setup.weight, b, points);
        append(some.start, setup.start, b, 4);
        append(wanted.theta, batch.theta, b, 4);
        append(wanted.value, batch.value, b, 1);
        append(wanted.covariance, batch.covariance, b, 16);
        append(wanted.correlation, batch.correlation, b, 16);
        append(wanted.status, batch.status, b, 1);
        append(wanted.iterations, batch.iterations, b, 1);
        append(wanted.evaluations, batch.evaluations, b, 1);
      }
      check_equal(solve<Double, DualPeak>(some, options), wanted);
    };
    for (const int b : {0, 7, 11, 999}) {
      take({b});
    }
    std::vector<int> order(fits);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
    take(order);
#if defined(RVFIT_TEST_OPENMP)
    check_equal(solve<Double, DualPeak>(setup, options, LeastSquares{}, DualPeak{}, {}, Exec(1)),
                batch);
#endif
  }
}

TEST_CASE("residual_fits: a team finds what a thread finds") {
  ResidualOptions options = tight;
  options.parallelism = Parallelism::team_per_fit;
  const Setup setup = noisy_peaks(5, 300);
  const Solved team = solve<Double, DualPeak>(setup, options);
  options.parallelism = Parallelism::thread_per_fit;
  const Solved thread = solve<Double, DualPeak>(setup, options);
  check_close("theta", team.theta, thread.theta, {.absolute = iterated});
  check_close("covariance", team.covariance, thread.covariance, {.absolute = iterated});
}

/// theta_0 (1 + theta_1^2) + a constant of the fit: a model of its fit's number.
struct WithConstant {
  static constexpr int parameters = 1;
  Kokkos::View<const double**, Kokkos::LayoutRight, Double::memory_space> constant;
  template <class T, class Fit>
  KOKKOS_FUNCTION T operator()(const T* theta, const Fit& fit, int i) const {
    return theta[0] + pick(constant, fit, i);
  }
};
/// The same, one fit at a time.
struct WithNumber {
  static constexpr int parameters = 1;
  Kokkos::View<const double**, Kokkos::LayoutRight, Double::memory_space> constant;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, std::int64_t fit, int i) const {
    return theta[0] + constant(fit, i);
  }
};

TEST_CASE("residual_fits: constants of each fit reach the model, in packs or one at a time") {
  constexpr int fits = 30, points = 2;
  std::vector<double> constant, start(fits, 0.0);
  for (int b = 0; b < fits; ++b) {
    constant.insert(constant.end(), {1.0 * b, 3.0 * b});
  }
  const auto view = per_fit<double>(constant, points);
  const Setup setup{points, {10.0, 10.0}, {}, start};
  const Solved pack = solve<Double>(setup, tight, LeastSquares{}, WithConstant{view});
  const Solved scalar = solve<Double>(setup, tight, LeastSquares{}, WithNumber{view});
  for (std::size_t b = 0; b < fits; ++b) {
    CHECK(pack.theta[b] == doctest::Approx(10.0 - 2.0 * static_cast<double>(b)).epsilon(linear));
    CHECK(scalar.theta[b] == doctest::Approx(10.0 - 2.0 * static_cast<double>(b)).epsilon(linear));
  }
}

/// NaN beyond theta = 10, and a branch on the scalar, which packs would not compile.
struct Cliff {
  static constexpr int parameters = 1;
  static constexpr bool packs = false;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int) const {
    if (theta[0] > 10.0) {
      return T(Kokkos::Experimental::quiet_NaN_v<double>);
    }
    return theta[0];
  }
};

TEST_CASE("residual_fits: NaN from the model rejects the step; at the start it is a status") {
  // The full step is to 15, behind the cliff.
  const Setup setup{1, {15.0}, {}, {0.0, 20.0, nan}};
  const Solved solved = solve<Double, Cliff>(setup, {.solver = {.max_iterations = 200}});
  CHECK(solved.theta[0] > 9.9);
  CHECK(solved.theta[0] <= 10.0);
  CHECK(is_solution(solved.status[0]));
  CHECK(solved.status[1] == FitStatus::non_finite);
  CHECK(solved.theta[1] == 20.0);
  CHECK(std::isnan(solved.covariance[1]));
  CHECK(solved.status[2] == FitStatus::non_finite);
}

/// A model that lies about its derivative.
struct WrongSign {
  static constexpr int parameters = 1;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int) const {
    return theta[0];
  }
  template <class T>
  KOKKOS_FUNCTION T linearize(const T* theta, int, T* derivative) const {
    derivative[0] = T(-1.0);
    return theta[0];
  }
};

TEST_CASE("residual_fits: each stopping test ends a fit with its own status") {
  const Setup setup{1, {3.0}, {}, {1.0}};
  CHECK(solve<Double, WrongSign>(setup, {.solver = {.max_iterations = 500}}).status[0] ==
        FitStatus::stalled);
  const Setup peak = noisy_peaks(1, 60);
  const auto end = [&](const LmOptions& options) {
    return solve<Double, DualPeak>(peak, {.solver = options});
  };
  const Solved capped = end({.max_iterations = 2, .tolerance = 0.0});
  CHECK(capped.status[0] == FitStatus::max_iterations);
  CHECK(capped.iterations[0] == 2);
  CHECK(capped.evaluations[0] == 3);
  CHECK(end({.max_iterations = 0}).theta == std::vector<double>(peak.start));

  const double least = end(tight.solver).value[0];
  // The last step promised less than the tolerance, and the objective is as close to its minimum.
  constexpr double decrease = 1e-2;
  const Solved absolute = end({.tolerance = decrease});
  CHECK(absolute.status[0] == FitStatus::converged);
  CHECK(absolute.value[0] - least < decrease);
  CHECK(absolute.evaluations[0] == absolute.iterations[0] + 1);
  constexpr double share = 1e-3;
  const Solved relative = end({.tolerance = 0.0, .relative_tolerance = share});
  CHECK(relative.status[0] == FitStatus::converged);
  CHECK(relative.value[0] - least < share * least);
  CHECK(relative.iterations[0] <=
        end({.tolerance = 0.0, .relative_tolerance = 1e-9}).iterations[0]);

  // No parameter of the last two points of a run differs by more than the tolerance asks.
  constexpr double step = 1e-3;
  const Solved short_step = end({.tolerance = 0.0, .step_tolerance = step});
  CHECK(short_step.status[0] == FitStatus::converged_step);
  const Solved before = end({.max_iterations = short_step.iterations[0] - 1, .tolerance = 0.0});
  for (std::size_t p = 0; p < 4; ++p) {
    CHECK(std::abs(short_step.theta[p] - before.theta[p]) <=
          step * (std::abs(before.theta[p]) + step));
  }

  // The cosine between residuals and each column of the Jacobian.
  constexpr double cosine = 1e-4;
  const Solved flat = end({.tolerance = 0.0, .gradient_tolerance = cosine});
  CHECK(flat.status[0] == FitStatus::converged_gradient);
  double product[4] = {}, norm[4] = {};
  for (int i = 0; i < peak.points; ++i) {
    double derivative[4];
    const double f = DualPeak{}.linearize(flat.theta.data(), i, derivative);
    for (int p = 0; p < 4; ++p) {
      product[p] += 10.0 * (f - peak.y[static_cast<std::size_t>(i)]) * 10.0 * derivative[p];
      norm[p] += 100.0 * derivative[p] * derivative[p];
    }
  }
  for (int p = 0; p < 4; ++p) {
    CHECK(std::abs(product[p]) <= cosine * std::sqrt(norm[p] * flat.value[0]));
  }
}

/// theta_0 / (1 + i), and infinity from point 3 on.
struct Pole {
  static constexpr int parameters = 1;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    return theta[0] / (i < 3 ? 1.0 + i : 0.0);
  }
};

TEST_CASE("residual_fits: a point without weight is left out where the model is not finite") {
  Setup setup{4, {6.0, 3.0, 2.0, 77.0}, std::vector<double>(4, 1.0), {1.0}};
  setup.weight[3] = 0.0;  // g++ 12 -O3 makes a 1 of this 0 in a braced list
  for (const auto parallelism : {Parallelism::thread_per_fit, Parallelism::team_per_fit}) {
    ResidualOptions options = tight;
    options.parallelism = parallelism;
    CHECK(solve<Double, Pole>(setup, options).theta[0] == doctest::Approx(6.0).epsilon(linear));
    CHECK(solve<Double, Pole>(setup, options, Poisson{}).theta[0] ==
          doctest::Approx(6.0).epsilon(iterated));
  }
}

/// theta_0 + sqrt(theta_1).
struct Root {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int) const {
    using Kokkos::sqrt;
    return theta[0] + sqrt(theta[1]);
  }
};

TEST_CASE("residual_fits: a fixed parameter needs no finite derivative") {
  const Setup setup{1, {3.0}, {}, {1.0, 0.0}};  // the root's is infinite at 0
  for (const auto parallelism : {Parallelism::thread_per_fit, Parallelism::team_per_fit}) {
    ResidualOptions options = tight;
    options.parallelism = parallelism;
    const Solved solved = solve<Double, Root>(setup, options, LeastSquares{}, Root{},
                                              {.fixed = per_fit<int>({0.0, 1.0}, 2)});
    CHECK(is_converged(solved.status[0]));
    CHECK(solved.theta[0] == doctest::Approx(3.0).epsilon(linear));
  }
}

/// theta_0 exp(-i / (4 theta_1)) + theta_2.
struct Decay {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    return theta[0] * exp(-0.25 * i / theta[1]) + theta[2];
  }
};

TEST_CASE("residual_fits: the value is the objective at the solution, also without a signal") {
  // Noise alone: undamped steps lead far away, to where F is huge, from one in some hundred fits.
  constexpr int points = 16, fits = 2000;
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  Setup noise{points, {}, {}, {}};
  for (int b = 0; b < fits; ++b) {
    for (int i = 0; i < points; ++i) {
      noise.y.push_back(2.0 + normal(random));
    }
    noise.start.insert(noise.start.end(), {1.0, 1.0, 1.5});
  }
  for (const auto parallelism : {Parallelism::thread_per_fit, Parallelism::team_per_fit}) {
    const Solved solved = solve<Double, Decay>(noise, {.parallelism = parallelism});
    int wrong = 0;
    for (std::size_t b = 0; b < fits; ++b) {
      double value = 0.0;
      for (int i = 0; i < points; ++i) {
        const double r =
            Decay{}(&solved.theta[3 * b], i) - noise.y[points * b + static_cast<std::size_t>(i)];
        value += r * r;
      }
      // Rounding alone: of the sum, and of the two terms of the model, which cancel where tau has run away.
      const double terms = std::abs(solved.theta[3 * b]) + std::abs(solved.theta[3 * b + 2]);
      const double of_model = rounding<double>(8) * terms * std::sqrt(points * value);
      wrong += std::abs(solved.value[b] - value) < 1e-12 * value + of_model ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
  // A perfect fit: a sum of squares is not negative.
  Setup exact{40, {}, {}, {}};
  for (int b = 0; b < 200; ++b) {
    const double truth[4] = {5.0 + normal(random), 5.0 + 0.2 * normal(random), 1.2, 1.0};
    for (int i = 0; i < exact.points; ++i) {
      exact.y.push_back(DualPeak{}(truth, i));
    }
    exact.start.insert(exact.start.end(), {6.0, 5.3, 1.0, 0.5});
  }
  const Solved perfect = solve<Double, DualPeak>(exact);
  CHECK(*std::min_element(perfect.value.begin(), perfect.value.end()) >= 0.0);
}

TEST_CASE("residual_fits: the unit of the data changes nothing but the unit of the results") {
  const double unit = std::ldexp(1.0, -56);  // 1.4e-17; a power of two keeps all digits
  const Setup setup = noisy_peaks(20, 40);
  Setup scaled = setup;
  scaled.weight.clear();
  std::transform(setup.y.begin(), setup.y.end(), scaled.y.begin(),
                 [&](double y) { return unit * y; });
  Setup plain = setup;
  plain.weight.clear();
  for (std::size_t k = 0; k < scaled.start.size(); k += 4) {
    scaled.start[k] *= unit;
    scaled.start[k + 3] *= unit;
  }
  const ResidualOptions options{.solver = {.tolerance = 0.0, .relative_tolerance = 1e-12}};
  const Solved wanted = solve<Double, DualPeak>(plain, options);
  Solved got = solve<Double, DualPeak>(scaled, options);
  for (std::size_t k = 0; k < got.theta.size(); k += 4) {
    got.theta[k] /= unit;
    got.theta[k + 3] /= unit;
  }
  check_same_bits("theta", got.theta, wanted.theta);
  CHECK(got.iterations == wanted.iterations);
  CHECK(got.status == wanted.status);
}

/// Sums of many cosines, linear in 32 parameters.
struct Cosines {
  static constexpr int parameters = 32;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    T sum = theta[0];
    for (int p = 1; p < parameters; ++p) {
      sum = sum + theta[p] * Kokkos::cos(0.05 * p * i);
    }
    return sum;
  }
  template <class T>
  KOKKOS_FUNCTION T linearize(const T* theta, int i, T* derivative) const {
    for (int p = 0; p < parameters; ++p) {
      derivative[p] = T(Kokkos::cos(0.05 * p * i));
    }
    return (*this)(theta, i);
  }
};

TEST_CASE("residual_fits: thirty-two parameters, by thread and by team") {
  std::vector<double> truth(32);
  for (std::size_t p = 0; p < 32; ++p) {
    truth[p] = 1.0 + static_cast<double>(p % 5);
  }
  Setup setup{150, {}, {}, std::vector<double>(32, 0.5)};
  for (int i = 0; i < setup.points; ++i) {
    setup.y.push_back(Cosines{}(truth.data(), i));
  }
  for (const auto parallelism : {Parallelism::thread_per_fit, Parallelism::team_per_fit}) {
    ResidualOptions options = tight;
    options.parallelism = parallelism;
    // The columns are nearly orthogonal: 32 products of numbers up to 5 are rounded.
    check_close("theta", solve<Double, Cosines>(setup, options).theta, truth,
                {rounding<double>(32, 5.0)});
  }
}

TEST_CASE("residual_fits: calls that cannot be carried out say what is wrong") {
  const Exec exec;
  const ResidualFitter<Double, Line> fitter(exec);
  const ResidualFits<Double> out(exec, 2, 2, false);
  const auto start = per_fit<double>({0.0, 0.0, 0.0, 0.0}, 2);
  const auto y = per_fit<double>({0.0, 0.0, 0.0}, 1);
  CHECK_THROWS_AS(fitter.run(exec, {}, {}, start, out), InvalidArgument);
  CHECK_THROWS_AS(fitter.run(exec, {}, {.y = y}, start, out), InvalidArgument);
  CHECK_THROWS_AS(
      fitter.run(exec, {}, {.points = 2}, per_fit<double>({0.0, 0.0, 0.0, 0.0}, 4), out),
      InvalidArgument);
  CHECK_THROWS_AS(
      (ResidualFitter<Double, Line>(exec, {.parameters = ParameterSet({{.name = "only"}})})),
      InvalidArgument);
  for (const LmOptions& wrong :
       {LmOptions{.max_iterations = -1}, LmOptions{.tolerance = nan}, LmOptions{.tolerance = -1.0},
        LmOptions{.initial_damping = 0.0}, LmOptions{.min_damping = 0.0},
        LmOptions{.initial_damping = 1e-3, .max_damping = 1e-4}}) {
    CHECK_THROWS_AS((ResidualFitter<Double, Line>(exec, {.solver = wrong})), InvalidArgument);
  }
  CHECK_THROWS_AS((ResidualFitter<Double, Line, Huber>(exec, {}, {0.0})), InvalidArgument);
  CHECK_THROWS_AS((ResidualFitter<Double, Line, Cauchy>(exec, {}, {nan})), InvalidArgument);
  const ResidualData<Double> data{.y = per_fit<double>({0.0, 0.0, 0.0}, 3)};
  const auto refused = [&](auto member) {
    ResidualFits<Double> other(exec, 2, 2, true);
    other.*member = ResidualFits<Double>(exec, 1, 2, true).*member;
    CHECK_THROWS_AS(fitter.run(exec, {}, data, start, other), InvalidArgument);
  };
  using Fits = ResidualFits<Double>;
  refused(&Fits::theta);
  refused(&Fits::value);
  refused(&Fits::status);
  refused(&Fits::iterations);
  refused(&Fits::evaluations);
  refused(&Fits::covariance);
  refused(&Fits::correlation);
}

}  // namespace rvfit::test::residual_fits
