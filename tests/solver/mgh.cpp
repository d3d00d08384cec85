// SPDX-License-Identifier: MIT

/// @file
/// The problems of More, Garbow and Hillstrom in the 53 runs of MINPACK's driver.
/// bench/minpack.cpp prints them beside MINPACK's own results.

#include "support/mgh.hpp"

#include "support/reference_fits.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace rvfit::test {

TEST_CASE("mgh: as many runs as MINPACK's driver end at a known minimum") {
  int runs = 0, reached = 0;
  std::printf("%-20s %3s %3s %6s %14s %6s %6s\n", "problem", "n", "m", "start", "|f|", "steps",
              "status");
  mgh::for_each_problem([&]<class Model>(const mgh::Problem& problem, const Model& model) {
    const ResidualFitter<Double, Model> fitter(Double::execution_space(),
                                               {.solver = reference_options});
    for (int run = 0; run < problem.tries; ++run) {
      const ReferenceFits solved =
          solve(fitter, model, problem.points, problem.y, problem.start_of(run));
      const bool known = problem.is_known_minimum(solved.value[0]);
      std::printf("%-20s %3d %3d x%-5.0f %14.7e %6d %6d%s\n", problem.name.c_str(),
                  Model::parameters, problem.points, std::pow(10.0, run),
                  std::sqrt(solved.value[0]), solved.iterations[0], solved.status[0],
                  known ? "" : "  no known minimum");
      ++runs;
      reached += known ? 1 : 0;
    }
  });
  std::printf("%d of %d runs\n", reached, runs);
  CHECK(runs == 53);
  CHECK(reached >= 51);  // lmder1: all but Meyer's from 10 x, and Chebyquad's start on a maximum
}

TEST_CASE(
    "mgh: with the default options all runs but the start on a maximum end at a known minimum") {
  int runs = 0, reached = 0;
  mgh::for_each_problem([&]<class Model>(const mgh::Problem& problem, const Model& model) {
    const ResidualFitter<Double, Model> fitter{Double::execution_space()};
    for (int run = 0; run < problem.tries; ++run) {
      const ReferenceFits solved =
          solve(fitter, model, problem.points, problem.y, problem.start_of(run));
      const bool known = problem.is_known_minimum(solved.value[0]);
      ++runs;
      reached += known ? 1 : 0;
      const bool on_maximum = Model::parameters == 1 && problem.name == "Chebyquad";
      CHECK_MESSAGE((known || on_maximum), problem.name, " from start ", run, " ends with status ",
                    solved.status[0], " at ", solved.value[0]);
    }
  });
  CHECK(runs == 53);
  CHECK(reached == 52);
}

TEST_CASE("mgh: each of many perturbed copies is the same alone and in a batch") {
  mgh::for_each_problem([](const mgh::Problem& problem, const auto& model) {
    std::vector<std::vector<double>> starts;
    for (int run = 0; run < problem.tries; ++run) {
      starts.push_back(problem.start_of(run));
    }
    double scale = 0.0;
    for (const double y : problem.y) {
      scale = std::max(scale, std::abs(y));
    }
    check_alone_and_in_batch(problem.name, model, problem.points, problem.y, starts,
                             1e-3 * (scale > 0.0 ? scale : 1.0));
  });
}

}  // namespace rvfit::test
