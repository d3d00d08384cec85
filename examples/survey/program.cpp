// SPDX-License-Identifier: MIT

#include "program.hpp"

#include "figures.hpp"
#include "file_list.hpp"
#include "finish_file.hpp"
#include "joint_files.hpp"
#include "log.hpp"
#include "process_status.hpp"
#include "progress.hpp"
#include "summary.hpp"
#include "survey_fitter.hpp"
#include <rvfit/io/read_emulator.hpp>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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
  FileList files =
      options.input_list.empty() ? FileList(options.files) : FileList::from(options.input_list);
  require_different_outputs(options.outputs, files.known());
  return files;
}

/// Whether all outputs of a file are there.
[[nodiscard]] bool is_done(const std::string& file, const Options& options) {
  return std::filesystem::exists(options.outputs.table(file)) &&
         (!options.fit.keep_models || std::filesystem::exists(options.outputs.models(file)));
}

/// Works through the files of a run. A bad one costs nothing but itself.
class FileLoop {
 public:
  FileLoop(std::string name, const Options& options, const Reader& read, Summary& summary)
      : name_(std::move(name)),
        options_(options),
        read_(read),
        summary_(summary),
        files_(files_of(options)),
        status_(options.status_file),
        progress_(!options.quiet) {
    const Kokkos::Timer timer;
    emulator_ = rvfit::io::read_emulator(options.emulator);
    fitter_ = make_fitter(emulator_, options);
    summary.execution_space = fitter_->execution_space();
    summary.threads = fitter_->threads();
    summary.precision = options.fit.double_storage ? "double" : "float";
    summary.seconds.setup += timer.seconds();
  }

  /// Fit all files; true if every one went well.
  [[nodiscard]] bool run() {
    while (const std::optional<std::string> file = stopped() ? std::nullopt : files_.next()) {
      take(*file);
      if (targets_ >= options_.gather || stopped()) {
        finish();
      }
    }
    finish();
    return good_;
  }

 private:
  [[nodiscard]] bool stopped() const { return !good_ && options_.stop_at_failure; }

  /// Do something for a file, and say so if it fails.
  template <class Work>
  void attempt(const std::string& file, const Work& work) {
    try {
      work();
    } catch (const std::exception& error) {
      progress_.clear();
      log(LogLevel::error, error.what());
      status_.failure(file, since_first_.seconds());
      good_ = false;
    }
  }

  /// Read a file, to be fitted with the next ones.
  void take(const std::string& file) {
    if (waiting_.empty()) {
      since_first_.reset();
    }
    attempt(file, [&] {
      if (options_.skip_existing && is_done(file, options_)) {
        log(LogLevel::info, file + ": passed over, its outputs are there");
        status_.existing(file);
        return;
      }
      const Kokkos::Timer timer;
      progress_.show(base_name(file), 0.0, "read");
      Reading reading = read_(file);
      reading.spectra.path = file;
      summary_.seconds.read += timer.seconds();
      if (reading.targets.empty()) {
        log(LogLevel::warning, file + ": nothing selected, tables without rows are written");
      } else {
        log(LogLevel::info,
            file + ": " + std::to_string(reading.targets.size()) + " targets selected");
      }
      // A file without a target ends the wait, too: nothing is gained by keeping it.
      targets_ += std::max<std::size_t>(reading.targets.size(), 1);
      waiting_.push_back(std::move(reading));
    });
  }

  /// Fit and write the files that have been read.
  void finish() {
    std::vector<FileFit> fits = fit_together();
    for (std::size_t n = 0; n < waiting_.size() && !stopped(); ++n) {
      const Reading& file = waiting_[n];
      attempt(file.spectra.path, [&] {
        finish_file(name_, file, fits.empty() ? fit(file, file.spectra.path) : std::move(fits[n]),
                    options_, emulator_, summary_, progress_);
        status_.success(file.spectra.path, static_cast<int>(file.targets.size()),
                        since_first_.seconds());
      });
    }
    waiting_.clear();
    targets_ = 0;
  }

  /// Fits of the files that wait, or none: there is but one, or the fit is impossible for one of them.
  [[nodiscard]] std::vector<FileFit> fit_together() {
    if (waiting_.size() < 2 || !can_be_joined(waiting_)) {
      return {};
    }
    try {
      return parts_of(fit(joined_files(waiting_), waiting_.front().spectra.path), waiting_);
    } catch (const std::exception&) {
      return {};
    }
  }

  /// @throws std::runtime_error  the emulator does not cover the wavelengths, no memory; the text
  ///                             begins with the file's name
  [[nodiscard]] FileFit fit(const Reading& reading, const std::string& file) {
    try {
      return fitter_->fit(reading.spectra, reading.targets, summary_.seconds,
                          [&](double done) { progress_.show(base_name(file), done, "fit"); });
    } catch (const std::exception& error) {
      throw std::runtime_error(file + ": " + error.what());
    }
  }

  std::string name_;
  const Options& options_;
  const Reader& read_;
  Summary& summary_;
  FileList files_;
  ProcessStatus status_;
  Progress progress_;
  rvfit::EmulatorData emulator_;
  std::unique_ptr<SurveyFitter> fitter_;
  std::vector<Reading> waiting_;  ///< read, not fitted
  std::size_t targets_ = 0;       ///< of those
  Kokkos::Timer since_first_;     ///< of those was read
  bool good_ = true;
};

int run(const std::string& name, const Options& options, const Reader& read,
        const Kokkos::Timer& since_start) {
  Summary summary;
  if (options.plot) {
    require_plotting();
  }
  const bool good = FileLoop(name, options, read, summary).run();
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
