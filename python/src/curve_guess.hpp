// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Starts of curves from their data.

#include "curve_sum.hpp"

#include <vector>

namespace rvfit_python {

/// Points of one fit that have weight.
struct CurvePoints {
  std::vector<double> x, second, y;

  void clear() {
    x.clear();
    second.clear();
    y.clear();
  }
};

/// Whether `guess_curve` knows the sum: peaks and a polynomial, or one other term and a polynomial.
[[nodiscard]] bool has_guess(const std::vector<CurveTerm>& terms);

/// A start of a sum.
///
/// @param[in]  points  at least one, in any order
/// @param[out] theta   (P)
void guess_curve(const std::vector<CurveTerm>& terms, const CurvePoints& points, double* theta);

}  // namespace rvfit_python
