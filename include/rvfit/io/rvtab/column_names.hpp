// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Names, units and comments of the columns of parameters in RVTAB.

#include <rvfit/io/fits/text.hpp>
#include <rvfit/io/rvtab/row_of_result.hpp>

#include <string>
#include <utility>

namespace rvfit::io {

/// Name of a parameter's column: rv and rv_2 give VRAD and VRAD_2.
[[nodiscard]] inline std::string column_name(const std::string& parameter) {
  if (is_velocity(parameter)) {
    return "VRAD" + parameter.substr(2);
  }
  return parameter == "alpha" ? "ALPHAFE" : upper_case(parameter);
}

[[nodiscard]] inline std::string parameter_comment(const std::string& parameter) {
  const std::pair<const char*, const char*> known[] = {
      {"rv", "Radial velocity, positive when receding"},
      {"vsini", "Projected rotation velocity"},
      {"teff", "Effective temperature"},
      {"logg", "log10 of surface gravity in cm/s2"},
      {"feh", "[Fe/H]"},
      {"alpha", "[alpha/Fe]"}};
  for (const auto& [name, comment] : known) {
    if (parameter == name) {
      return comment;
    }
  }
  return is_velocity(parameter) ? "Radial velocity of exposure " + parameter.substr(3)
                                : "Label " + parameter + " of the library";
}

/// Units of columns as rvspecfit writes them.
[[nodiscard]] inline std::string column_unit(const std::string& unit) {
  return unit == "km/s" ? "km s-1" : unit == "dex" ? "" : unit;
}

}  // namespace rvfit::io
