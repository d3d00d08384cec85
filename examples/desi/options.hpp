// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The command line of rvfit_desi.

#include "survey/options.hpp"

#include <string>
#include <vector>

namespace rvfit_desi {

struct Options : rvfit_survey::Options {
  std::vector<std::string> arms = {"B", "R", "Z"};  ///< those to fit
  bool all_rows = false;
  bool join_exposures = false;  ///< fit the rows of a target together
};

[[nodiscard]] rvfit_survey::CommandLine parse_command_line(int argc, char** argv, Options& options);

}  // namespace rvfit_desi
