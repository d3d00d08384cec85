// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The options that every program has. Sources that declare options include command_line.hpp, too.

#include "fit_settings.hpp"
#include "output_names.hpp"
#include "spectra_settings.hpp"

#include <functional>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): not ours
class App;
}

namespace rvfit_programs {

/// Messages of this level and those above are written to the log.
enum class LogLevel { debug, info, warning, error, critical };

/// The options of a run, whatever the survey.
struct Options {
  std::string emulator;
  std::vector<std::string> files;
  std::string input_list;  ///< text file that lists the inputs; empty: `files`
  bool queue = false;      ///< take files out of that list, which other processes share
  OutputNames outputs;
  std::string merge;             ///< one table for all files; empty: one each
  bool skip_existing = false;    ///< pass over files whose outputs are there
  bool stop_at_failure = false;  ///< leave the files after a bad one
  bool plot = false;             ///< draw spectra and fits
  std::string report;            ///< page about the run; empty: none
  std::string status_file;       ///< empty: none; so also the next two
  std::string summary_json;
  std::string log_file;
  LogLevel log_level = LogLevel::warning;
  bool quiet = false;
  bool mpi = false;           ///< share the files with the other processes of mpirun
  std::string backend;        ///< name of the execution space, empty: the one there is
  std::vector<int> devices;   ///< one for each process of a machine; empty: Kokkos' own choice
  int threads = 0;            ///< 0: Kokkos' own choice
  bool gather = false;        ///< files of few targets share batches
  bool has_matrices = false;  ///< files of this survey have resolution matrices
  std::vector<std::string> arms_wanted;  ///< arms that the library must have, its names
  std::vector<std::string>
      arms_possible;  ///< arms of which it must have one; empty: the above alone
  FitSettings fit;
  SpectraSettings spectra;
  std::string config_file;         ///< settings came from it; empty: none
  std::string command;             ///< the command line without the program's name
  std::vector<std::string> notes;  ///< options that were accepted and do nothing
};

/// The end of a command line: options to run with, or a message instead.
struct CommandLine {
  bool run = false;
  int exit_code = 0;    ///< if it is not to run
  std::string message;  ///< help or version (exit code 0), or one line on what is wrong
};

/// Declare the options about the spectra, whatever file they come from.
void declare_spectra_options(CLI::App& app, Options& options);

/// Declare the options about the fit, those about the spectra among them: all that do not concern files or the run.
void declare_fit_options(CLI::App& app, Options& options);

/// Declare the options that all programs have. `options` must outlive `app`.
void declare_common_options(CLI::App& app, Options& options);

/// Read a command line, and the file that its --config names; what the command line says comes first.
/// Underscores in the names of options and settings stand for hyphens.
///
/// @param[in]     app      with all its options declared
/// @param[in,out] options  those that the common options of `app` go to
/// @param[in]     check    looks at what no single option can tell; throws CLI::ValidationError
[[nodiscard]] CommandLine parse(CLI::App& app, int argc, const char* const* argv, Options& options,
                                const std::function<void()>& check = {});

}  // namespace rvfit_programs
