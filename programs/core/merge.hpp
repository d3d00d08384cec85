// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// One table of many files. Each file's table is a part, written to a folder beside the table as soon as the file is
/// fitted; in the end the parts are put under each other and removed. A run that is killed leaves its parts, so that
/// the same command goes on where it ended, and its table is that of an undisturbed run.

#include "options.hpp"
#include <rvfit/io/fits/column.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace rvfit_programs {

/// Tables under each other. A column that a table lacks has NaN there, -1 for integers, no text.
class StackedColumns {
 public:
  /// Add a table of `rows` rows.
  /// @throws rvfit::io::IoError  a column that cannot stand under its namesake: text and numbers, other vectors
  void add(std::vector<rvfit::io::Column> columns, std::size_t rows);

  /// All of it, columns in the order in which they first came.
  [[nodiscard]] std::vector<rvfit::io::Column> take() { return std::move(columns_); }

 private:
  std::vector<rvfit::io::Column> columns_;
  std::map<std::string, std::size_t> place_;  ///< of a column, by its name in upper case
  std::size_t rows_ = 0;
};

/// Whether a run has nothing to do: the table is there, no parts are, and existing outputs are to be kept.
[[nodiscard]] bool is_merged(const Options& options);

/// The options of a run that makes parts, whose folder is made. @throws rvfit::io::IoError  it cannot be, or has
/// parts of another command
[[nodiscard]] Options begin_parts(Options options);

/// Write the table of the parts that there are, in the order of the files, each row with its file in the column
/// INFILE, and remove the parts if none is missing; else they stay for a run that tries those again.
///
/// @param[in] header  for the primary HDU
/// @throws rvfit::io::IoError  the table cannot be written
void merge_parts(const Options& options, const std::vector<std::string>& files,
                 const std::vector<rvfit::io::Keyword>& header);

}  // namespace rvfit_programs
