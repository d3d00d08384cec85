// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Templates that are done, kept on disk until all are: a run that is killed goes on where it was.

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

namespace rvfit_library {

/// Rows of numbers in a file beside the output. A row counts once its mark is written, which comes after it.
class WorkFile {
 public:
  /// Open the file of an earlier run with the same description, or begin a new one.
  /// @param[in] description  all that the numbers depend on, one text
  /// @param[in] width        numbers a row
  /// @throws rvfit::io::IoError  it cannot be written
  WorkFile(std::string path, const std::string& description, std::size_t rows, std::size_t width);

  [[nodiscard]] bool has(std::size_t row) const { return marks_[row] != 0; }
  [[nodiscard]] std::size_t done() const;

  /// @throws rvfit::io::IoError  for example: disk full
  void write(std::size_t row, const std::vector<float>& numbers);
  void read(std::size_t row, std::size_t first, std::size_t count, float* out);

  /// Its work is over.
  void remove();

 private:
  [[nodiscard]] std::streamoff place(std::size_t row) const;

  std::string path_;
  std::size_t width_;
  std::streamoff head_ = 0;  ///< bytes of the description
  std::vector<char> marks_;
  std::fstream file_;
};

}  // namespace rvfit_library
