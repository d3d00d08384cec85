// SPDX-License-Identifier: MIT

/// @file
/// The solver with its default options: units, starts, orders and sizes of numbers change nothing but the unit of
/// the results, and what the data do not tell is said. The cases are those of public reports about other solvers.

#include "../../examples/03_line_profiles/faddeeva.hpp"
#include "../../examples/03_line_profiles/profiles.hpp"
#include <rvfit/residual/residual_fitter.hpp>

#include <doctest/doctest.h>
#include <support/compare.hpp>
#include <support/policies.hpp>
#include <support/tolerance.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <random>
#include <utility>
#include <vector>

namespace rvfit::test::defaults {

using Double = DoublePolicy;
using Single = TestPolicy<float, float>;
using Vec = std::vector<double>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A peak over the places of the points, which are data of the model: a exp(-(x - m)^2 / (2 s^2)) + c.
struct Peak {
  static constexpr int parameters = 4;
  Kokkos::View<const double*, Double::memory_space> x;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    const T u = (x(i) - theta[1]) / theta[2];
    return theta[0] * exp(-0.5 * (u * u)) + theta[3];
  }
};
/// The same with the parameters in units of their own and in the order c, s, m, a.
struct TurnedPeak {
  static constexpr int parameters = 4;
  Kokkos::View<const double*, Double::memory_space> x;
  double unit;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    const T turned[4] = {theta[3] * unit, theta[2] * unit, theta[1] * unit, theta[0] * unit};
    return Peak{x}(turned, i);
  }
};

/// theta_0 exp(-x / theta_1).
struct Decay {
  static constexpr int parameters = 2;
  Kokkos::View<const double*, Double::memory_space> x;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    return theta[0] * exp(-x(i) / theta[1]);
  }
};

/// theta_0 + theta_1 x.
template <Derivatives Mode>
struct Line {
  static constexpr int parameters = 2;
  static constexpr Derivatives derivatives = Mode;
  Kokkos::View<const double*, Double::memory_space> x;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    return theta[0] + theta[1] * x(i);
  }
};

/// A linear model of three columns.
struct Columns {
  static constexpr int parameters = 3;
  Kokkos::View<const double**, Kokkos::LayoutRight, Double::memory_space> a;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    return theta[0] * a(i, 0) + theta[1] * a(i, 1) + theta[2] * a(i, 2);
  }
};

struct Constant {
  static constexpr int parameters = 1;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int) const {
    return theta[0];
  }
};

struct Solved {
  Vec theta, value, covariance;
  std::vector<FitStatus> status;
  std::vector<int> iterations, rank;
  std::vector<std::uint64_t> undetermined, on_bound;
};

template <class P = Double, class Model, class Estimator = LeastSquares>
Solved solve(const Model& model, const Vec& y, const Vec& weight, const Vec& start,
             const ResidualOptions& options = {}, const Estimator& estimator = {},
             const ParametersOfFits<P>& parameters = {}, int points = 0) {
  using Real = typename P::real_type;
  constexpr std::size_t n = Model::parameters;
  const Exec exec;
  const std::size_t fits = start.size() / n;
  ResidualData<P> data;
  const std::size_t columns = points > 0 ? static_cast<std::size_t>(points) : y.size();
  const auto rows = [&](const Vec& values) {
    return values.empty() ? Matrix<const Real, P>()
                          : upload_matrix<Matrix<const Real, P>>(exec, "data", values,
                                                                 values.size() / columns, columns);
  };
  data.y = rows(y);
  data.weight = rows(weight);
  data.parameters = parameters;
  const auto first =
      upload_matrix<Matrix<const typename P::accum_type, P>>(exec, "start", start, fits, n);
  const ResidualFits<P> out = fit_residuals<P>(exec, model, data, first, options, estimator);
  Solved solved;
  const auto copy = [&](auto& to, const auto& view) {
    const auto host = download(exec, view);
    to.assign(host.data(), host.data() + host.size());
  };
  copy(solved.theta, out.theta);
  copy(solved.value, out.value);
  copy(solved.covariance, out.covariance);
  copy(solved.status, out.status);
  copy(solved.iterations, out.iterations);
  copy(solved.rank, out.rank);
  copy(solved.undetermined, out.undetermined);
  copy(solved.on_bound, out.on_bound);
  return solved;
}

Kokkos::View<const double*, Double::memory_space> places(const Vec& x) {
  return upload<Vector<const double, Double>>(Exec(), "x", x);
}

/// A noisy peak of sigma 0.1 over -4 .. 4.
struct Sample {
  Vec x, y, start{3.0, 0.5, 1.5, 0.2};
};
Sample sample() {
  Sample out;
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 41; ++i) {
    const double x = -4.0 + 0.2 * i;
    out.x.push_back(x);
    out.y.push_back(5.0 * std::exp(-0.5 * (x - 0.3) * (x - 0.3)) + 1.0 + 0.1 * normal(random));
  }
  return out;
}

Vec scaled(Vec values, double by) {
  for (double& v : values) {
    v *= by;
  }
  return values;
}

/// Ways to run a fit.
const std::vector<Parallelism> ways{Parallelism::thread_per_fit, Parallelism::team_per_fit};

TEST_CASE("defaults: the size of the data changes the unit of the results alone") {
  const Sample s = sample();
  const Peak model{places(s.x)};
  for (const Parallelism way : ways) {
    const Solved plain = solve(model, s.y, {}, s.start, {.parallelism = way});
    REQUIRE(plain.status[0] == FitStatus::converged);
    for (const double unit : {1e-150, 1e-77, 1e-17, 1e-3, 1e17, 1e77, 1e100}) {
      CAPTURE(unit);
      Vec start = s.start;
      start[0] *= unit;
      start[3] *= unit;
      const Solved got = solve(model, scaled(s.y, unit), {}, start, {.parallelism = way});
      const Solved weighted = solve(model, scaled(s.y, unit), Vec(s.y.size(), 10.0 / unit), start,
                                    {.parallelism = way});
      CHECK(got.status[0] == plain.status[0]);
      CHECK(got.iterations[0] == plain.iterations[0]);
      CHECK(weighted.status[0] == FitStatus::converged);
      for (std::size_t p = 0; p < 4; ++p) {
        const double of_p = p == 0 || p == 3 ? unit : 1.0;
        // Data that are rounded otherwise differ by eps, times a condition below 100.
        CHECK(std::abs(got.theta[p] / of_p - plain.theta[p]) < rounding<double>(1000, 5.0));
        // The tolerance of 1e-8 is 1e-4 standard deviations.
        const double sigma = 0.1 * std::sqrt(plain.covariance[5 * p]);
        CHECK(std::abs(weighted.theta[p] / of_p - plain.theta[p]) < 1e-4 * sigma);  // see above
        CHECK(std::sqrt(weighted.covariance[5 * p]) / of_p ==
              doctest::Approx(sigma).epsilon(1e-6));  // Hessians a last step apart
      }
    }
  }
}

TEST_CASE("defaults: the unit and the order of the parameters change nothing else") {
  const Sample s = sample();
  const Solved plain = solve(Peak{places(s.x)}, s.y, {}, s.start);
  for (const double unit : {1e-12, 1e-3, 1e5, 1e12}) {
    CAPTURE(unit);
    Vec start(s.start.rbegin(), s.start.rend());
    const Solved got = solve(TurnedPeak{places(s.x), unit}, s.y, {}, scaled(start, 1.0 / unit));
    CHECK(got.status[0] == plain.status[0]);
    CHECK(got.iterations[0] == plain.iterations[0]);
    for (std::size_t p = 0; p < 4; ++p) {
      CHECK(std::abs(got.theta[3 - p] * unit - plain.theta[p]) < rounding<double>(1000, 5.0));
    }
  }
}

TEST_CASE("defaults: the order of the points changes nothing") {
  Sample s = sample();
  const Solved plain = solve(Peak{places(s.x)}, s.y, {}, s.start);
  std::vector<std::size_t> order(s.x.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = (7 * i) % order.size();
  }
  Sample turned = s;
  for (std::size_t i = 0; i < order.size(); ++i) {
    turned.x[i] = s.x[order[i]];
    turned.y[i] = s.y[order[i]];
  }
  const Solved got = solve(Peak{places(turned.x)}, turned.y, {}, s.start);
  CHECK(got.status == plain.status);
  CHECK(got.iterations == plain.iterations);
  for (std::size_t p = 0; p < 4; ++p) {
    CHECK(std::abs(got.theta[p] - plain.theta[p]) < rounding<double>(1000, 5.0));
  }
}

TEST_CASE("defaults: starts that are too small by many orders lead to the solution") {
  // scipy 10767 and others: y = 5 + 2 x from (1e-15, 1), and a column of 1e-100.
  Vec x, y;
  for (int i = 0; i < 10; ++i) {
    x.push_back(i);
    y.push_back(5.0 + 2.0 * i);
  }
  for (const double start : {1e-9, 1e-15, 1e-100, 0.0}) {
    CAPTURE(start);
    for (const Parallelism way : ways) {
      const ResidualOptions options{.parallelism = way};
      const Solved dual = solve(Line<Derivatives::dual>{places(x)}, y, {}, {start, 1.0}, options);
      const Solved differences =
          solve(Line<Derivatives::differences>{places(x)}, y, {}, {start, 1.0}, options);
      for (const Solved& solved : {dual, differences}) {
        CHECK(solved.status[0] == FitStatus::converged);
        CHECK(std::abs(solved.theta[0] - 5.0) < 1e-9);  // differences are good to 1e-10
        CHECK(std::abs(solved.theta[1] - 2.0) < 1e-9);  // likewise
      }
    }
  }
  const Solved large = solve(Constant{}, Vec(5, 1e150), {}, {1.0});
  CHECK(large.status[0] == FitStatus::converged);
  CHECK(large.theta[0] == rounded(1e150));
}

TEST_CASE("defaults: differences keep their digits where a parameter goes to 0") {
  // scipy 21995: y = 1 exactly in x, so the slope ends at 0; its error is that of duals.
  Vec x, y;
  for (int i = 0; i < 9; ++i) {
    x.push_back(0.1 * i);
    y.push_back(1.0 + (i % 3 == 1 ? 1e-3 : -5e-4));
  }
  const ResidualOptions scaled_errors{.scale_covariance = true};
  const Solved dual = solve(Line<Derivatives::dual>{places(x)}, y, {}, {1.0, 1.0}, scaled_errors);
  const Solved differences =
      solve(Line<Derivatives::differences>{places(x)}, y, {}, {1.0, 1.0}, scaled_errors);
  for (std::size_t k = 0; k < 4; ++k) {
    // Central differences are good to 1e-10 of a derivative.
    CHECK(differences.covariance[k] ==
          doctest::Approx(dual.covariance[k]).epsilon(1e-8).scale(0.0));
  }
}

TEST_CASE("defaults: what the data determine has its error, what they do not is named") {
  constexpr int points = 10;
  Vec rows, y;
  for (int i = 0; i < points; ++i) {
    rows.insert(rows.end(), {1.0, 1.0, 1.0 * i});  // two equal columns and a slope
    y.push_back(5.0 + 2.0 * i + 0.1 * std::sin(3.0 * i));
  }
  const auto columns = [&](const Vec& values) {
    return Columns{upload_matrix<Matrix<const double, Double>>(Exec(), "a", values, points, 3)};
  };
  for (const Parallelism way : ways) {
    const ResidualOptions options{.parallelism = way};
    const Solved twice = solve(columns(rows), y, {}, {1.0, 1.0, 1.0}, options);
    CHECK(twice.status[0] == FitStatus::converged);
    CHECK(twice.rank[0] == 2);
    CHECK(twice.undetermined[0] == 3U);
    CHECK(std::isnan(twice.covariance[0]));
    CHECK(std::isnan(twice.covariance[4]));
    // sum (x - mean)^2 = 82.5; a condition below 100, ten roundings each.
    CHECK(twice.covariance[8] == rounded(1.0 / 82.5, 1000));
    Vec none = rows;
    for (std::size_t i = 0; i < points; ++i) {
      none[3 * i + 1] = 0.0;  // a parameter without influence
    }
    const Solved without = solve(columns(none), y, {}, {1.0, 1.0, 1.0}, options);
    CHECK(without.undetermined[0] == 2U);
    CHECK(without.covariance[8] == rounded(1.0 / 82.5, 1000));
    CHECK(without.covariance[0] == rounded(285.0 / 825.0, 1000));
    // float finds the same rank: its derivatives are good to 6e-8, whose square is no information.
    const auto f = solve<Single>(columns(rows), y, {}, {1.0, 1.0, 1.0}, options);
    CHECK(f.undetermined[0] == 3U);
    // Tens of roundings of float.
    CHECK(f.covariance[8] == doctest::Approx(1.0 / 82.5).epsilon(rounding<float>(84)));
  }
}

TEST_CASE("defaults: fewer points than parameters end at once, near the start") {
  const Sample s = sample();
  Vec weight(s.x.size(), 0.0);
  weight[20] = 20.0;
  for (const Parallelism way : ways) {
    const Solved one = solve(Peak{places(s.x)}, s.y, weight, s.start, {.parallelism = way});
    CHECK(one.status[0] == FitStatus::converged);
    CHECK(one.value[0] < 1e-8);           // the tolerance
    CHECK(std::abs(one.theta[1]) < 1e3);  // it ran to 1e54
    CHECK(one.iterations[0] < 30);
    CHECK(one.rank[0] == 1);
  }
}

TEST_CASE("defaults: inverse variances are weights squared, and only one of the two is given") {
  const Exec exec;
  const auto row = [&](const Vec& values) {
    return upload_matrix<Matrix<const double, Double>>(exec, "row", values, 1, values.size());
  };
  // The mean of 1, 2 and 6 with errors of 1, 0.5 and 2, and a point that is left out: (1 + 8 + 1.5) / 5.25.
  const auto y = row({1.0, 2.0, 6.0, nan}), weight = row({1.0, 2.0, 0.5, 0.0});
  const auto ivar = row({1.0, 4.0, 0.25, 0.0}), start = row({1.0});
  for (const Parallelism way : ways) {
    const auto fits = fit_residuals<Double>(exec, Constant{}, {.y = y, .inverse_variance = ivar},
                                            start, ResidualOptions{.parallelism = way});
    CHECK(download(exec, fits.theta)(0, 0) == rounded(2.0));
    CHECK(download(exec, fits.covariance)(0, 0, 0) == rounded(1.0 / 5.25));
    CHECK(download(exec, fits.freedom)(0) == 2);
  }
  CHECK_THROWS_AS(
      (void)fit_residuals<Double>(exec, Constant{},
                                  {.y = y, .weight = weight, .inverse_variance = ivar}, start),
      InvalidArgument);
  const auto negative = fit_residuals<Double>(
      exec, Constant{}, {.y = y, .inverse_variance = row({1.0, -4.0, 0.25, 0.0})}, start);
  CHECK(download(exec, negative.status)(0) == FitStatus::non_finite);
}

TEST_CASE("defaults: a perfect fit has converged") {
  const Solved zero = solve(Constant{}, Vec(5, 0.0), {}, {1.0});
  CHECK(zero.status[0] == FitStatus::converged);
  CHECK(zero.value[0] == 0.0);
  CHECK(solve(Constant{}, Vec(5, 0.0), {}, {0.0}).status[0] == FitStatus::converged);
}

TEST_CASE("defaults: a Poisson law without counts ends on its bound at 0") {
  ResidualOptions options;
  options.parameters = ParameterSet({{.name = "rate", .lower = 0.0}});
  for (const Parallelism way : ways) {
    options.parallelism = way;
    for (const double start : {0.0, 1.0, 1e6}) {
      CAPTURE(start);
      const Solved none = solve(Constant{}, Vec(10, 0.0), {}, {start}, options, Poisson{});
      CHECK(none.status[0] == FitStatus::converged);
      CHECK(none.theta[0] == 0.0);
      CHECK(none.value[0] == 0.0);
      CHECK(none.on_bound[0] == 1U);
    }
  }
}

TEST_CASE("defaults: fits that cannot be are invalid, and leave the others alone") {
  const auto two = [](const Vec& values) {
    return upload_matrix<Matrix<const double, Double>>(Exec(), "per fit", values, 2, 1);
  };
  const Vec y{1.0, 2.0, 3.0};
  const auto second = [&](const ParametersOfFits<Double>& parameters) {
    const Solved solved = solve(Constant{}, y, {}, {1.0, 1.0}, {}, LeastSquares{}, parameters);
    CHECK(solved.status[0] == FitStatus::converged);
    CHECK(solved.theta[0] == rounded(2.0));
    CHECK(solved.iterations[1] == 0);
    CHECK(std::isnan(solved.covariance[1]));
    return solved.status[1];
  };
  CHECK(second({.lower = two({0.0, 2.0}), .upper = two({9.0, 1.0})}) == FitStatus::invalid);
  CHECK(second({.lower = two({0.0, nan})}) == FitStatus::invalid);
  for (const double sigma : {0.0, -1.0, nan}) {
    CHECK(second({.prior_sigma = two({infinity, sigma})}) == FitStatus::invalid);
  }
  const auto poisson = [](const Vec& counts, const Vec& weight) {
    return solve(Constant{}, counts, weight, {1.0}, {}, Poisson{}).status[0];
  };
  CHECK(poisson({1.0, -2.0}, {}) == FitStatus::invalid);
  CHECK(poisson({1.0, 2.0}, {1.0, 2.0}) == FitStatus::invalid);
  CHECK(poisson({1.0, -2.0}, {1.0, 0.0}) == FitStatus::converged);
}

/// Counts of fits from random starts, each parameter a factor of up to ten off either way.
struct Ends {
  std::size_t right = 0;  ///< at the minimum that the truth leads to
  std::size_t elsewhere =
      0;  ///< at another minimum: options that go to the last digit lower F no further
  std::size_t wrong = 0;  ///< converged where F falls further
};
constexpr std::size_t random_fits = 2000;

template <class Model>
Ends from_random_starts(const char* name, const Model& model, const Vec& y, const Vec& weight,
                        const Vec& truth, const ResidualOptions& options = {}) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> exponent(-1.0, 1.0);
  Vec starts;
  for (std::size_t b = 0; b < random_fits; ++b) {
    for (const double value : truth) {
      starts.push_back(value * std::pow(10.0, exponent(random)));
    }
  }
  const double least = solve(model, y, weight, truth, options).value[0];
  const Solved solved = solve(model, y, weight, starts, options);
  ResidualOptions to_the_end = options;
  to_the_end.solver = {
      .tolerance = 0.0, .min_damping = 1e-15, .relative_tolerance = 1e-22, .polish_steps = 20};
  const Solved further = solve(model, y, weight, solved.theta, to_the_end);
  Ends ends;
  for (std::size_t b = 0; b < random_fits; ++b) {
    const bool there = solved.value[b] < least + 1e-4;
    const bool falls = !(further.value[b] > solved.value[b] - 1e-6);  // the tolerance is 1e-8
    const bool converged = !there && is_converged(solved.status[b]);
    ends.right += there ? 1 : 0;
    ends.elsewhere += converged && !falls ? 1 : 0;
    ends.wrong += converged && falls ? 1 : 0;
  }
  std::printf("%s: %zu of %zu right, %zu at other minima, %zu converged elsewhere\n", name,
              ends.right, random_fits, ends.elsewhere, ends.wrong);
  CHECK(ends.wrong < random_fits / 1000);
  return ends;
}

TEST_CASE("defaults: random starts a factor of ten off lead to the minimum") {
  const Sample s = sample();
  const Vec weight(s.y.size(), 10.0);
  const Peak peak{places(s.x)};
  const Ends with_constant =
      from_random_starts("peak on a constant", peak, s.y, weight, {5.0, 0.3, 1.0, 1.0});
  // 1937 were; MINPACK's lmder gets there from 1599.
  CHECK(with_constant.right >= random_fits * 96 / 100);
  Vec alone = s.y;
  for (double& y : alone) {
    y -= 1.0;
  }
  const Ends peaks = from_random_starts(
      "peak", peak, alone, weight, {5.0, 0.3, 1.0, 0.0},
      {.parameters = ParameterSet(
           {{.name = "a"}, {.name = "m"}, {.name = "s"}, {.name = "c", .fixed = true}})});
  CHECK(peaks.right >= random_fits * 99 / 100);  // all but a few were
}

TEST_CASE("defaults: random starts of a decay lead to the minimum") {
  Vec y, times;
  for (int i = 0; i < 30; ++i) {
    times.push_back(0.2 * i);
    y.push_back(5.0 * std::exp(-times.back() / 2.0) + 0.05 * std::sin(11.0 * i));
  }
  // One that steps over an infinite time, to growth, does not come back: 81 did with a thousandth of the floor.
  const Ends ends =
      from_random_starts("decay", Decay{places(times)}, y, Vec(y.size(), 28.0), {5.0, 2.0});
  CHECK(ends.right >= random_fits * 998 / 1000);  // all were
}

TEST_CASE("defaults: random starts of a Voigt profile lead to the minimum") {
  Vec x, y;
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  const Vec truth{10.0, 0.3, 0.6, 0.5, 0.0};
  for (int i = 0; i <= 60; ++i) {
    x.push_back(-6.0 + 0.2 * i);
  }
  for (const double wave : x) {
    const double root_two_sigma = std::numbers::sqrt2 * truth[2];
    const auto w =
        line_profiles::faddeeva((wave - truth[1]) / root_two_sigma, truth[3] / root_two_sigma);
    const double profile = w.re * std::numbers::inv_sqrtpi / root_two_sigma;
    y.push_back(truth[0] * profile + 0.05 * normal(random));
  }
  const Ends ends = from_random_starts(
      "Voigt profile", line_profiles::Voigt{places(x)}, y, Vec(y.size(), 20.0), truth,
      {.parameters = ParameterSet({{.name = "flux"},
                                   {.name = "centre"},
                                   {.name = "sigma", .lower = 1e-3},
                                   {.name = "gamma", .lower = 0.0},
                                   {.name = "c", .fixed = true}})});
  CHECK(ends.right >= random_fits * 98 / 100);  // all were
}

TEST_CASE("defaults: 68 % intervals hold the truth in 68 % of ten thousand noisy data sets") {
  constexpr int fits = 10000, points = 30;
  std::mt19937_64 random(17);
  std::normal_distribution<double> normal;
  Vec times, y, start;
  for (int i = 0; i < points; ++i) {
    times.push_back(0.2 * i);
  }
  for (int b = 0; b < fits; ++b) {
    for (int i = 0; i < points; ++i) {
      y.push_back(5.0 * std::exp(-times[static_cast<std::size_t>(i)] / 2.0) + 0.1 * normal(random));
    }
    start.insert(start.end(), {4.0, 1.5});
  }
  const Solved solved =
      solve(Decay{places(times)}, y, Vec(points, 10.0), start, {}, LeastSquares{}, {}, points);
  int inside = 0;
  for (std::size_t b = 0; b < fits; ++b) {
    inside +=
        std::abs(solved.theta[2 * b + 1] - 2.0) < std::sqrt(solved.covariance[4 * b + 3]) ? 1 : 0;
  }
  // 0.6827, with a scatter of 0.005.
  std::printf("coverage %.4f\n", 1.0 * inside / fits);
  CHECK(std::abs(1.0 * inside / fits - 0.6827) < 0.01);  // two of them
}

}  // namespace rvfit::test::defaults
