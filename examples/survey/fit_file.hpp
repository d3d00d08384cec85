// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// One file of a survey from disk to disk.

#include "options.hpp"
#include "output_names.hpp"
#include "program.hpp"
#include "progress.hpp"
#include "summary.hpp"
#include "survey_fitter.hpp"
#include <rvfit/core/version.hpp>
#include <rvfit/io/write_models.hpp>
#include <rvfit/io/write_rvtab.hpp>

#include <cmath>
#include <exception>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_survey {

/// Keywords that say where a table comes from.
[[nodiscard]] inline std::vector<rvfit::io::Keyword> provenance(const std::string& program,
                                                                const Options& options,
                                                                const rvfit::EmulatorData& emulator,
                                                                const std::string& input) {
  using std::string;
  std::vector<rvfit::io::Keyword> keywords{
      {"CREATOR", program + " " + rvfit::version, "program that wrote this file"},
      {"INFILE", std::filesystem::path(input).filename().string(), "file that was fitted"},
      {"EMULATOR", std::filesystem::path(options.emulator).filename().string(), "emulator file"},
      {"LIBRARY", emulator.library, "template library"},
      {"SYNTH", emulator.synthetic, "T: synthetic library, not for science"}};
  for (std::size_t a = 0; a < emulator.arms.size(); ++a) {
    const string n = std::to_string(a);
    keywords.push_back({"TMPLCON" + n, emulator.arms[a].name, "arm of the library"});
    keywords.push_back({"TMPLREV" + n, emulator.arms[a].revision, "its revision"});
    keywords.push_back({"TMPLSVR" + n, emulator.arms[a].software_version, "its software"});
  }
  return keywords;
}

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

/// Write the table, and the models if asked for; both or none.
inline void write_outputs(const Reading& reading, FileFit&& fit, const Options& options,
                          const std::vector<rvfit::io::Keyword>& keywords) {
  namespace io = rvfit::io;
  const io::Spectra& spectra = reading.spectra;
  const std::filesystem::path folder(options.output_dir);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw io::IoError(options.output_dir + ": folder cannot be made: " + error.message());
  }
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
    models.push_back({arm.label, arm.wave, std::move(fit.models[a])});
  }
  std::vector<io::Column> fibermap;
  for (const io::Column& column : spectra.columns) {
    table.columns.push_back(io::take(column, first_rows));
    fibermap.push_back(io::take(column, rows));
  }
  const std::string rvtab = (folder / rvtab_name(spectra.path)).string();
  io::write_rvtab(rvtab, table, keywords);
  if (options.fit.keep_models) {
    try {
      io::write_models((folder / rvmod_name(spectra.path)).string(), models, fibermap, keywords);
    } catch (...) {
      std::filesystem::remove(rvtab, error);
      throw;
    }
  }
}

/// Read, fit and write one file.
/// @throws rvfit::io::IoError  the file is bad, or the output cannot be written
/// @throws std::runtime_error  the fit is impossible: the emulator does not cover the wavelengths, no
///                             memory; the text begins with the file's name
inline void fit_file(const std::string& program, const std::string& path, const Options& options,
                     const Reader& read, const rvfit::EmulatorData& emulator, SurveyFitter& fitter,
                     Summary& summary, Progress& progress) {
  Kokkos::Timer timer;
  const std::string name = base_name(path);
  progress.show(name, 0.0, "read");
  const Reading reading = read(path);
  summary.seconds.read += timer.seconds();

  FileFit fit;
  try {
    fit = fitter.fit(reading.spectra, reading.targets, summary.seconds,
                     [&](double done) { progress.show(name, done, "fit"); });
  } catch (const std::exception& error) {
    throw std::runtime_error(path + ": " + error.what());
  }

  timer.reset();
  progress.show(name, 1.0, "write");
  const std::vector<rvfit::FitStatus> statuses = fit.result.status;
  write_outputs(reading, std::move(fit), options, provenance(program, options, emulator, path));
  summary.count(statuses);
  summary.seconds.write += timer.seconds();
}

}  // namespace rvfit_survey
