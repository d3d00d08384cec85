// SPDX-License-Identifier: MIT

/// @file
/// NIST's 27 nonlinear regressions with certified solutions, from both starts, with one set of options.

#include "support/nist.hpp"

#include "support/nist_models.hpp"
#include "support/reference_fits.hpp"
#include "support/shared_data.hpp"
#include <rvfit/residual/profile_intervals.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::test {

/// visit(problem, model) with the model's predictors in place.
template <class Visit>
void for_each_nist_problem(const Visit& visit) {
  nist::for_each_problem([&](const char* name, auto model) {
    const Double::execution_space exec;
    const NistProblem problem = read_nist(test_file("nist"), name);
    REQUIRE(problem.parameters() == decltype(model)::parameters);
    model.x = upload_matrix<Matrix<const double, Double>>(
        exec, "predictors", problem.x, static_cast<std::size_t>(problem.data()),
        static_cast<std::size_t>(problem.predictors()));
    visit(problem, model);
  });
}

TEST_CASE("nist: data, models and certified values belong together") {
  int problems = 0;
  for_each_nist_problem([&]<class Model>(const NistProblem& problem, const Model& model) {
    ++problems;
    const ResidualFitter<Double, Model> fitter(Double::execution_space(),
                                               {.solver = {.max_iterations = 0}});
    const ReferenceFits solved = solve(fitter, model, problem.data(), problem.y, problem.certified);
    double size = 0.0;
    for (const double y : problem.y) {
      size += y * y;
    }
    // Certified are 11 digits of the sum of squares, and of the parameters: the latter matters where the
    // model goes through its data (Lanczos1, residuals of 1e-13).
    check_close(problem.name + ": residuals", std::sqrt(solved.value[0]),
                std::sqrt(problem.sum_of_squares), {2e-11 * std::sqrt(size), 1e-10});
  });
  CHECK(problems == 27);
}

TEST_CASE("nist: all runs reach the certified values") {
  int runs = 0, reached = 0;
  double score = 0.0;
  std::printf("%-10s %5s %5s %5s %7s %6s %6s\n", "problem", "data", "par.", "start", "digits",
              "steps", "status");
  for_each_nist_problem([&]<class Model>(const NistProblem& problem, const Model& model) {
    const ResidualFitter<Double, Model> fitter(Double::execution_space(),
                                               {.solver = reference_options});
    for (std::size_t start = 0; start < 2; ++start) {
      const ReferenceFits solved =
          solve(fitter, model, problem.data(), problem.y, problem.start[start]);
      const double digits = nist_digits(problem, solved.theta.data());
      std::printf("%-10s %5d %5d %5zu %7.2f %6d %6d\n", problem.name.c_str(), problem.data(),
                  problem.parameters(), start + 1, digits, solved.iterations[0], solved.status[0]);
      ++runs;
      reached += digits >= 6.0 ? 1 : 0;
      score += digits;
      CHECK_MESSAGE(digits >= 6.0, problem.name, " from start ", start + 1, ": ", digits,
                    " digits");
    }
  });
  std::printf("%d of %d runs, mean score %.2f\n", reached, runs, score / runs);
  CHECK(runs == 54);
  CHECK(score / runs >= 9.4);  // the best figure of a general solver on these runs, Ceres'
}

TEST_CASE("nist: with the default options, without weights, all runs have four digits") {
  int runs = 0, converged = 0;
  for_each_nist_problem([&]<class Model>(const NistProblem& problem, const Model& model) {
    const ResidualFitter<Double, Model> fitter{Double::execution_space()};
    for (std::size_t start = 0; start < 2; ++start) {
      const ReferenceFits solved =
          solve(fitter, model, problem.data(), problem.y, problem.start[start]);
      const double digits = nist_digits(problem, solved.theta.data());
      CAPTURE(problem.name);
      CAPTURE(start);
      CAPTURE(solved.status[0]);
      CHECK(digits >= 4.0);
      ++runs;
      converged += is_converged(static_cast<FitStatus>(solved.status[0])) ? 1 : 0;
      // A tolerance of 1e-8 is 1e-4 standard deviations. The floor is that of the certified digits where the
      // model goes through its data, with deviations of 1e-12 of the parameters.
      for (std::size_t p = 0; p < problem.certified.size(); ++p) {
        CHECK(std::abs(solved.theta[p] - problem.certified[p]) <=
              0.1 * problem.certified_deviation[p] + 1e-8 * std::abs(problem.certified[p]));
      }
    }
  });
  CHECK(runs == 54);
  CHECK(converged == 54);
}

/// Distances of both ends of a parameter from the minimum, of each problem and parameter (tests/data/make_nist_minos.py).
using Intervals = std::map<std::pair<std::string, int>, std::array<double, 2>>;
Intervals read_minos() {
  Intervals out;
  std::ifstream file(test_file("nist_minos.txt"));
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name, low, high;
    int p = 0;
    if (line.front() != '#' && words >> name >> p >> low >> high) {
      out[{name, p}] = {std::stod(low), std::stod(high)};  // stod reads nan
    }
  }
  return out;
}

TEST_CASE("nist: profile intervals are those of minos") {
  const Intervals minos = read_minos();
  int ends = 0, compared = 0;
  double worst = 0.0;
  for_each_nist_problem([&]<class Model>(const NistProblem& problem, const Model& model) {
    const Double::execution_space exec;
    constexpr int n = Model::parameters;
    const auto row = [&](const std::vector<double>& values) {
      return upload_matrix<Matrix<const double, Double>>(exec, "row", values, 1, values.size());
    };
    const ResidualData<Double> data{.y = row(problem.y)};
    const ResidualOptions options{.solver = reference_options};
    const auto fits = fit_residuals<Double>(exec, model, data, row(problem.certified), options);
    std::vector<int> all(n);
    std::iota(all.begin(), all.end(), 0);
    const auto out = profile_intervals<Double>(exec, model, data, fits, all, options);
    const auto theta = download(exec, fits.theta);
    const auto end = download(exec, out.end);
    const auto status = download(exec, out.status);
    for (int p = 0; p < n; ++p) {
      const auto q = static_cast<std::size_t>(p);
      for (std::size_t side = 0; side < 2; ++side) {
        CAPTURE(problem.name);
        CAPTURE(p);
        CAPTURE(side);
        ++ends;
        // minos finds no minimum of Lanczos1, whose errors are 1e-12 of its parameters: there F is a parabola, as far
        // as rounding lets see, which moves F by some hundredths.
        const bool parabola = problem.name == "Lanczos1";
        const double deviation = (side == 0 ? -1.0 : 1.0) * problem.certified_deviation[q];
        const double wanted = parabola ? deviation : minos.at({problem.name, p})[side];
        if (std::isnan(wanted)) {
          continue;
        }
        ++compared;
        CHECK(status(0, q, side) == ProfileStatus::found);
        const double got = end(0, q, side) - theta(0, q);
        worst = parabola ? worst : std::max(worst, std::abs(got / wanted - 1.0));
        // minos' own tolerance, and that of 1e-3; rounding
        CHECK(std::abs(got - wanted) < (parabola ? 0.05 : 0.01) * std::abs(wanted));
      }
    }
  });
  std::printf("%d of %d ends compared, off by %.1e at most but for Lanczos1\n", compared, ends,
              worst);
  CHECK(ends == 2 * 120);
  CHECK(compared >= ends - 1);  // the lower end of Nelson's b2 is lost by minos
}

TEST_CASE("nist: each of many perturbed copies is the same alone and in a batch") {
  for_each_nist_problem([](const NistProblem& problem, const auto& model) {
    check_alone_and_in_batch(problem.name, model, problem.data(), problem.y,
                             {problem.start[0], problem.start[1]},
                             0.1 * problem.residual_deviation);
  });
}

}  // namespace rvfit::test
