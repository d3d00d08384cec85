// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// One Levenberg-Marquardt step of one fit inside its bounds, by one thread.
///
/// With gradient g and curvature H of the objective F, the trial point theta + d lowers
///
///   m(d) = g . d + d (H + damping D) d / 2,     D = diag(H),    lower <= theta + d <= upper
///
/// by an active set: go towards the minimum of m over the free parameters up to the first bound, hold
/// the parameter that meets it there, and go on with the others; m falls all the way.
/// (Marquardt, SIAM J. 11, 431, 1963; the damping follows Nielsen, IMM-REP-1999-05.)

#include <rvfit/data/parameters.hpp>
#include <rvfit/linalg/cholesky.hpp>
#include <rvfit/solver/lm_options.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Bounds and freedom of the parameters of one fit.
struct LmBounds {
  const double* lower;
  const double* upper;
  const double* scale;  ///< D_p is at least 1e-12 / scale_p^2, for parameters without curvature
  const int* fixed;
};

/// Result of solving for a step.
struct LmStep {
  double decrease = 0.0;  ///< -(g . d + d H d / 2), what the undamped model promises
  bool solved = false;    ///< false if the damped matrix is not positive definite
};

/// Lower the damped model within the bounds.
///
/// @param[in]  n        parameters, at most max_parameters
/// @param[in]  theta    (n)     current point, within the bounds
/// @param[in]  gradient (n)
/// @param[in]  hessian  (n, n)  row-major, symmetric
/// @param[out] point    (n)     trial point; a parameter on a bound is exactly there
[[nodiscard]] KOKKOS_INLINE_FUNCTION LmStep lm_step(int n, const double* theta,
                                                    const double* gradient, const double* hessian,
                                                    const LmBounds& bounds, double damping,
                                                    double* point) {
  bool held[max_parameters];
  double step[max_parameters];
  for (int p = 0; p < n; ++p) {
    step[p] = 0.0;
    point[p] = theta[p];
    held[p] = bounds.fixed[p] != 0 || (theta[p] <= bounds.lower[p] && gradient[p] > 0.0) ||
              (theta[p] >= bounds.upper[p] && gradient[p] < 0.0);
  }
  LmStep result;
  // Each pass puts one more parameter on a bound, or is the last.
  for (int pass = 0; pass <= n; ++pass) {
    int free[max_parameters];
    int size = 0;
    for (int p = 0; p < n; ++p) {
      if (!held[p]) {
        free[size++] = p;
      }
    }
    double matrix[max_parameters * max_parameters];
    double target[max_parameters];
    for (int i = 0; i < size; ++i) {
      const int p = free[i];
      for (int j = 0; j <= i; ++j) {
        matrix[i * max_parameters + j] = hessian[p * n + free[j]];
      }
      const double floor = 1e-12 / (bounds.scale[p] * bounds.scale[p]);
      matrix[i * max_parameters + i] += damping * Kokkos::fmax(hessian[p * n + p], floor);
      target[i] = -gradient[p];
      for (int q = 0; q < n; ++q) {
        target[i] -= held[q] ? hessian[p * n + q] * step[q] : 0.0;
      }
    }
    if (cholesky_factor(matrix, size, max_parameters, 1e-15) < size) {
      return result;
    }
    cholesky_solve(matrix, size, max_parameters, target);
    // How far the way to the target stays inside, and who leaves first.
    double fraction = 1.0;
    int first = -1;
    for (int i = 0; i < size; ++i) {
      const int p = free[i];
      const double way = target[i] - step[p];
      const double bound = theta[p] + target[i] < bounds.lower[p]   ? bounds.lower[p]
                           : theta[p] + target[i] > bounds.upper[p] ? bounds.upper[p]
                                                                    : theta[p] + target[i];
      const double inside = way != 0.0 ? (bound - theta[p] - step[p]) / way : 1.0;
      if (bound != theta[p] + target[i] && (first < 0 || inside < fraction)) {
        fraction = Kokkos::fmax(inside, 0.0);
        first = i;
      }
    }
    for (int i = 0; i < size; ++i) {
      const int p = free[i];
      step[p] += fraction * (target[i] - step[p]);
      point[p] = theta[p] + step[p];
    }
    if (first < 0) {
      break;
    }
    const int p = free[first];
    point[p] = theta[p] + target[first] < bounds.lower[p] ? bounds.lower[p] : bounds.upper[p];
    step[p] = point[p] - theta[p];
    held[p] = true;
  }
  double change = 0.0;
  for (int p = 0; p < n; ++p) {
    double row = 0.0;
    for (int q = 0; q < n; ++q) {
      row += hessian[p * n + q] * step[q];
    }
    change += step[p] * (gradient[p] + 0.5 * row);
  }
  result.decrease = -change;
  result.solved = Kokkos::isfinite(change);
  return result;
}

/// Damping of one fit.
struct LmDamping {
  double value;
  double growth;  ///< factor of the next rejection

  /// After an accepted step with this ratio of actual to predicted decrease.
  KOKKOS_INLINE_FUNCTION void relax(double ratio, const LmOptions& options) {
    const double u = 2.0 * Kokkos::fmin(ratio, 1.0) - 1.0;
    value = Kokkos::fmax(value * Kokkos::fmax(1.0 / 10.0, 1.0 - u * u * u), options.min_damping);
    growth = 4.0;
  }
  /// After a rejected step.
  KOKKOS_INLINE_FUNCTION void tighten() {
    value *= growth;
    growth *= 2.0;
  }
};

}  // namespace rvfit
