// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The scale or the shape that templates are divided by: a fit's continuum undoes either.

#include "options.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace rvfit_library {

/// Degree of the continuum's polynomial.
inline constexpr int continuum_degree = 5;

/// Take the polynomial in the pixel's number that is nearest to a template off it, by least squares. It is linear in
/// ln T: templates of neighbouring labels stay neighbours, which a continuum that picks pixels does not warrant.
inline void subtract_polynomial(std::vector<double>& ln_template, int degree) {
  const auto n = static_cast<double>(ln_template.size());
  std::vector<std::vector<double>> columns;  // orthonormal, by Gram and Schmidt, twice
  for (int k = 0; k <= degree; ++k) {
    std::vector<double> column(ln_template.size());
    for (std::size_t j = 0; j < column.size(); ++j) {
      const double x = (2.0 * static_cast<double>(j) + 1.0) / n - 1.0;
      column[j] = std::cos(k * std::acos(x));  // Chebyshev's
    }
    const auto take_off = [&](std::vector<double>& from, const std::vector<double>& other) {
      const double part = std::inner_product(other.begin(), other.end(), from.begin(), 0.0);
      std::transform(from.begin(), from.end(), other.begin(), from.begin(),
                     [&](double f, double o) { return f - part * o; });
    };
    for (int pass = 0; pass < 2; ++pass) {
      for (const auto& other : columns) {
        take_off(column, other);
      }
    }
    const double length =
        std::sqrt(std::inner_product(column.begin(), column.end(), column.begin(), 0.0));
    std::for_each(column.begin(), column.end(), [&](double& value) { value /= length; });
    take_off(ln_template, column);
    columns.push_back(std::move(column));
  }
}

/// Normalise ln T of an arm.
inline void normalize(std::vector<double>& ln_template, Normalization normalization) {
  if (normalization == Normalization::median) {
    std::vector<double> values(ln_template);
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    const double median = *middle;
    std::for_each(ln_template.begin(), ln_template.end(), [&](double& t) { t -= median; });
  } else if (normalization == Normalization::continuum) {
    subtract_polynomial(ln_template, continuum_degree);
  }
}

}  // namespace rvfit_library
