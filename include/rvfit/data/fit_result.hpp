// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The results of a fit: one row per spectrum, as a structure of arrays on the host.

#include <rvfit/data/parameters.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rvfit {

/// Reasons for which a fit ends. The values are written to tables: append, never renumber.
enum class FitStatus : std::int32_t {
  running = 0,             ///< not ended; never in a result
  converged = 1,           ///< expected further decrease of neg2_log_like below the tolerance
  max_iterations = 2,      ///< iteration cap reached
  stalled = 3,             ///< no step, however short, lowers neg2_log_like
  non_finite = 4,          ///< neg2_log_like or its derivatives are not finite at the start
  no_valid_pixels = 5,     ///< nothing to fit: no arm has more good pixels than continuum columns
  converged_step = 6,      ///< an accepted step below LmOptions::step_tolerance
  converged_gradient = 7,  ///< gradient below LmOptions::gradient_tolerance
  superseded = 8,          ///< another start of the same spectrum does better; never in a result
  invalid = 9,             ///< bounds that cross, a prior without width, data that cannot be
};

/// Name of a status as tables and summaries write it.
[[nodiscard]] inline const char* to_string(FitStatus status) {
  switch (status) {
    case FitStatus::running:
      return "running";
    case FitStatus::converged:
      return "converged";
    case FitStatus::max_iterations:
      return "max_iterations";
    case FitStatus::stalled:
      return "stalled";
    case FitStatus::non_finite:
      return "non_finite";
    case FitStatus::no_valid_pixels:
      return "no_valid_pixels";
    case FitStatus::converged_step:
      return "converged_step";
    case FitStatus::converged_gradient:
      return "converged_gradient";
    case FitStatus::superseded:
      return "superseded";
    case FitStatus::invalid:
      return "invalid";
  }
  return "unknown";
}

/// True where a stopping test of the solver was met.
[[nodiscard]] KOKKOS_INLINE_FUNCTION bool is_converged(FitStatus status) {
  return status == FitStatus::converged || status == FitStatus::converged_step ||
         status == FitStatus::converged_gradient;
}

/// True where the parameters are an end point of the solver, converged or not.
[[nodiscard]] KOKKOS_INLINE_FUNCTION bool is_solution(FitStatus status) {
  return is_converged(status) || status == FitStatus::max_iterations ||
         status == FitStatus::stalled;
}

/// Results of B spectra with P parameters in A arms; matrices are row-major.
struct FitResult {
  ParameterSet parameters;
  int size = 0;  ///< B
  int arms = 0;  ///< A, elements of the observations: an arm, or an exposure of one

  std::vector<double> theta;          ///< (B, P)     solution, in the units of `parameters`
  std::vector<double> error;          ///< (B, P)     sqrt of the covariance's diagonal; NaN where a
                                      ///<            parameter was fixed, ended on a bound, or the
                                      ///<            Hessian is not positive definite
  std::vector<double> covariance;     ///< (B, P, P)  over the free parameters, NaN elsewhere
  std::vector<double> neg2_log_like;  ///< (B)     objective at the solution, priors included
  std::vector<double> chi2;  ///< (B, A)  |r|^2 over unmasked pixels; NaN without a solution
  std::vector<double> continuum_chi2;   ///< (B, A)  the same for the continuum alone
  std::vector<std::int32_t> pixels;     ///< (B, A)  unmasked pixels, 0 for an arm left out
  std::vector<std::int32_t> clipped{};  ///< (B, A)  pixels rejected as outliers; empty if none was
                                        ///<         looked for (pipeline/clip_outliers.hpp)
  std::vector<FitStatus> status;        ///< (B)
  std::vector<std::uint32_t> bound_flags;  ///< (B)   bit p: parameter p ended on a bound
  std::vector<std::uint8_t> bad_hessian;   ///< (B)   1: Hessian not positive definite
  std::vector<std::uint8_t> outside{};     ///< (B)   1: outside the domain of the library of some
                                           ///<       arm; empty if nobody looked
  std::vector<std::int32_t> iterations;    ///< (B)   accepted and rejected steps

  // The moments about the solution of the posterior of rv (the first, of several velocities), with
  // everything else kept there, are rvspecfit's vel_err, vel_skewness and vel_kurtosis. They are NaN
  // where there is no solution, rv is fixed, or the profile was not asked for.
  std::vector<double> profile_error;     ///< (B)  [km/s]
  std::vector<double> profile_skewness;  ///< (B)
  std::vector<double> profile_kurtosis;  ///< (B)  3 for a Gaussian

  // The second-best minimum lies at another rv; a small excess is an ambiguous star. A start that was
  // given up early counts with the place where it stood then. Both are NaN where there was no other.
  std::vector<double> second_rv;      ///< (B)  [km/s]
  std::vector<double> second_excess;  ///< (B)  its neg2_log_like less that of the solution
  /// (B)  rv of the start of the fit that won: the scan's, or the caller's  [km/s]
  std::vector<double> start_rv;
};

}  // namespace rvfit
