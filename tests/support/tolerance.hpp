// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Tolerances from rounding and from theorems.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace rvfit::test {

/// `operations` roundings of numbers up to `scale`.
template <class Real>
[[nodiscard]] constexpr double rounding(double operations, double scale = 1.0) {
  return operations * static_cast<double>(std::numeric_limits<Real>::epsilon()) * scale;
}

/// A number to compare with `==`, right but for `operations` roundings of itself. doctest's own Approx allows
/// 1.2e-5 of 1 + |x| unless it is told otherwise.
[[nodiscard]] inline doctest::Approx rounded(double want, double operations = 8) {
  return doctest::Approx(want).epsilon(rounding<double>(operations)).scale(0.0);
}

/// Rounding of a sum of n products whose Euclidean norm is `norm`. Partial sums walk at random and
/// each is rounded once, which gives 0.2 eps sqrt(n) norm; twenty times that.
template <class Real>
[[nodiscard]] double dot_rounding(int n, double norm) {
  return rounding<Real>(4.0 * std::sqrt(static_cast<double>(n)), norm);
}

/// Error of a cubic spline on a grid of step h, and of its derivative, for a function whose fourth
/// derivative is at most `fourth` (Hall & Meyer, J. Approx. Theory 16, 105, 1976).
[[nodiscard]] inline double spline_error(double h, double fourth) {
  return 5.0 / 384.0 * std::pow(h, 4) * fourth;
}
[[nodiscard]] inline double spline_slope_error(double h, double fourth) {
  return std::pow(h, 3) / 24.0 * fourth;
}

/// Largest magnitude of an array.
template <class T>
[[nodiscard]] double largest(const std::vector<T>& values) {
  double result = 0.0;
  for (const T& v : values) {
    result = std::max(result, std::abs(static_cast<double>(v)));
  }
  return result;
}

}  // namespace rvfit::test
