// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// What every program can be asked for.

#include "fit_settings.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace rvfit_survey {

/// What the user asked for, whatever the survey.
struct Options {
  std::string emulator;
  std::string output_dir;
  std::vector<std::string> files;
  std::string summary_json;  ///< empty: none
  bool quiet = false;
  int threads = 0;  ///< 0: Kokkos' own choice
  FitSettings fit;
};

/// How a command line ended: with options, or with what the program has to say instead.
struct CommandLine {
  bool run = false;
  int exit_code = 0;    ///< if it is not to run
  std::string message;  ///< help or version (exit code 0), or one line on what is wrong
};

/// Declare the options that all programs have. `options` must outlive `app`.
void declare_common_options(CLI::App& app, Options& options);

/// Parse, check what no single option can tell, and `check` more.
[[nodiscard]] CommandLine parse(CLI::App& app, int argc, char** argv, const Options& options,
                                const std::function<void()>& check = {});

}  // namespace rvfit_survey
