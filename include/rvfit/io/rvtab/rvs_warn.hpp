// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The warning word of a fit, RVS_WARN, with rvspecfit's bits and thresholds
/// (get_rvs_warn in rvspecfit/desi/desi_fit.py), and two bits of ours.

#include <rvfit/data/fit_result.hpp>
#include <rvfit/io/rvtab/row_of_result.hpp>

#include <cmath>
#include <cstdint>
#include <string_view>

namespace rvfit::io {

/// Bits of RVS_WARN. The values are written to tables: append, never renumber.
namespace warn {
using Bits = std::int64_t;
inline constexpr Bits chisq = 1;      ///< chi2 is less than 50 below the continuum's alone
inline constexpr Bits rv = 2;         ///< rv is within 5 km/s of a bound
inline constexpr Bits rv_error = 4;   ///< error of rv above 100 km/s
inline constexpr Bits parameter = 8;  ///< a label at an edge: rvspecfit's, or this library's own
inline constexpr Bits vsini = 16;     ///< vsini above 100 km/s
inline constexpr Bits bad_spectrum = 32;        ///< nothing could be fitted
inline constexpr Bits bad_hessian = 64;         ///< Hessian not positive definite at the solution
inline constexpr Bits not_converged = 1 << 16;  ///< ours: iteration cap reached, or stalled
inline constexpr Bits poor_fit = 1 << 17;       ///< ours: chi2 of an arm above 10 a pixel
}  // namespace warn

namespace detail {

[[nodiscard]] inline bool near_edge(double value, double lower, double upper, double margin) {
  return !(value >= lower + margin && value <= upper - margin);
}

}  // namespace detail

/// chi2 of a pixel above which the model does not describe an arm: residuals of more than three errors
/// everywhere, or single pixels that dominate it. An emulator that is right to 0.15 % of the flux is below
/// up to S/N 2000 (docs/decisions/0018-a-poor-fit-says-so.md).
inline constexpr double most_chi2_per_pixel = 10.0;

/// Whether the model does not describe one of the arms of spectrum b.
[[nodiscard]] inline bool is_poor_fit(const FitResult& result, int b) {
  for (int a = 0; a < result.arms; ++a) {
    const std::size_t place = entry(b, result.arms, a);
    if (result.chi2[place] > most_chi2_per_pixel * result.pixels[place]) {
      return true;
    }
  }
  return false;
}

/// Whether a label of spectrum b ended on a bound, or all outside the domain of the library.
[[nodiscard]] inline bool is_at_edge_of_library(const FitResult& result, int b) {
  const auto row = static_cast<std::size_t>(b);
  bool at_edge = !result.outside.empty() && result.outside[row] != 0;
  for (int p = 0; p < result.parameters.size(); ++p) {
    const Parameter& parameter = result.parameters[p];
    const bool is_label =
        !is_velocity(parameter.name) && parameter.name != "vsini" && parameter.name != "vgauss";
    at_edge = at_edge || (is_label && !parameter.fixed && (result.bound_flags[row] >> p & 1U) != 0);
  }
  return at_edge;
}

/// RVS_WARN of spectrum b.
[[nodiscard]] inline warn::Bits rvs_warn(const FitResult& result, int b) {
  const auto row = static_cast<std::size_t>(b);
  const FitStatus status = result.status[row];
  if (!is_solution(status)) {
    return warn::bad_spectrum;
  }
  warn::Bits bits = status == FitStatus::converged ? warn::Bits{0} : warn::not_converged;
  const double gain =
      arm_sum(result.continuum_chi2, result.arms, b) - arm_sum(result.chi2, result.arms, b);
  if (!(gain >= 50)) {
    bits |= warn::chisq;
  }
  const auto check = [&](std::string_view name, double lower, double upper, double margin,
                         warn::Bits bit) {
    if (result.parameters.find(name) >= 0 &&
        detail::near_edge(value_of(result, result.theta, b, name), lower, upper, margin)) {
      bits |= bit;
    }
  };
  for (const Parameter& parameter : result.parameters) {
    if (is_velocity(parameter.name)) {
      // NaN: the target has fewer exposures than others.
      if (!parameter.fixed && !std::isnan(value_of(result, result.theta, b, parameter.name))) {
        check(parameter.name, parameter.lower, parameter.upper, 5, warn::rv);
      }
      if (value_of(result, result.error, b, parameter.name) > 100) {
        bits |= warn::rv_error;
      }
    }
  }
  check("teff", 2300, 15000, 10, warn::parameter);
  check("feh", -4, 1, 0.01, warn::parameter);
  check("logg", -0.5, 6.5, 0.01, warn::parameter);
  if (is_at_edge_of_library(result, b)) {
    bits |= warn::parameter;
  }
  if (is_poor_fit(result, b)) {
    bits |= warn::poor_fit;
  }
  if (value_of(result, result.theta, b, "vsini") > 100) {
    bits |= warn::vsini;
  }
  if (result.bad_hessian[row] != 0) {
    bits |= warn::bad_hessian;
  }
  return bits;
}

}  // namespace rvfit::io
