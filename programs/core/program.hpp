// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A program from its command line to its exit code: 0 if all files were fitted; 2 if something was
/// bad, in one line on standard error for each file, and the other files were finished.

#include "options.hpp"
#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/repeated.hpp>
#include <rvfit/io/spectra.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace rvfit_programs {

/// One file as a reader hands it over.
struct Reading {
  /// The whole file; without pixels and with S/N as far as it is known if `read_rows` is there.
  rvfit::io::Spectra spectra;
  rvfit::io::Targets targets;  ///< rows to fit

  /// Reads spectra of some rows, all arms; a row is asked for once. None: `spectra` has them.
  std::function<std::vector<rvfit::io::SpectraArm>(const std::vector<std::size_t>& rows)> read_rows;

  // Outputs repeat these parts of the input.
  std::shared_ptr<rvfit::io::FitsInput> tables;          ///< none: nothing
  std::vector<std::string> header;                       ///< keywords of its primary header
  std::vector<std::string> row_tables;                   ///< tables with a row per spectrum
  std::vector<rvfit::io::Repeated::Table> other_tables;  ///< others, with the rows wanted
  std::vector<std::string> model_tables;     ///< those of row_tables that go with models
  std::vector<rvfit::io::Column> redshift;   ///< RR_Z and so on, for each spectrum
  std::vector<rvfit::io::Keyword> keywords;  ///< of the survey's own
  std::vector<std::string> names;            ///< of spectra, for figures; none: the file's

  /// Forget the pixels, and close the file that they come from.
  void release_spectra() {
    read_rows = nullptr;
    for (rvfit::io::SpectraArm& arm : spectra.arms) {
      arm.flux = {};
      arm.ivar = {};
      arm.mask = {};
      arm.resolution = {};
      arm.unit = {};
      arm.line_spread = {};
    }
  }
};

/// A fault that is not the file's own, and has been told for another one: the file fails without a line.
class ToldBefore : public rvfit::io::IoError {
 public:
  using rvfit::io::IoError::IoError;
};

/// A survey: reads one of its files. @throws rvfit::io::IoError  the file is bad
using Reader = std::function<Reading(const std::string& path)>;

/// Do what a command line asks for.
///
/// @param[in] name  of the program
/// @param[in] line  how the command line ended
[[nodiscard]] int run_program(const std::string& name, const CommandLine& line,
                              const Options& options, const Reader& read);

}  // namespace rvfit_programs
