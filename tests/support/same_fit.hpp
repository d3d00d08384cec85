// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Comparison of the results of two fits, column by column and bit for bit.

#include <rvfit/data/fit_result.hpp>

#include <doctest/doctest.h>
#include <support/compare.hpp>

namespace rvfit::test {

/// Check that two results agree in every bit of every column.
inline void check_same_fit(const FitResult& got, const FitResult& want) {
  CHECK(got.parameters.names() == want.parameters.names());
  CHECK(got.size == want.size);
  CHECK(got.arms == want.arms);
  check_same_bits("theta", got.theta, want.theta);
  check_same_bits("error", got.error, want.error);
  check_same_bits("covariance", got.covariance, want.covariance);
  check_same_bits("neg2_log_like", got.neg2_log_like, want.neg2_log_like);
  check_same_bits("chi2", got.chi2, want.chi2);
  check_same_bits("continuum_chi2", got.continuum_chi2, want.continuum_chi2);
  CHECK(got.pixels == want.pixels);
  CHECK(got.status == want.status);
  CHECK(got.bound_flags == want.bound_flags);
  CHECK(got.bad_hessian == want.bad_hessian);
  CHECK(got.iterations == want.iterations);
  check_same_bits("profile_error", got.profile_error, want.profile_error);
  check_same_bits("profile_skewness", got.profile_skewness, want.profile_skewness);
  check_same_bits("profile_kurtosis", got.profile_kurtosis, want.profile_kurtosis);
  check_same_bits("second_rv", got.second_rv, want.second_rv);
  check_same_bits("second_excess", got.second_excess, want.second_excess);
  check_same_bits("start_rv", got.start_rv, want.start_rv);
}

}  // namespace rvfit::test
