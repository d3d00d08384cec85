// SPDX-License-Identifier: MIT

#include "program.hpp"

#include "fit_file.hpp"
#include "progress.hpp"
#include "summary.hpp"
#include "survey_fitter.hpp"
#include <rvfit/io/read_emulator.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>

namespace rvfit_survey {
namespace {

constexpr int exit_bad = 2;

/// One line on standard error, whatever is in the text.
void report(const std::string& name, std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  std::fprintf(stderr, "%s: %s\n", name.c_str(), text.c_str());
}

[[nodiscard]] std::unique_ptr<SurveyFitter> make_fitter(const rvfit::EmulatorData& emulator,
                                                        const Options& options) {
  try {
    return options.fit.double_storage ? make_double_fitter(emulator, options.fit)
                                      : make_float_fitter(emulator, options.fit);
  } catch (const rvfit::InvalidArgument& error) {
    throw rvfit::InvalidArgument(options.emulator + ": " + error.what());
  }
}

/// Fit all files; true if every one went well.
bool fit_files(const std::string& name, const Options& options, const Reader& read,
               Summary& summary) {
  Kokkos::Timer timer;
  const rvfit::EmulatorData emulator = rvfit::io::read_emulator(options.emulator);
  const std::unique_ptr<SurveyFitter> fitter = make_fitter(emulator, options);
  summary.execution_space = fitter->execution_space();
  summary.threads = fitter->threads();
  summary.precision = options.fit.double_storage ? "double" : "float";
  summary.seconds.setup += timer.seconds();

  Progress progress(!options.quiet);
  bool good = true;
  for (const std::string& file : options.files) {
    try {
      fit_file(name, file, options, read, emulator, *fitter, summary, progress);
    } catch (const std::exception& error) {
      progress.clear();
      report(name, error.what());
      good = false;
    }
  }
  return good;
}

int run(const std::string& name, const Options& options, const Reader& read,
        const Kokkos::Timer& since_start) {
  Summary summary;
  const bool good = fit_files(name, options, read, summary);
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

int run_program(const std::string& name, const CommandLine& line, const Options& options,
                const Reader& read) {
  const Kokkos::Timer since_start;
  try {
    if (!line.run) {
      if (line.exit_code == 0) {
        std::cout << line.message;
      } else {
        report(name, line.message + " (--help lists the options)");
      }
      return line.exit_code;
    }
    Kokkos::InitializationSettings settings;
    settings.set_disable_warnings(true);
    if (options.threads > 0) {
      settings.set_num_threads(options.threads);
    }
    const Kokkos::ScopeGuard kokkos(settings);
    return run(name, options, read, since_start);
  } catch (const std::exception& error) {
    report(name, error.what());
    return exit_bad;
  }
}

}  // namespace rvfit_survey
