// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A fit in words, for figures: parameters with errors, and how well it went.

#include <rvfit/data/fit_result.hpp>
#include <rvfit/io/rvtab/row_of_result.hpp>
#include <rvfit/io/rvtab/rvs_warn.hpp>
#include <rvfit/io/rvtab/warning_text.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>

namespace rvfit_programs {

/// "-24.29 +- 0.87", the error with two digits; without one "-24.29".
[[nodiscard]] inline std::string with_error(double value, double error) {
  char text[100];
  if (error > 0 && std::isfinite(error)) {
    constexpr double most = 6;
    const int decimals = static_cast<int>(std::clamp(1 - std::floor(std::log10(error)), 0.0, most));
    std::snprintf(text, sizeof text, "%.*f +- %.*f", decimals, value, decimals, error);
  } else {
    std::snprintf(text, sizeof text, "%.4g", value);
  }
  return text;
}

/// The parameters that fit b has: "rv -24.29 +- 0.87 km/s,  teff 6010 (fixed) K,  ..".
[[nodiscard]] inline std::string labels_text(const rvfit::FitResult& result, int b) {
  std::string text;
  for (int p = 0; p < result.parameters.size(); ++p) {
    const rvfit::Parameter& parameter = result.parameters[p];
    const std::size_t place = rvfit::io::entry(b, result.parameters.size(), p);
    const double value = result.theta[place];
    if (std::isnan(value)) {
      continue;  // of an exposure that this target has not
    }
    const double error = result.error[place];
    const bool on_bound = (result.bound_flags[static_cast<std::size_t>(b)] >> p & 1U) != 0;
    text += (text.empty() ? "" : ",  ") + parameter.name + " " + with_error(value, error);
    text += parameter.fixed ? " (fixed)" : on_bound ? " (on a bound)" : "";
    if (!parameter.unit.empty() && parameter.unit != "dex") {
      text += " " + parameter.unit;
    }
  }
  return text;
}

/// "chi2/N 1.02,  converged,  no warning".
[[nodiscard]] inline std::string state_text(const rvfit::FitResult& result, int b) {
  char chi2[100];
  const int pixels = rvfit::io::arm_sum(result.pixels, result.arms, b);
  std::snprintf(chi2, sizeof chi2, "chi2/N %.3g,  ",
                rvfit::io::arm_sum(result.chi2, result.arms, b) / std::max(pixels, 1));
  const std::string warnings = rvfit::io::warning_text(rvfit::io::rvs_warn(result, b));
  return chi2 + std::string(rvfit::to_string(result.status[static_cast<std::size_t>(b)])) +
         (warnings.empty() ? ",  no warning" : ",  warning: " + warnings);
}

}  // namespace rvfit_programs
