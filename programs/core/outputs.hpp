// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Writes the outputs of a file: figures, a table, models.

#include "figures.hpp"
#include "file_fit.hpp"
#include "file_job.hpp"
#include "options.hpp"
#include "output_names.hpp"
#include "provenance.hpp"
#include "report.hpp"
#include <rvfit/io/rvtab/write_models.hpp>
#include <rvfit/io/rvtab/write_rvtab.hpp>

#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rvfit_programs {

/// S/N of a pixel of each target: of one row its own, of several the root of the sum of squares, as a
/// coadd would have; NaN only if all are.
[[nodiscard]] inline std::vector<float> snr_of_targets(const std::vector<float>& snr,
                                                       const rvfit::io::Targets& targets) {
  std::vector<float> joint;
  for (const std::vector<std::size_t>& rows : targets) {
    float sum = std::numeric_limits<float>::quiet_NaN();
    for (const std::size_t row : rows) {
      if (rows.size() == 1) {
        sum = snr[row];
      } else if (!std::isnan(snr[row])) {
        sum = std::isnan(sum) ? std::abs(snr[row]) : std::hypot(sum, snr[row]);
      }
    }
    joint.push_back(sum);
  }
  return joint;
}

/// The part of an input that all its outputs repeat: keywords.
[[nodiscard]] inline rvfit::io::Repeated repeated_header(const Reading& reading) {
  return {reading.tables, reading.header, {}};
}

/// Rows of the models of a target: those of the first target, then those of the next.
[[nodiscard]] inline std::vector<std::size_t> first_rows_of_targets(
    const rvfit::io::Targets& targets) {
  std::vector<std::size_t> first{0};
  for (const std::vector<std::size_t>& rows : targets) {
    first.push_back(first.back() + rows.size());
  }
  return first;
}

/// Gathers the results of batches file by file, and writes the outputs of each file. Only the small tables
/// of a file under way are in memory: models and figures are written batch by batch.
class Outputs {
 public:
  Outputs(std::string program, const Options& options, const rvfit::EmulatorData& emulator,
          const rvfit::ParameterSet& parameters, Report& report)
      : program_(std::move(program)),
        options_(options),
        emulator_(emulator),
        parameters_(parameters),
        report_(report) {}

  /// Take the results of a batch for a file. @throws rvfit::io::IoError  an output cannot be written
  void add(FileJob& file, Part&& part) {
    if (options_.plot) {
      folders_.prepare(options_.outputs.figures(file.path));
      const std::vector<std::string> drawn = draw_figures(file.reading, part, options_);
      file.figures.insert(file.figures.end(), drawn.begin(), drawn.end());
    }
    if (report_.is_wanted()) {
      report_.add(file.reading, part);
    }
    // A file of one part waits for its turn with its models in memory, not with an open output.
    const bool whole = part.targets.size() == file.reading.targets.size();
    if (options_.fit.keep_models && !whole) {
      start_models(file);
      write_models(file, part);
    }
    if (!options_.fit.keep_models || !whole) {
      part.batch.arms.clear();
      part.fit.models.clear();
    }
    part.fit.rejected.clear();
    file.done += part.targets.size();
    file.parts.push_back(std::move(part));
  }

  /// Write the table, and the end of the models if they are asked for; both or none.
  /// @return  statuses of its rows
  /// @throws rvfit::io::IoError  an output cannot be written
  [[nodiscard]] std::vector<rvfit::FitStatus> finish(FileJob& file) {
    namespace io = rvfit::io;
    const Reading& reading = file.reading;
    std::vector<std::size_t> first_rows, rows;
    for (const std::vector<std::size_t>& target : reading.targets) {
      first_rows.push_back(target.front());
      rows.insert(rows.end(), target.begin(), target.end());
    }
    io::Rvtab table;
    table.result = joined(file);
    table.errors = options_.fit.errors;
    for (const io::SpectraArm& arm : reading.spectra.arms) {
      table.arms.push_back({arm.label, snr_of_targets(arm.snr, reading.targets)});
    }
    std::vector<io::Column> identities;
    for (const io::Column& column : reading.spectra.columns) {
      table.columns.push_back(io::take(column, first_rows));
      if (options_.fit.keep_models) {
        identities.push_back(io::take(column, rows));
      }
    }
    for (const io::Column& column : reading.redshift) {
      table.redshift.push_back(io::take(column, first_rows));
    }
    io::Repeated repeated = repeated_header(reading);
    for (const std::string& name : reading.row_tables) {
      repeated.tables.push_back({name, first_rows});
    }
    repeated.tables.insert(repeated.tables.end(), reading.other_tables.begin(),
                           reading.other_tables.end());
    const std::string rvtab = options_.outputs.table(file.path);
    folders_.prepare(rvtab);
    io::write_rvtab(rvtab, table, keywords(file), repeated);
    if (options_.fit.keep_models) {
      try {
        start_models(file);
        for (const Part& part : file.parts) {
          write_models(file, part);
        }
        repeated.tables.clear();
        for (const std::string& name : reading.model_tables) {
          repeated.tables.push_back({name, rows});
        }
        file.models->commit(identities, repeated);
      } catch (...) {
        remove(rvtab);
        throw;
      }
    }
    report_.add_table(rvtab, false);
    return table.result.status;
  }

  /// The outputs of a file were there.
  void pass_over(const FileJob& file) const {
    report_.add_table(options_.outputs.table(file.path), true);
  }

  /// A file that is bad, and why: it leaves nothing behind.
  void give_up(FileJob& file) const {
    discard(file);
    report_.add_failure(file.path, file.error);
  }

  /// Leave nothing of a file that is bad.
  static void discard(FileJob& file) {
    file.models.reset();
    for (const std::string& figure : file.figures) {
      remove(figure);
    }
    file.parts.clear();
  }

 private:
  static void remove(const std::string& path) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }

  [[nodiscard]] std::vector<rvfit::io::Keyword> keywords(const FileJob& file) const {
    auto keywords = provenance(program_, options_, emulator_, file.path);
    keywords.insert(keywords.end(), file.reading.keywords.begin(), file.reading.keywords.end());
    return keywords;
  }

  void start_models(FileJob& file) {
    if (file.models) {
      return;
    }
    const Reading& reading = file.reading;
    std::vector<rvfit::io::ModelArm> arms;
    for (const rvfit::io::SpectraArm& arm : reading.spectra.arms) {
      arms.push_back(
          {arm.label, arm.pixels(), arm.wave_rows == 1 ? arm.wave : std::vector<double>{}});
    }
    const std::string rvmod = options_.outputs.models(file.path);
    folders_.prepare(rvmod);
    file.models = std::make_unique<rvfit::io::ModelsOutput>(
        rvmod, arms, first_rows_of_targets(reading.targets).back(), keywords(file),
        repeated_header(reading));
  }

  static void write_models(FileJob& file, const Part& part) {
    const auto first = first_rows_of_targets(file.reading.targets);
    std::vector<std::size_t> rows;
    for (std::size_t e = 0; e < part.batch.exposures; ++e) {
      for (const std::size_t target : part.targets) {
        rows.push_back(first[target] + e);
      }
    }
    for (std::size_t a = 0; a < part.fit.models.size(); ++a) {
      const bool shared = file.reading.spectra.arms[a].wave_rows == 1;
      file.models->write(a, rows, part.fit.models[a],
                         shared ? std::vector<double>{} : part.batch.arms[a].wave);
    }
  }

  /// Results of all targets of a file, taken out of its parts.
  [[nodiscard]] rvfit::FitResult joined(FileJob& file) const {
    rvfit::FitResult whole;
    whole.parameters = parameters_;
    whole.size = static_cast<int>(file.reading.targets.size());
    whole.arms = static_cast<int>(file.reading.spectra.arms.size());
    for (const Part& part : file.parts) {
      if (part.fit.result.parameters.size() > whole.parameters.size()) {
        whole.parameters = part.fit.result.parameters;
      }
    }
    for (Part& part : file.parts) {
      place(whole, std::exchange(part.fit.result, {}), part.batch.exposures, part.targets);
    }
    return whole;
  }

  std::string program_;
  const Options& options_;
  const rvfit::EmulatorData& emulator_;
  const rvfit::ParameterSet& parameters_;
  OutputFolders folders_;
  Report& report_;
};

}  // namespace rvfit_programs
