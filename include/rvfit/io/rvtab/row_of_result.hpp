// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Numbers of one spectrum of a FitResult.

#include <rvfit/data/fit_result.hpp>

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

namespace rvfit::io {

/// Position of (row, column) in a row-major matrix.
[[nodiscard]] inline std::size_t entry(int row, int columns, int column) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
         static_cast<std::size_t>(column);
}

/// Sum over arms of a (B, A) matrix.
template <class T>
[[nodiscard]] T arm_sum(const std::vector<T>& matrix, int arms, int b) {
  T sum = 0;
  for (int a = 0; a < arms; ++a) {
    sum += matrix[entry(b, arms, a)];
  }
  return sum;
}

/// Whether a parameter is a radial velocity: rv, and rv_2 and so on of further exposures.
[[nodiscard]] inline bool is_velocity(std::string_view parameter) {
  return parameter == "rv" || parameter.starts_with("rv_");
}

/// Value of a parameter of spectrum b, or NaN if the model has no such parameter.
[[nodiscard]] inline double value_of(const FitResult& result, const std::vector<double>& matrix,
                                     int b, std::string_view name) {
  const int p = result.parameters.find(name);
  return p < 0 ? std::numeric_limits<double>::quiet_NaN()
               : matrix[entry(b, result.parameters.size(), p)];
}

}  // namespace rvfit::io
