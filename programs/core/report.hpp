// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The page about a run that --report asks for, written by the script tools/report_fits.py: counts and distributions
/// from the tables, the worst fits, settings, and the files that failed.

#include "figures.hpp"
#include "file_job.hpp"
#include "options.hpp"
#include "summary.hpp"
#include <rvfit/emulator/emulator_data.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {

/// Gathers what the page tells. Only the worst fits are in memory, and the names of files. One thread at a time calls
/// it.
class Report {
 public:
  /// @param[in] page  the file to write; empty: nothing is gathered
  explicit Report(std::string page) : page_(std::move(page)) {}

  [[nodiscard]] bool is_wanted() const { return !page_.empty(); }

  /// Keep those fits of a part, which has spectra and models, that are among the worst so far.
  void add(const Reading& reading, const Part& part);
  /// A table of this run, or one that was there before it.
  void add_table(const std::string& table, bool passed_over);
  void add_failure(const std::string& file, const std::string& line);

  /// Write the page.
  /// @throws rvfit::io::IoError  it cannot be written, or the pictures not be drawn
  void write(const std::string& program, const Options& options,
             const rvfit::EmulatorData& emulator, const Summary& summary) const;

 private:
  static constexpr std::size_t most_pictures = 12;
  static constexpr std::size_t most_failures = 1000;

  std::string page_;
  std::vector<Figure> worst_;  ///< by decreasing chi2/N
  std::vector<std::string> tables_;
  int passed_over_ = 0;
  std::vector<std::pair<std::string, std::string>> failures_;  ///< the first of them
  std::size_t failed_ = 0;
};

}  // namespace rvfit_programs
