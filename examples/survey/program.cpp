// SPDX-License-Identifier: MIT

#include "program.hpp"

#include "figures.hpp"
#include "file_list.hpp"
#include "fit_file.hpp"
#include "log.hpp"
#include "process_status.hpp"
#include "progress.hpp"
#include "summary.hpp"
#include "survey_fitter.hpp"
#include <rvfit/io/read_emulator.hpp>

#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

namespace rvfit_survey {
namespace {

constexpr int exit_bad = 2;

[[nodiscard]] std::unique_ptr<SurveyFitter> make_fitter(const rvfit::EmulatorData& emulator,
                                                        const Options& options) {
  FitSettings settings = options.fit;
  settings.keep_models = settings.keep_models || options.plot;
  try {
    return settings.double_storage ? make_double_fitter(emulator, settings)
                                   : make_float_fitter(emulator, settings);
  } catch (const rvfit::InvalidArgument& error) {
    throw rvfit::InvalidArgument(options.emulator + ": " + error.what());
  }
}

[[nodiscard]] FileList files_of(const Options& options) {
  if (options.queue) {
    return FileList::queue(options.input_list);
  }
  return options.input_list.empty() ? FileList(options.files) : FileList::from(options.input_list);
}

/// Whether all outputs of a file are there.
[[nodiscard]] bool is_done(const std::string& file, const Options& options) {
  return std::filesystem::exists(options.outputs.table(file)) &&
         (!options.fit.keep_models || std::filesystem::exists(options.outputs.models(file)));
}

/// Fit all files; true if every one went well.
bool fit_files(const std::string& name, const Options& options, const Reader& read,
               Summary& summary) {
  Kokkos::Timer timer;
  if (options.plot) {
    require_plotting();
  }
  FileList files = files_of(options);
  ProcessStatus status(options.status_file);
  const rvfit::EmulatorData emulator = rvfit::io::read_emulator(options.emulator);
  const std::unique_ptr<SurveyFitter> fitter = make_fitter(emulator, options);
  summary.execution_space = fitter->execution_space();
  summary.threads = fitter->threads();
  summary.precision = options.fit.double_storage ? "double" : "float";
  summary.seconds.setup += timer.seconds();

  Progress progress(!options.quiet);
  bool good = true;
  while (const std::optional<std::string> file = files.next()) {
    timer.reset();
    try {
      if (options.skip_existing && is_done(*file, options)) {
        log(LogLevel::info, *file + ": passed over, its outputs are there");
        status.existing(*file);
        continue;
      }
      const int targets =
          fit_file(name, *file, options, read, emulator, *fitter, summary, progress);
      status.success(*file, targets, timer.seconds());
    } catch (const std::exception& error) {
      progress.clear();
      log(LogLevel::error, error.what());
      status.failure(*file, timer.seconds());
      good = false;
      if (options.stop_at_failure) {
        break;
      }
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
    start_log(name, line.run ? options : Options{});
    if (!line.run) {
      if (line.exit_code == 0) {
        std::cout << line.message;
      } else {
        log(LogLevel::error, line.message + " (--help lists the options)");
      }
      return line.exit_code;
    }
    for (const std::string& note : options.notes) {
      log(LogLevel::info, note);
    }
    Kokkos::InitializationSettings settings;
    settings.set_disable_warnings(true);
    if (options.threads > 0) {
      settings.set_num_threads(options.threads);
    }
    const Kokkos::ScopeGuard kokkos(settings);
    return run(name, options, read, since_start);
  } catch (const std::exception& error) {
    log(LogLevel::error, error.what());
    return exit_bad;
  }
}

}  // namespace rvfit_survey
