// SPDX-License-Identifier: MIT

#include "core/file_fit.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit_programs::test {
namespace {

using Doubles = std::vector<double>;
using rvfit::FitStatus;

/// Results of `size` targets in one arm of `exposures`: element n of an array is 100 id + n.
rvfit::FitResult result_of(int size, std::size_t exposures, const std::vector<std::string>& names,
                           double id) {
  rvfit::FitResult result;
  std::vector<rvfit::Parameter> parameters;
  for (const std::string& name : names) {
    parameters.push_back({.name = name});
  }
  result.parameters = rvfit::ParameterSet(parameters);
  result.size = size;
  result.arms = static_cast<int>(exposures);
  const auto rows = static_cast<std::size_t>(size);
  const auto numbers = [&](auto& array, std::size_t count) {
    array.resize(count);
    for (std::size_t n = 0; n < count; ++n) {
      array[n] = static_cast<std::decay_t<decltype(array[n])>>(100 * id + static_cast<double>(n));
    }
  };
  numbers(result.theta, rows * names.size());
  numbers(result.error, rows * names.size());
  numbers(result.covariance, rows * names.size() * names.size());
  numbers(result.neg2_log_like, rows);
  numbers(result.chi2, rows * exposures);
  numbers(result.continuum_chi2, rows * exposures);
  numbers(result.pixels, rows * exposures);
  numbers(result.bound_flags, rows);
  numbers(result.iterations, rows);
  result.status.assign(rows, FitStatus::converged);
  result.bad_hessian.assign(rows, 0);
  return result;
}

TEST_CASE(
    "place: batches go to their targets, exposures are added up, missing velocities are NaN") {
  CHECK(detail::sum_of_exposures(Doubles{1, 2, 3, 4}, 2) == Doubles{3, 7});
  rvfit::FitResult whole;
  whole.parameters = result_of(0, 1, {"teff", "rv", "rv_2"}, 0).parameters;
  whole.size = 3;
  whole.arms = 1;
  place(whole, result_of(2, 1, {"teff", "rv"}, 1), 1, {2, 0});
  place(whole, result_of(1, 2, {"teff", "rv", "rv_2"}, 2), 2, {1});
  const auto nan_at = [](const Doubles& values, std::size_t n) { return std::isnan(values[n]); };
  REQUIRE(whole.theta.size() == 9);
  CHECK(whole.theta[0] == 102);  // second row of the first batch
  CHECK(whole.theta[1] == 103);
  CHECK(nan_at(whole.theta, 2));
  CHECK(whole.theta[5] == 202);
  CHECK(whole.theta[6] == 100);
  REQUIRE(whole.covariance.size() == 27);
  CHECK(whole.covariance[18] == 100);
  CHECK(whole.covariance[19] == 101);
  CHECK(nan_at(whole.covariance, 20));
  CHECK(whole.covariance[21] == 102);
  CHECK(nan_at(whole.covariance, 26));
  CHECK(whole.covariance[9 + 8] == 208);
  CHECK(whole.chi2 == Doubles{101, 200 + 201, 100});
  CHECK(whole.pixels == std::vector<std::int32_t>{101, 401, 100});
  CHECK(whole.iterations == std::vector<std::int32_t>{101, 200, 100});
  CHECK(whole.second_rv.empty());  // as the batches'

  CHECK_THROWS_AS(place(whole, result_of(1, 1, {"rv", "teff"}, 1), 1, {0}), rvfit::InvalidArgument);

  const rvfit::FitResult part = results_of(whole, 1, 3);
  CHECK(part.size == 2);
  CHECK(part.chi2 == Doubles{401, 100});
  CHECK(part.theta[2] == 202);
  CHECK(part.theta[3] == 100);
}

}  // namespace
}  // namespace rvfit_programs::test
