// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The command line of rvfit_desi. docs/rvfit_desi.md lists the options.

#include "core/options.hpp"
#include "selection.hpp"
#include <rvfit/io/desi/desi_preparation.hpp>

#include <string>
#include <vector>

namespace rvfit_desi {

struct Options : rvfit_programs::Options {
  Options() { fit.preparation = rvfit::io::desi_preparation(); }

  std::vector<std::string> arms = {"B", "R", "Z"};  ///< those to fit
  Selection selection;
  std::string target_file;       ///< text file of TARGETIDs; empty: none
  bool include_redrock = false;  ///< write what redrock says into the table
  bool join_exposures = false;   ///< fit the rows of a target together
};

[[nodiscard]] rvfit_programs::CommandLine parse_command_line(int argc, const char* const* argv,
                                                             Options& options);

}  // namespace rvfit_desi
