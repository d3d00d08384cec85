// SPDX-License-Identifier: MIT
#pragma once

namespace rvfit {

/// Options of the Levenberg-Marquardt solver. F is the objective, -2 ln L or chi-square; a fit ends by
/// the first stopping test that it meets, and 0 turns a test off.
struct LmOptions {
  int max_iterations = 60;  ///< steps tried, accepted or not

  /// Converged when the undamped, bounded Newton step is expected to lower the objective by less:
  /// a distance of sqrt(tolerance) in units of the errors when the objective is -2 ln L.
  double tolerance = 1e-4;

  double initial_damping = 1e-3;  ///< relative to the diagonal of the Hessian
  double min_damping = 1e-12;
  double max_damping = 1e9;    ///< stalled beyond
  double accept_ratio = 1e-3;  ///< least actual over predicted decrease of an accepted step

  /// The same test relative to F, for data whose errors are not known: below relative_tolerance * F.
  double relative_tolerance = 0.0;

  /// Converged (`converged_step`) when an accepted step changes no parameter by more than
  /// step_tolerance * (|theta_p| + step_tolerance).
  double step_tolerance = 0.0;

  /// Converged (`converged_gradient`) when |dF/dtheta_p| <= gradient_tolerance * sqrt(2 F H_pp) for all
  /// free p inside their bounds: for least squares the cosine between the residuals and column p of the
  /// Jacobian.
  double gradient_tolerance = 0.0;

  /// Steps taken without judgement once F no longer resolves them, each of which must promise less than
  /// nine tenths of the one before. They refine the parameters down to the rounding of the gradient; 0
  /// stops where F does.
  int polish_steps = 0;

  /// Of residual problems, where F is a sum of squares: damping is relative to no less than
  /// least_influence * F / size_p^2, with size_p the largest |theta_p| so far (Parameter::scale while that
  /// is 0). A parameter that has little influence at the start is so kept from running to where it
  /// has none.
  double least_influence = 1e-3;
};

}  // namespace rvfit
