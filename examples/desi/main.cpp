// SPDX-License-Identifier: MIT

/// @file
/// rvfit_desi: fit every star of DESI-format files.
///
/// Exit code 0: all files were fitted; 2: something was bad, in one line on standard error for each
/// file, and the other files were finished.

#include "batch_fitter.hpp"
#include "fit_file.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "summary.hpp"
#include <rvfit/io/read_emulator.hpp>
#include <rvfit/rvfit.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

namespace rvfit_desi {
namespace {

constexpr int exit_bad = 2;

/// One line on standard error, whatever is in the text.
void report(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  std::fprintf(stderr, "rvfit_desi: %s\n", text.c_str());
}

/// Fit all files in one precision; true if every one went well.
template <class Real>
bool fit_files(const Options& options, Summary& summary) {
  using P = rvfit::Policy<Kokkos::DefaultExecutionSpace, Real, double>;
  Kokkos::Timer timer;
  const typename P::execution_space exec;
  summary.execution_space = exec.name();
  summary.threads = exec.concurrency();
  summary.precision = options.double_storage ? "double" : "float";
  const rvfit::EmulatorData emulator = rvfit::io::read_emulator(options.emulator);
  std::optional<BatchFitter<P>> fitter;
  try {
    fitter.emplace(exec, emulator, options);
  } catch (const rvfit::InvalidArgument& error) {
    throw rvfit::InvalidArgument(options.emulator + ": " + error.what());
  }
  exec.fence("rvfit_desi: emulator is on the device");
  summary.seconds.setup += timer.seconds();

  Progress progress(!options.quiet);
  bool good = true;
  for (const std::string& file : options.files) {
    try {
      fit_file(file, options, emulator, *fitter, summary, progress);
    } catch (const std::exception& error) {
      progress.clear();
      report(error.what());
      good = false;
    }
  }
  return good;
}

int run(const Options& options, const Kokkos::Timer& since_start) {
  Summary summary;
  const bool good = options.double_storage ? fit_files<double>(options, summary)
                                           : fit_files<float>(options, summary);
  summary.seconds.total = since_start.seconds();
  if (summary.files > 0) {
    if (!options.quiet) {
      print(std::cout, summary);
    }
    if (!options.summary_json.empty()) {
      write_json(options.summary_json, summary);
    }
  }
  return good ? 0 : exit_bad;
}

}  // namespace
}  // namespace rvfit_desi

int main(int argc, char** argv) {
  const Kokkos::Timer since_start;
  try {
    const rvfit_desi::CommandLine line = rvfit_desi::parse_command_line(argc, argv);
    if (!line.run) {
      if (line.exit_code == 0) {
        std::cout << line.message;
      } else {
        rvfit_desi::report(line.message + " (--help lists the options)");
      }
      return line.exit_code;
    }
    Kokkos::InitializationSettings settings;
    settings.set_disable_warnings(true);
    if (line.options.threads > 0) {
      settings.set_num_threads(line.options.threads);
    }
    const Kokkos::ScopeGuard kokkos(settings);
    return rvfit_desi::run(line.options, since_start);
  } catch (const std::exception& error) {
    rvfit_desi::report(error.what());
    return rvfit_desi::exit_bad;
  }
}
