// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Results of the targets of a file, gathered from batches of them: exposures of an arm are added up.

#include <rvfit/core/require.hpp>
#include <rvfit/data/fit_result.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace rvfit_programs {

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

/// Call `f` with each array of a result and the same of another; all have a row per target.
template <class A, class B, class F>
void for_each_array(A& a, B& b, const F& f) {
  f(a.theta, b.theta);
  f(a.error, b.error);
  f(a.covariance, b.covariance);
  f(a.neg2_log_like, b.neg2_log_like);
  f(a.chi2, b.chi2);
  f(a.continuum_chi2, b.continuum_chi2);
  f(a.pixels, b.pixels);
  f(a.clipped, b.clipped);
  f(a.outside, b.outside);
  f(a.status, b.status);
  f(a.bound_flags, b.bound_flags);
  f(a.bad_hessian, b.bad_hessian);
  f(a.iterations, b.iterations);
  f(a.profile_error, b.profile_error);
  f(a.profile_skewness, b.profile_skewness);
  f(a.profile_kurtosis, b.profile_kurtosis);
  f(a.second_rv, b.second_rv);
  f(a.second_excess, b.second_excess);
  f(a.start_rv, b.start_rv);
}

/// Some rows of a matrix of `rows` rows.
template <class T>
[[nodiscard]] std::vector<T> rows_at(const std::vector<T>& matrix, std::size_t rows,
                                     const std::vector<std::size_t>& wanted) {
  const std::size_t columns = rows == 0 ? 0 : matrix.size() / rows;
  std::vector<T> chosen;
  chosen.reserve(wanted.size() * columns);
  for (const std::size_t row : wanted) {
    const auto first = matrix.begin() + static_cast<std::ptrdiff_t>(row * columns);
    chosen.insert(chosen.end(), first, first + static_cast<std::ptrdiff_t>(columns));
  }
  return chosen;
}

/// Rows first .. last - 1 of a matrix of `rows` rows.
template <class T>
[[nodiscard]] std::vector<T> rows_of(const std::vector<T>& matrix, std::size_t rows,
                                     std::size_t first, std::size_t last) {
  const std::size_t columns = rows == 0 ? 0 : matrix.size() / rows;
  return {matrix.begin() + static_cast<std::ptrdiff_t>(first * columns),
          matrix.begin() + static_cast<std::ptrdiff_t>(last * columns)};
}

}  // namespace detail

/// Add a batch of targets to the results of a file.
///
/// @param[in,out] whole      results of `size` targets, whose parameters begin with those of `part`
/// @param[in]     part       results of B targets of E exposures each, in A * E arms
/// @param[in]     exposures  E
/// @param[in]     places     (B) which targets they are
/// @throws rvfit::InvalidArgument  other parameters
inline void place(rvfit::FitResult& whole, rvfit::FitResult part, std::size_t exposures,
                  const std::vector<std::size_t>& places) {
  const auto few = static_cast<std::size_t>(part.parameters.size());
  const auto many = static_cast<std::size_t>(whole.parameters.size());
  RVFIT_REQUIRE(whole.parameters.names().starts_with(part.parameters.names()),
                "place: parameters of a batch are ", part.parameters.names(), ", of all ",
                whole.parameters.names());
  part.theta = detail::widened(part.theta, few, many, 1);
  part.error = detail::widened(part.error, few, many, 1);
  part.covariance = detail::widened(part.covariance, few, many, 2);
  part.chi2 = detail::sum_of_exposures(part.chi2, exposures);
  part.continuum_chi2 = detail::sum_of_exposures(part.continuum_chi2, exposures);
  part.pixels = detail::sum_of_exposures(part.pixels, exposures);
  part.clipped = detail::sum_of_exposures(part.clipped, exposures);
  detail::for_each_array(whole, part, [&](auto& to, const auto& from) {
    detail::scatter(to, static_cast<std::size_t>(whole.size), from, places);
  });
}

/// The results of targets first .. last - 1.
[[nodiscard]] inline rvfit::FitResult results_of(const rvfit::FitResult& whole, std::size_t first,
                                                 std::size_t last) {
  rvfit::FitResult part;
  part.parameters = whole.parameters;
  part.size = static_cast<int>(last - first);
  part.arms = whole.arms;
  detail::for_each_array(part, whole, [&](auto& to, const auto& from) {
    to = detail::rows_of(from, static_cast<std::size_t>(whole.size), first, last);
  });
  return part;
}

}  // namespace rvfit_programs
