// SPDX-License-Identifier: MIT

/// @file
/// rvfit_sdss: fit the stars of SDSS and BOSS spec- files. Also an example of a survey: a reader and
/// options of its own.

#include "core/command_line.hpp"
#include "core/program.hpp"
#include <rvfit/io/sdss/read_sdss.hpp>

#include <string>

int main(int argc, char** argv) {
  rvfit_programs::Options options;
  options.gather = true;  // often a star a file
  std::string arm = "sdss1";
  CLI::App app("Fit radial velocity, rotation and labels of the stars of SDSS spec- files.",
               "rvfit_sdss");
  rvfit_programs::declare_common_options(app, options);
  app.add_option("--arm", arm, "Arm of the emulator")->capture_default_str();
  const rvfit_programs::CommandLine line = rvfit_programs::parse(app, argc, argv, options);
  return rvfit_programs::run_program("rvfit_sdss", line, options, [&](const std::string& path) {
    rvfit_programs::Reading reading;
    reading.spectra = rvfit::io::read_sdss(path, arm);
    reading.targets = {{0}};
    return reading;
  });
}
