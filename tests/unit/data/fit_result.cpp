// SPDX-License-Identifier: MIT

#include <rvfit/data/fit_result.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace rvfit::test::fit_result {

constexpr FitStatus all[] = {FitStatus::running, FitStatus::converged,  FitStatus::max_iterations,
                             FitStatus::stalled, FitStatus::non_finite, FitStatus::no_valid_pixels};

TEST_CASE("fit_result: the numbers of statuses in tables never change") {
  int number = 0;
  for (const FitStatus status : all) {
    CHECK(static_cast<int>(status) == number++);
  }
}

TEST_CASE("fit_result: every status has a name of its own") {
  std::set<std::string> names;
  for (const FitStatus status : all) {
    names.insert(to_string(status));
  }
  CHECK(names.size() == std::size(all));
  CHECK(names.count("unknown") == 0);
  CHECK(std::string(to_string(static_cast<FitStatus>(99))) == "unknown");
}

TEST_CASE("fit_result: only end points of the solver are solutions") {
  CHECK(is_solution(FitStatus::converged));
  CHECK(is_solution(FitStatus::max_iterations));
  CHECK(is_solution(FitStatus::stalled));
  CHECK_FALSE(is_solution(FitStatus::running));
  CHECK_FALSE(is_solution(FitStatus::non_finite));
  CHECK_FALSE(is_solution(FitStatus::no_valid_pixels));
}

}  // namespace rvfit::test::fit_result
