// SPDX-License-Identifier: MIT

#include "program.hpp"

#include "backend.hpp"
#include "cores.hpp"
#include "file_list.hpp"
#include "log.hpp"
#include "match_library.hpp"
#include "merge.hpp"
#include "outputs.hpp"
#include "pipeline.hpp"
#include "process_status.hpp"
#include "processes.hpp"
#include "provenance.hpp"
#include "python.hpp"
#include "report.hpp"
#include "summary.hpp"
#include "survey_fitter.hpp"
#include <rvfit/core/version.hpp>
#include <rvfit/io/fits/durable_rename.hpp>
#include <rvfit/io/fits/temporary_name.hpp>
#include <rvfit/io/read_emulator.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {
namespace {

constexpr int exit_bad = 2;

[[nodiscard]] std::unique_ptr<SurveyFitter> make_fitter(const rvfit::EmulatorData& emulator,
                                                        const Options& options) {
  FitSettings settings = options.fit;
  settings.keep_models = settings.keep_models || options.plot || !options.report.empty();
  try {
    return settings.double_storage ? make_double_fitter(emulator, settings)
                                   : make_float_fitter(emulator, settings);
  } catch (const rvfit::InvalidArgument& error) {
    throw rvfit::InvalidArgument(options.emulator + ": " + error.what());
  }
}

[[nodiscard]] bool has_arm(const rvfit::EmulatorData& emulator, const std::string& arm) {
  return std::any_of(emulator.arms.begin(), emulator.arms.end(),
                     [&](const rvfit::ArmData& each) { return each.name == arm; });
}

/// The arms of the library that a run may use. @throws rvfit::io::IoError  it has not what any file needs
[[nodiscard]] std::vector<std::string> require_arms(const Options& options,
                                                    const rvfit::EmulatorData& emulator) {
  const auto fail = [&](const std::string& missing) {
    throw rvfit::io::IoError(options.emulator + ": no arm " + missing +
                             ", there are: " + names_of_arms(emulator));
  };
  std::vector<std::string> used = options.arms_wanted;
  for (const std::string& arm : used) {
    if (!has_arm(emulator, arm)) {
      fail("'" + arm + "'");
    }
  }
  std::string list;
  for (const std::string& arm : options.arms_possible) {
    list += (list.empty() ? "'" : " or '") + arm + "'";
    if (has_arm(emulator, arm)) {
      used.push_back(arm);
    }
  }
  if (used.empty() && !list.empty()) {
    fail(list);
  }
  return used;
}

/// @throws rvfit::InvalidArgument  the bounds of rv leave nothing of the arms that a run uses
void require_coverage(const Options& options, const SurveyFitter& fitter,
                      const std::vector<std::string>& used) {
  std::string first;
  for (const std::string& arm : used) {
    const rvfit::WaveRange range = fitter.covered(arm);
    const bool is_wanted = std::find(options.arms_wanted.begin(), options.arms_wanted.end(), arm) !=
                           options.arms_wanted.end();
    if (range.lower < range.upper && !is_wanted) {
      return;  // one of several that are possible
    }
    if (!(range.lower < range.upper) && first.empty()) {
      first = arm;
    }
  }
  RVFIT_REQUIRE(first.empty(), options.emulator, ": --min-vel, --max-vel: templates of arm ", first,
                " cover no wavelength at every rv from ", options.fit.model.min_rv, " to ",
                options.fit.model.max_rv, " km/s");
}

[[nodiscard]] FileList files_of(const Options& options) {
  if (options.queue) {
    return FileList::queue(options.input_list);
  }
  FileList files =
      options.input_list.empty() ? FileList(options.files) : FileList::from(options.input_list);
  require_different_outputs(options.outputs, files.known(), options.fit.keep_models);
  return files;
}

/// Fit all files; true if every one went well.
///
/// @param[out] header  keywords that the outputs of all files have in common
[[nodiscard]] bool fit_files(const std::string& name, const Options& options, const Reader& read,
                             FileList files, Processes* processes, const Kokkos::Timer& since_start,
                             Summary& summary, std::vector<rvfit::io::Keyword>& header) {
  if (processes != nullptr) {
    files.share([processes] { return processes->next_number(); });
  }
  ProcessStatus status(options.status_file);
  const Kokkos::Timer timer;
  const rvfit::EmulatorData emulator = rvfit::io::read_emulator(options.emulator);
  const std::vector<std::string> arms = require_arms(options, emulator);
  const std::unique_ptr<SurveyFitter> fitter = make_fitter(emulator, options);
  require_coverage(options, *fitter, arms);
  summary.execution_space = fitter->execution_space();
  summary.threads = fitter->threads();
  summary.precision = options.fit.double_storage ? "double" : "float";
  summary.seconds.setup += timer.seconds();
  header = provenance(name, options, emulator, "");
  std::erase_if(header, [](const rvfit::io::Keyword& each) { return each.name == "INFILE"; });
  Report report(options.report);
  Outputs outputs(name, options, emulator, fitter->parameters(), report);
  const Reader matched = matched_to_library(read, options, emulator);
  const bool good = Pipeline(options, matched, files, *fitter, outputs, status, summary).run();
  if (report.is_wanted()) {
    summary.seconds.total = since_start.seconds();
    report.write(name + " " + rvfit::version, options, emulator, summary);
  }
  return good;
}

/// The options of a process: one of several has status and log files and a page of its own, and only rank 0 talks.
[[nodiscard]] Options options_of(Options options, const Processes* processes) {
  const int rank = processes == nullptr ? 0 : processes->rank();
  if (rank > 0) {
    options.quiet = true;
    for (std::string* file : {&options.status_file, &options.log_file, &options.report}) {
      *file += file->empty() ? "" : "." + std::to_string(rank);
    }
  }
  return options;
}

/// Threads of a host: no more than cores. Each fits batches of its own, and more of them than cores take turns as the
/// system likes: some wait for seconds in a lock of Kokkos', and the files that they have with them.
///
/// @return  0: Kokkos' own choice
[[nodiscard]] int threads_of(const Options& options) {
  const char* environment = std::getenv("OMP_NUM_THREADS");
  const bool told = options.threads > 0;
  const int wanted = told                                              ? options.threads
                     : environment != nullptr && backend() == "openmp" ? std::atoi(environment)
                                                                       : 0;
  const int cores = usable_cores();
  if (has_devices || wanted <= cores) {
    return options.threads;
  }
  log(told ? LogLevel::warning : LogLevel::info,
      (told ? "--threads " : "OMP_NUM_THREADS ") + std::to_string(wanted) + ": this process has " +
          std::to_string(cores) + (cores == 1 ? " core" : " cores") + " and uses as many threads");
  return cores;
}

[[nodiscard]] Kokkos::InitializationSettings kokkos_settings(const Options& options,
                                                             const Processes* processes) {
  Kokkos::InitializationSettings settings;
  settings.set_disable_warnings(true);
  if (const int threads = threads_of(options); threads > 0) {
    settings.set_num_threads(threads);
  }
  if (!options.devices.empty()) {
    if (!has_devices) {
      throw std::runtime_error("--devices: this is a build for " + backend() +
                               ", which has no devices to choose from");
    }
    const auto turn = static_cast<std::size_t>(processes == nullptr ? 0 : processes->local_rank());
    settings.set_device_id(options.devices[turn % options.devices.size()]);
  }
  return settings;
}

/// Remove what killed runs have left beside the files that this one writes. (Folders of tables are cleared when the
/// first is written there.)
void remove_left_overs(const Options& options) {
  for (const std::string& file : {options.merge, options.report, options.summary_json,
                                  options.queue ? options.input_list : std::string()}) {
    if (!file.empty()) {
      rvfit::io::remove_left_overs(std::filesystem::path(file).parent_path());
      rvfit::io::remove_left_overs(rvfit::io::behind_links(file).parent_path());
    }
  }
}

int run(const std::string& name, const Options& asked, const Reader& read, Processes* processes,
        const Kokkos::Timer& since_start) {
  Summary summary;
  remove_left_overs(asked);
  const bool merges = !asked.merge.empty();
  if (merges && is_merged(asked)) {
    log(LogLevel::info, asked.merge + ": passed over, it is there");
    return 0;
  }
  const Options options = merges ? begin_parts(asked) : asked;
  const FileList files = files_of(options);
  std::vector<rvfit::io::Keyword> header;
  if (options.plot) {
    require_plotting("--doplot");
  }
  if (!options.report.empty()) {
    require_plotting("--report");
  }
  const bool good = fit_files(name, options, read, files, processes, since_start, summary, header);
  summary.seconds.total = since_start.seconds();
  if (processes != nullptr) {
    std::optional<Summary> of_all = processes->finish(summary);
    if (!of_all) {
      return good ? 0 : exit_bad;
    }
    summary = *of_all;
  }
  if (merges) {
    merge_parts(options, files.known(), header);
  }
  if (summary.files > 0) {
    if (!options.quiet) {
      print(std::cout, summary);
    }
    if (!options.summary_json.empty()) {
      write_json(options.summary_json, summary);
    }
  }
  return good && summary.lost == 0 ? 0 : exit_bad;
}

}  // namespace

int run_program(const std::string& name, const CommandLine& line, const Options& options,
                const Reader& read) {
  const Kokkos::Timer since_start;
  std::unique_ptr<Processes> processes;  // left behind, after an error is told: that takes long
  try {
    start_log(name, line.run && !options.mpi ? options : Options{});
    if (!line.run) {
      if (line.exit_code == 0) {
        std::cout << line.message;
      } else {
        log(LogLevel::error, line.message + " (--help lists the options)");
      }
      return line.exit_code;
    }
    processes = options.mpi ? join_processes() : nullptr;
    const Options mine = options_of(options, processes.get());
    if (processes) {
      start_log(name, mine);
    }
    for (const std::string& note : mine.notes) {
      log(LogLevel::info, note);
    }
    const Kokkos::ScopeGuard kokkos(kokkos_settings(mine, processes.get()));
    const int code = run(name, mine, read, processes.get(), since_start);
    return log_is_whole() ? code : exit_bad;
  } catch (const std::exception& error) {
    log(LogLevel::error, error.what());
    return exit_bad;
  }
}

}  // namespace rvfit_programs
