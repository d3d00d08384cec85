// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Results of the targets of a file, gathered from batches of them.

#include <rvfit/data/fit_result.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace rvfit_survey {

/// Results of T targets in A arms: exposures of an arm are added up.
struct FileFit {
  rvfit::FitResult result;
  /// For each arm best-fit spectra (rows, N), if those were asked for: the rows of the first target,
  /// then those of the next.
  std::vector<std::vector<float>> models;
};

namespace detail {

/// Sum over E exposures of (B, A * E), arm by arm, into (B, A).
template <class T>
[[nodiscard]] std::vector<T> sum_of_exposures(const std::vector<T>& values, std::size_t exposures) {
  std::vector<T> sums(values.size() / exposures);
  for (std::size_t n = 0; n < values.size(); ++n) {
    sums[n / exposures] += values[n];
  }
  return sums;
}

/// Put the rows of `from` where they belong in `to`, a matrix of `rows` rows with as many columns.
template <class T>
void scatter(std::vector<T>& to, std::size_t rows, const std::vector<T>& from,
             const std::vector<std::size_t>& places) {
  const std::size_t columns = from.size() / places.size();
  to.resize(rows * columns);
  for (std::size_t b = 0; b < places.size(); ++b) {
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(b * columns), columns,
                to.begin() + static_cast<std::ptrdiff_t>(places[b] * columns));
  }
}

/// (B, p, ..) with one or two axes of p parameters, widened to P of them with NaN.
[[nodiscard]] inline std::vector<double> widened(const std::vector<double>& values, std::size_t few,
                                                 std::size_t many, int axes) {
  if (few == many) {
    return values;
  }
  const std::size_t lines = axes == 1 ? 1 : few;
  const std::size_t all_lines = axes == 1 ? 1 : many;
  const std::size_t rows = values.size() / (lines * few);
  std::vector<double> wide(rows * all_lines * many, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t b = 0; b < rows; ++b) {
    for (std::size_t line = 0; line < lines; ++line) {
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>((b * lines + line) * few), few,
                  wide.begin() + static_cast<std::ptrdiff_t>((b * all_lines + line) * many));
    }
  }
  return wide;
}

}  // namespace detail

/// Add a batch of targets to the results of a file.
///
/// @param[in,out] whole      results of `size` targets, whose parameters begin with those of `part`
/// @param[in]     part       results of B targets of E exposures each, in A * E arms
/// @param[in]     exposures  E
/// @param[in]     places     (B) which targets they are
inline void place(rvfit::FitResult& whole, const rvfit::FitResult& part, int exposures,
                  const std::vector<std::size_t>& places) {
  const auto rows = static_cast<std::size_t>(whole.size);
  const auto few = static_cast<std::size_t>(part.parameters.size());
  const auto many = static_cast<std::size_t>(whole.parameters.size());
  const auto sum = [&](const auto& values) {
    return detail::sum_of_exposures(values, static_cast<std::size_t>(exposures));
  };
  const auto put = [&](auto& to, const auto& from) { detail::scatter(to, rows, from, places); };
  put(whole.theta, detail::widened(part.theta, few, many, 1));
  put(whole.error, detail::widened(part.error, few, many, 1));
  put(whole.covariance, detail::widened(part.covariance, few, many, 2));
  put(whole.neg2_log_like, part.neg2_log_like);
  put(whole.chi2, sum(part.chi2));
  put(whole.continuum_chi2, sum(part.continuum_chi2));
  put(whole.pixels, sum(part.pixels));
  put(whole.status, part.status);
  put(whole.bound_flags, part.bound_flags);
  put(whole.bad_hessian, part.bad_hessian);
  put(whole.iterations, part.iterations);
  put(whole.profile_error, part.profile_error);
  put(whole.profile_skewness, part.profile_skewness);
  put(whole.profile_kurtosis, part.profile_kurtosis);
  put(whole.second_rv, part.second_rv);
  put(whole.second_excess, part.second_excess);
}

}  // namespace rvfit_survey
