// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The command line of rvfit_desi.

#include <rvfit/rvfit.hpp>

#include <string>
#include <utility>
#include <vector>

namespace rvfit_desi {

/// What the user asked for.
struct Options {
  std::string emulator;
  std::string output_dir;
  std::vector<std::string> files;
  std::string summary_json;                         ///< empty: none
  std::vector<std::string> arms = {"B", "R", "Z"};  ///< those to fit
  bool all_rows = false;
  bool write_models = false;
  bool quiet = false;
  bool double_storage = false;
  int threads = 0;  ///< 0: Kokkos' own choice
  int batch = 0;    ///< spectra on the device at a time; 0: chosen by the execution space
  std::vector<std::pair<std::string, double>> fixed;  ///< parameters that keep a value
  rvfit::ForwardModelOptions model;
  rvfit::ContinuumOptions continuum;
  rvfit::DesiPreparation preparation;
  rvfit::LmOptions solver;
};

/// How a command line ended: with options, or with what the program has to say instead.
struct CommandLine {
  Options options;
  bool run = false;
  int exit_code = 0;    ///< if it is not to run
  std::string message;  ///< help or version (exit code 0), or one line on what is wrong
};

[[nodiscard]] CommandLine parse_command_line(int argc, char** argv);

}  // namespace rvfit_desi
