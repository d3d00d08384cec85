// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Options of the Levenberg-Marquardt solver that a caller may want to turn. Constants that nobody needs to
/// turn stand where they are used: `lm_accept_ratio` in lm_fit.hpp, `least_influence` in the residual fits.
/// The defaults are those of functions of a user's own; fits of spectra have theirs, `spectra_solver`.

#include <rvfit/core/require.hpp>

#include <cmath>

namespace rvfit {

/// Options of the Levenberg-Marquardt solver. F is the objective, -2 ln L or chi-square; a fit ends by
/// the first stopping test that it meets, and 0 turns a test off.
struct LmOptions {
  int max_iterations = 10000;  ///< steps tried, accepted or not; a guard, not met in earnest

  /// Converged when the undamped, bounded Newton step is predicted to lower F by less: a distance of
  /// sqrt(tolerance) in units of the errors. F is counted in units of -2 ln L: where the data have no weights,
  /// or weights known but for a factor, its unit is F / (points - free parameters).
  double tolerance = 1e-8;

  double initial_damping = 0.1;  ///< relative to the diagonal of the Hessian, as are the others
  double min_damping = 1e-12;
  double max_damping = 1e9;  ///< stalled beyond

  /// The same test relative to F, for data whose errors are not known: below relative_tolerance * F.
  double relative_tolerance = 0.0;

  /// Converged (`converged_step`) when an accepted step changes no parameter by more than
  /// step_tolerance * (|theta_p| + step_tolerance).
  double step_tolerance = 0.0;

  /// Converged (`converged_gradient`) when |dF/dtheta_p| <= gradient_tolerance * sqrt(2 F H_pp) for all
  /// free p inside their bounds: for least squares the cosine between the residuals and column p of the
  /// Jacobian.
  double gradient_tolerance = 0.0;

  /// Steps taken once F no longer resolves them, as long as the decrease predicted for each is below nine
  /// tenths of that for the one before. They refine the parameters down to the rounding of the gradient;
  /// 0 stops where F does.
  int polish_steps = 0;

  /// @throws InvalidArgument  a count or tolerance below 0 or not finite; dampings not in order
  void require_valid() const {
    RVFIT_REQUIRE(max_iterations >= 0 && polish_steps >= 0, "LmOptions: ", max_iterations,
                  " iterations, ", polish_steps, " polish steps, must not be negative");
    const auto require_tolerance = [](const char* name, double value) {
      RVFIT_REQUIRE(value >= 0.0 && std::isfinite(value), "LmOptions: ", name, " is ", value,
                    ", must be finite and not negative");
    };
    require_tolerance("tolerance", tolerance);
    require_tolerance("relative_tolerance", relative_tolerance);
    require_tolerance("step_tolerance", step_tolerance);
    require_tolerance("gradient_tolerance", gradient_tolerance);
    RVFIT_REQUIRE(min_damping > 0.0 && min_damping <= initial_damping &&
                      initial_damping <= max_damping && std::isfinite(max_damping),
                  "LmOptions: damping from ", min_damping, " to ", max_damping, ", at first ",
                  initial_damping, ", wanted 0 < least <= first <= most");
  }
};

}  // namespace rvfit
