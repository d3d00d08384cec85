// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A FitResult made by hand, for tests of what is written of one.

#include <rvfit/data/fit_result.hpp>

#include <support/place_of.hpp>

#include <cstddef>

namespace rvfit::test {

/// A result of `rows` good fits in two arms.
[[nodiscard]] inline FitResult good_result(int rows) {
  FitResult result;
  result.parameters = ParameterSet({{.name = "teff", .unit = "K", .lower = 3000, .upper = 9000},
                                    {.name = "logg", .unit = "dex", .lower = 0, .upper = 5},
                                    {.name = "vmic", .unit = "km/s"},
                                    {.name = "alpha", .unit = "dex"},
                                    {.name = "vsini", .unit = "km/s", .lower = 0, .upper = 500},
                                    {.name = "rv", .unit = "km/s", .lower = -900, .upper = 900}});
  result.size = rows;
  result.arms = 2;
  const auto b = static_cast<std::size_t>(rows);
  for (int row = 0; row < rows; ++row) {
    for (const double value : {5000.0, 4.0, 1.5, 0.3, 20.0, -100.0}) {
      result.theta.push_back(value);
    }
  }
  result.error.assign(b * 6, 0.25);
  result.covariance.assign(b * 36, 0.0625);
  result.neg2_log_like.assign(b, -1234.5);
  result.chi2.assign(b * 2, 1000.0);
  result.continuum_chi2.assign(b * 2, 3000.0);
  result.pixels.assign(b * 2, 990);
  result.status.assign(b, FitStatus::converged);
  result.bound_flags.assign(b, 0);
  result.bad_hessian.assign(b, 0);
  result.iterations.assign(b, 5);
  return result;
}

/// A parameter of the first row, and its error.
[[nodiscard]] inline double& theta_of(FitResult& result, const char* name) {
  return result.theta[place_of(result.parameters, 0, name)];
}
[[nodiscard]] inline double& error_of(FitResult& result, const char* name) {
  return result.error[place_of(result.parameters, 0, name)];
}

}  // namespace rvfit::test
