// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A network is trusted in an intersection of half-spaces in the scaled inputs x of each arm. Outside it
/// there is a quadratic penalty,
///
///   outside_a(theta) = max(0, max_n (normal_n . x + offset_n))^2,
///   neg2_log_like   += sum_a weight * outside_a
///
/// with rvspecfit's weight, 10 x the pixels of all arms. Agrees with its OutsideInterpolator.

#include <rvfit/core/views.hpp>
#include <rvfit/data/parameters.hpp>
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/emulator/input_scaling.hpp>

namespace rvfit {

/// The domain of one arm.
template <ExecutionPolicy P>
struct ArmDomain {
  Matrix<const double, P> half_spaces;  ///< (n, labels + 1)
  InputScaling<P> scaling;

  /// Add `weight * outside` to `value`, and its derivatives to `gradient` (labels) and `hessian`
  /// (row stride `stride`) unless they are null.
  KOKKOS_FUNCTION void add_penalty(const double* theta, double weight, double& value,
                                   double* gradient, double* hessian, int stride) const {
    const auto labels = static_cast<int>(half_spaces.extent(1)) - 1;
    double x[max_labels], slope[max_labels];
    for (int j = 0; j < labels; ++j) {
      const auto input = scaling(j, theta[j]);
      x[j] = input.value;
      slope[j] = input.slope;
    }
    int farthest = -1;
    double distance = 0.0;
    for (int n = 0; n < static_cast<int>(half_spaces.extent(0)); ++n) {
      double d = half_spaces(n, labels);
      for (int j = 0; j < labels; ++j) {
        d += half_spaces(n, j) * x[j];
      }
      if (d > distance) {
        distance = d;
        farthest = n;
      }
    }
    if (farthest < 0) {
      return;
    }
    value += weight * distance * distance;
    if (gradient == nullptr) {
      return;
    }
    for (int j = 0; j < labels; ++j) {
      slope[j] *= half_spaces(farthest, j);
      gradient[j] += 2.0 * weight * distance * slope[j];
    }
    for (int j = 0; j < labels; ++j) {
      for (int k = 0; k < labels; ++k) {
        hessian[j * stride + k] += 2.0 * weight * slope[j] * slope[k];
      }
    }
  }
};

}  // namespace rvfit
