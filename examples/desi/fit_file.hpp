// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// One DESI file from disk to disk.

#include "batch_fitter.hpp"
#include "load_desi.hpp"
#include "options.hpp"
#include "output_names.hpp"
#include "progress.hpp"
#include "summary.hpp"
#include <rvfit/core/version.hpp>
#include <rvfit/io/read_desi.hpp>
#include <rvfit/io/write_models.hpp>
#include <rvfit/io/write_rvtab.hpp>
#include <rvfit/rvfit.hpp>

#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_desi {

/// Keywords that say where a table comes from.
[[nodiscard]] inline std::vector<rvfit::io::Keyword> provenance(const Options& options,
                                                                const rvfit::EmulatorData& emulator,
                                                                const std::string& input) {
  using std::string;
  std::vector<rvfit::io::Keyword> keywords{
      {"CREATOR", string("rvfit_desi ") + rvfit::version, "program that wrote this file"},
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

/// Write the table, and the models if asked for; both or none.
inline void write_outputs(const rvfit::io::DesiFile& file, const std::vector<std::size_t>& rows,
                          FileFit&& fit, const Options& options,
                          const std::vector<rvfit::io::Keyword>& keywords) {
  namespace io = rvfit::io;
  const std::filesystem::path folder(options.output_dir);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw io::IoError(options.output_dir + ": folder cannot be made: " + error.message());
  }
  io::Rvtab table;
  table.result = std::move(fit.result);
  std::vector<io::ModelArm> models;
  for (std::size_t a = 0; a < file.arms.size(); ++a) {
    const io::DesiArm& arm = file.arms[a];
    io::RvtabArm description{arm.label, {}};
    for (const std::size_t row : rows) {
      description.snr.push_back(arm.snr[row]);
    }
    table.arms.push_back(std::move(description));
    models.push_back({arm.label, arm.wave, std::move(fit.models[a])});
  }
  for (const io::Column& column : file.columns) {
    table.columns.push_back(io::take(column, rows));
  }
  const std::string rvtab = (folder / rvtab_name(file.path)).string();
  io::write_rvtab(rvtab, table, keywords);
  if (options.write_models) {
    try {
      io::write_models((folder / rvmod_name(file.path)).string(), models, table.columns, keywords);
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
template <rvfit::ExecutionPolicy P>
void fit_file(const std::string& path, const Options& options, const rvfit::EmulatorData& emulator,
              BatchFitter<P>& fitter, Summary& summary, Progress& progress) {
  Kokkos::Timer timer;
  const std::string name = base_name(path);
  progress.show(name, 0.0, "read");
  const rvfit::io::DesiFile file = rvfit::io::read_desi(path, options.arms);
  const std::vector<std::size_t> rows =
      options.all_rows ? rvfit::io::select_all(file) : rvfit::io::select_stars(file);
  summary.seconds.read += timer.seconds();

  const auto load = [&](const auto& exec, const auto& waves, int first, int last) {
    return load_desi<P>(exec, file, rows, first, last, waves, options.preparation);
  };
  FileFit fit;
  try {
    fit = fitter.fit(grids_of(file), static_cast<int>(rows.size()), load, summary.seconds,
                     [&](double done, const char* phase) { progress.show(name, done, phase); });
  } catch (const std::exception& error) {
    throw std::runtime_error(path + ": " + error.what());
  }

  timer.reset();
  progress.show(name, 1.0, "write");
  const std::vector<rvfit::FitStatus> statuses = fit.result.status;
  write_outputs(file, rows, std::move(fit), options, provenance(options, emulator, path));
  summary.count(statuses);
  summary.seconds.write += timer.seconds();
}

}  // namespace rvfit_desi
