// SPDX-License-Identifier: MIT

/// @file
/// rvfit_desi: fit every star of DESI-format files.

#include "core/program.hpp"
#include "options.hpp"
#include "read_targets.hpp"

int main(int argc, char** argv) {
  rvfit_desi::Options options;
  const rvfit_programs::CommandLine line = rvfit_desi::parse_command_line(argc, argv, options);
  options.gather = !options.fit.resolution_matrix;
  return rvfit_programs::run_program("rvfit_desi", line, options, [&](const std::string& path) {
    return rvfit_desi::read_targets(path, options);
  });
}
