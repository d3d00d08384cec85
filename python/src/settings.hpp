// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// From keyword arguments to the options of the programs, through the programs' own command line: names, checks and
/// messages are the same.

#include "core/options.hpp"

#include <string>
#include <utility>
#include <vector>

namespace rvfit_python {

/// Settings that a survey gives its spectra, and no option of a program.
struct SurveySettings {
  std::vector<std::pair<double, double>> masked;  ///< ranges without weight   [Angstrom]
  double error_floor = 0.0;                       ///< of the median error
  bool has_matrices = false;
  bool has_line_spread = false;
};

/// @param[in] arguments  as on a command line: "--npoly", "15"
/// @throws rvfit::InvalidArgument  with the text that a program would end with
[[nodiscard]] rvfit_programs::Options options_of(const std::vector<std::string>& arguments,
                                                 const SurveySettings& survey);

}  // namespace rvfit_python
