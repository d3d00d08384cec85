// SPDX-License-Identifier: MIT

/// @file
/// Fits that eliminate the coefficients of a model against fits of all its parameters: the same minima and errors, from
/// NIST's starts and from random ones.

#include "support/nist.hpp"
#include "support/reference_fits.hpp"
#include "support/shared_data.hpp"
#include <rvfit/residual/residual_fitter.hpp>

#include <doctest/doctest.h>
#include <support/policies.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

namespace rvfit::test::variable_projection {

using P = DoublePolicy;
using Vec = std::vector<double>;
using Predictors = Kokkos::View<const double**, Kokkos::LayoutRight, P::memory_space>;

/// Lanczos1, 2, 3; MGH17, where the first rate is 0.
struct Exponentials {
  static constexpr int parameters = 6, linear = 3;
  Predictors x;
  template <class T>
  KOKKOS_FUNCTION void basis(const T* rate, int i, T* phi) const {
    using Kokkos::exp;
    for (int k = 0; k < linear; ++k) {
      phi[k] = exp(-rate[k] * x(i, 0));
    }
  }
  /// NIST's order of parameters.
  static std::array<int, 6> order(const std::string& name) {
    return name == "MGH17" ? std::array<int, 6>{-1, 3, 4, 0, 1, 2}
                           : std::array<int, 6>{1, 3, 5, 0, 2, 4};
  }
};

/// Gauss1, 2, 3: two peaks on a decay.
struct Peaks {
  static constexpr int parameters = 8, linear = 3;
  Predictors x;
  template <class T>
  KOKKOS_FUNCTION void basis(const T* a, int i, T* phi) const {
    using Kokkos::exp;
    const T first = (x(i, 0) - a[1]) / a[2], second = (x(i, 0) - a[3]) / a[4];
    phi[0] = exp(-a[0] * x(i, 0));
    phi[1] = exp(-first * first);
    phi[2] = exp(-second * second);
  }
  static std::array<int, 8> order(const std::string&) { return {1, 3, 4, 6, 7, 0, 2, 5}; }
};

/// The same function with all parameters fitted alike.
template <class Model>
struct Full {
  static constexpr int parameters = Model::parameters;
  Model model;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    constexpr int others = parameters - Model::linear;
    T phi[Model::linear];
    model.basis(theta, i, phi);
    T sum = theta[others] * phi[0];
    for (int k = 1; k < Model::linear; ++k) {
      sum = sum + theta[others + k] * phi[k];
    }
    return sum;
  }
};

Matrix<const double, P> rows(const Vec& values, std::size_t number) {
  return upload_matrix<Matrix<const double, P>>(Exec(), "rows", values, number,
                                                values.size() / number);
}

/// A problem in the model's order of parameters.
template <class Model>
struct Case {
  NistProblem nist;
  Model model;
  ResidualOptions options;
  Vec certified;
  std::array<Vec, 2> start;

  explicit Case(const std::string& name) : nist(read_nist(test_file("nist"), name)), model{} {
    model.x = upload_matrix<Predictors>(Exec(), "x", nist.x, nist.y.size(), 1);
    std::vector<Parameter> parameters(Model::parameters);
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const int at = Model::order(name)[p];
      parameters[p].name = "theta" + std::to_string(p);
      parameters[p].fixed = at < 0;  // at 0
      const auto from = [&](const Vec& values) {
        return at < 0 ? 0.0 : values[static_cast<std::size_t>(at)];
      };
      certified.push_back(from(nist.certified));
      start[0].push_back(from(nist.start[0]));
      start[1].push_back(from(nist.start[1]));
    }
    options.parameters = ParameterSet(parameters);
  }
};

/// Fits of one data set from many starts.
struct Tally {
  int reached = 0;          ///< the certified sum of squares
  int elsewhere = 0;        ///< others that say `converged`
  double mean_steps = 0.0;  ///< of those that reached it
};

template <class Model, class Some>
Tally tally(const Case<Some>& c, const Model& model, const Vec& starts) {
  const Exec exec;
  const std::size_t count = starts.size() / Model::parameters;
  const auto fits =
      fit_residuals<P>(exec, model, {.y = rows(c.nist.y, 1)}, rows(starts, count), c.options);
  const auto value = download(exec, fits.value);
  const auto status = download(exec, fits.status);
  const auto steps = download(exec, fits.iterations);
  // An error of 1e-3 standard deviations; Lanczos1 goes through its data.
  const double unit = c.nist.residual_deviation * c.nist.residual_deviation;
  const double most = c.nist.sum_of_squares + 1e-6 * unit + 1e-20;
  Tally out;
  for (std::size_t b = 0; b < count; ++b) {
    const bool there = value(b) <= most;
    out.reached += there ? 1 : 0;
    out.mean_steps += there ? steps(b) : 0;
    out.elsewhere += !there && is_converged(status(b)) ? 1 : 0;
  }
  out.mean_steps /= std::max(out.reached, 1);
  return out;
}

/// All parameters alike, and coefficients eliminated.
struct Both {
  Tally full, projected;
};
template <class Model>
Both both(const Case<Model>& c, const std::string& from, const Vec& starts) {
  const Both out{tally(c, Full<Model>{c.model}, starts), tally(c, c.model, starts)};
  std::printf("%-9s %-14s %4zu %8d %6.1f %10d %8d %6.1f %10d\n", c.nist.name.c_str(), from.c_str(),
              starts.size() / Model::parameters, out.full.reached, out.full.mean_steps,
              out.full.elsewhere, out.projected.reached, out.projected.mean_steps,
              out.projected.elsewhere);
  return out;
}

template <class Model>
void compare(const std::string& name, double most_off, int least_reached) {
  const Case<Model> c(name);
  for (const std::size_t start : {0, 1}) {
    const Both nist = both(c, start == 0 ? "start 1" : "start 2", c.start[start]);
    CHECK(nist.projected.reached == 1);
    CHECK(nist.projected.mean_steps <= nist.full.mean_steps);
  }
  std::mt19937_64 random(8);
  std::uniform_real_distribution<double> factor(-std::log(most_off), std::log(most_off));
  Vec starts;
  for (int k = 0; k < 200; ++k) {
    for (const double t : c.certified) {
      starts.push_back(t * std::exp(factor(random)));
    }
  }
  char from[32];
  std::snprintf(from, sizeof(from), "a factor %.1f", most_off);
  const Both drawn = both(c, from, starts);
  CHECK(drawn.projected.reached >= least_reached);
  CHECK(drawn.projected.mean_steps < drawn.full.mean_steps);
}

TEST_CASE("variable projection: NIST's problems with coefficients, in fewer steps") {
  std::printf("%-9s %-14s %4s %26s %26s\n", "problem", "from", "runs", "all parameters",
              "coefficients eliminated");
  std::printf("%29s %8s %6s %10s %8s %6s %10s\n", "", "reached", "steps", "elsewhere", "reached",
              "steps", "elsewhere");
  for (const char* name : {"Lanczos1", "Lanczos2", "Lanczos3", "MGH17"}) {
    compare<Exponentials>(name, 2.0, 185);
  }
  for (const char* name : {"Gauss1", "Gauss2", "Gauss3"}) {
    compare<Peaks>(name, 1.3, 145);
  }
}

/// Compare fits of a problem, parameter by parameter in units of their errors.
template <class Model>
void check_same(const Case<Model>& c, const ResidualData<P>& data, const Vec& start) {
  const Exec exec;
  const auto got = fit_residuals<P>(exec, c.model, data, rows(start, 1), c.options);
  const auto wanted = fit_residuals<P>(exec, Full<Model>{c.model}, data, rows(start, 1), c.options);
  const auto theta = download(exec, got.theta), full = download(exec, wanted.theta);
  const auto covariance = download(exec, got.covariance);
  const auto expected = download(exec, wanted.covariance);
  CHECK(is_converged(download(exec, got.status)(0)));
  CHECK(download(exec, got.on_bound)(0) == download(exec, wanted.on_bound)(0));
  CHECK(download(exec, got.rank)(0) == download(exec, wanted.rank)(0));
  const auto value = download(exec, wanted.value);
  CHECK(download(exec, got.value)(0) == doctest::Approx(value(0)).epsilon(1e-10));  // rounding
  for (std::size_t p = 0; p < Model::parameters; ++p) {
    const double sigma = std::sqrt(expected(0, p, p));
    if (std::isnan(sigma)) {
      CHECK(std::isnan(covariance(0, p, p)));
      CHECK(theta(0, p) == doctest::Approx(full(0, p)).epsilon(1e-14));  // fixed, or on a bound
      continue;
    }
    // F resolves 1e-8 of its unit to 1e-8 of itself; the last step is unseen and squares that.
    CHECK(std::abs(theta(0, p) - full(0, p)) < 1e-6 * sigma);
    for (std::size_t q = 0; q < Model::parameters; ++q) {
      if (!std::isnan(expected(0, q, q))) {
        const double scale = sigma * std::sqrt(expected(0, q, q));
        CHECK(std::abs(covariance(0, p, q) - expected(0, p, q)) < 1e-6 * scale);  // likewise
      }
    }
  }
}

TEST_CASE(
    "variable projection: errors, weights, bounds, priors and fixed coefficients are those of all "
    "parameters") {
  const Case<Peaks> peaks("Gauss1");
  const std::size_t points = peaks.nist.y.size();
  Vec weight;
  for (std::size_t i = 0; i < points; ++i) {
    weight.push_back(i % 7 == 0 ? 0.0 : 1.0 + 0.5 * std::sin(static_cast<double>(i)));
  }
  Case<Peaks> c = peaks;
  c.options.solver = reference_options;
  const auto with = [&](const std::vector<Parameter>& changed) {
    c.options.parameters = ParameterSet(changed);
    check_same(c, {.y = rows(c.nist.y, 1), .weight = rows(weight, 1)}, c.start[1]);
  };
  std::vector<Parameter> parameters(8);
  for (std::size_t p = 0; p < 8; ++p) {
    parameters[p].name = "theta" + std::to_string(p);
  }
  with(parameters);
  parameters[6].upper = c.certified[6] - 5.0;  // a height on its bound
  with(parameters);
  parameters[5].prior_mean = c.certified[5] - 1.0;
  parameters[5].prior_sigma = 0.1;
  parameters[7].fixed = true;
  parameters[7].value = c.certified[7] + 1.0;
  with(parameters);
}

TEST_CASE("variable projection: other estimators fit all parameters, teams are refused") {
  const Exec exec;
  const Case<Exponentials> c("MGH17");
  const auto robust = fit_residuals<P>(exec, c.model, {.y = rows(c.nist.y, 1)}, rows(c.start[1], 1),
                                       c.options, Huber{.threshold = 1e6});
  CHECK(download(exec, robust.value)(0) ==
        doctest::Approx(c.nist.sum_of_squares).epsilon(1e-7));  // the default's tolerance
  using Fitter = ResidualFitter<P, Exponentials>;
  CHECK_THROWS_AS(Fitter(exec, {.parallelism = Parallelism::team_per_fit}), InvalidArgument);
}

}  // namespace rvfit::test::variable_projection
