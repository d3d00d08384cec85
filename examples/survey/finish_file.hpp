// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// What a file gives: figures, a table, models.

#include "figures.hpp"
#include "file_fit.hpp"
#include "options.hpp"
#include "output_names.hpp"
#include "program.hpp"
#include "progress.hpp"
#include "provenance.hpp"
#include "summary.hpp"
#include <rvfit/io/write_models.hpp>
#include <rvfit/io/write_rvtab.hpp>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_survey {

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

/// Models of some rows of an arm.
[[nodiscard]] inline rvfit::io::ModelArm model_arm(const rvfit::io::SpectraArm& arm,
                                                   const std::vector<std::size_t>& rows,
                                                   std::vector<float>&& models) {
  const auto wave = [&](std::size_t row) {
    return arm.wave.begin() + static_cast<std::ptrdiff_t>(row * arm.pixels());
  };
  rvfit::io::ModelArm out{arm.label, {wave(0), wave(1)}, std::move(models)};
  if (arm.wave_rows > 1 && !rows.empty()) {
    out.wave.clear();
    out.wave_rows = rows.size();
    for (const std::size_t row : rows) {
      out.wave.insert(out.wave.end(), wave(row), wave(row + 1));
    }
  }
  return out;
}

/// Write the table, and the models if asked for; both or none.
inline void write_outputs(const Reading& reading, FileFit&& fit, const Options& options,
                          const std::vector<rvfit::io::Keyword>& keywords) {
  namespace io = rvfit::io;
  const io::Spectra& spectra = reading.spectra;
  std::vector<std::size_t> first_rows, rows;
  for (const std::vector<std::size_t>& target : reading.targets) {
    first_rows.push_back(target.front());
    rows.insert(rows.end(), target.begin(), target.end());
  }
  io::Rvtab table;
  table.result = std::move(fit.result);
  std::vector<io::ModelArm> models;
  for (std::size_t a = 0; a < spectra.arms.size(); ++a) {
    const io::SpectraArm& arm = spectra.arms[a];
    table.arms.push_back({arm.label, snr_of_targets(arm.snr, reading.targets)});
    models.push_back(model_arm(arm, rows, std::move(fit.models[a])));
  }
  std::vector<io::Column> fibermap;
  for (const io::Column& column : spectra.columns) {
    table.columns.push_back(io::take(column, first_rows));
    fibermap.push_back(io::take(column, rows));
  }
  for (const io::Column& column : reading.redshift) {
    table.redshift.push_back(io::take(column, first_rows));
  }
  io::Repeated repeated{reading.tables, reading.header, {}};
  for (const std::string& name : reading.row_tables) {
    repeated.tables.push_back({name, first_rows});
  }
  repeated.tables.insert(repeated.tables.end(), reading.other_tables.begin(),
                         reading.other_tables.end());
  const std::string rvtab = options.outputs.table(spectra.path);
  make_folder_of(rvtab);
  io::write_rvtab(rvtab, table, keywords, repeated);
  if (options.fit.keep_models) {
    try {
      const std::string rvmod = options.outputs.models(spectra.path);
      make_folder_of(rvmod);
      repeated.tables = {{"FIBERMAP", rows}};
      io::write_models(rvmod, models, fibermap, keywords, repeated);
    } catch (...) {
      std::error_code error;
      std::filesystem::remove(rvtab, error);
      throw;
    }
  }
}

/// Draw and write what was found of a file.
/// @throws rvfit::io::IoError  an output cannot be written
inline void finish_file(const std::string& program, const Reading& reading, FileFit&& fit,
                        const Options& options, const rvfit::EmulatorData& emulator,
                        Summary& summary, Progress& progress) {
  const Kokkos::Timer timer;
  const std::string& path = reading.spectra.path;
  if (options.plot) {
    progress.show(base_name(path), 1.0, "draw");
    draw_figures(reading, fit, options);
  }
  progress.show(base_name(path), 1.0, "write");
  const std::vector<rvfit::FitStatus> statuses = fit.result.status;
  std::vector<rvfit::io::Keyword> keywords = provenance(program, options, emulator, path);
  keywords.insert(keywords.end(), reading.keywords.begin(), reading.keywords.end());
  write_outputs(reading, std::move(fit), options, keywords);
  summary.count(statuses);
  summary.seconds.write += timer.seconds();
}

}  // namespace rvfit_survey
