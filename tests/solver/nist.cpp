// SPDX-License-Identifier: MIT

/// @file
/// NIST's 27 nonlinear regressions with certified solutions, from both starts, with one set of options.

#include "support/nist.hpp"

#include "support/nist_models.hpp"
#include "support/reference_fits.hpp"
#include "support/shared_data.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>

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

TEST_CASE("nist: each of many perturbed copies is the same alone and in a batch") {
  for_each_nist_problem([](const NistProblem& problem, const auto& model) {
    check_alone_and_in_batch(problem.name, model, problem.data(), problem.y,
                             {problem.start[0], problem.start[1]},
                             0.1 * problem.residual_deviation);
  });
}

}  // namespace rvfit::test
