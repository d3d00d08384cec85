// SPDX-License-Identifier: MIT
#pragma once

namespace rvfit {

/// Options of the Levenberg-Marquardt solver.
struct LmOptions {
  int max_iterations = 60;  ///< steps tried, accepted or not

  /// Converged when the undamped, bounded Newton step is expected to lower the objective by less:
  /// a distance of sqrt(tolerance) in units of the errors when the objective is -2 ln L.
  double tolerance = 1e-4;

  double initial_damping = 1e-3;  ///< relative to the diagonal of the Hessian
  double min_damping = 1e-9;
  double max_damping = 1e9;    ///< stalled beyond
  double accept_ratio = 1e-3;  ///< least actual over predicted decrease of an accepted step
};

}  // namespace rvfit
