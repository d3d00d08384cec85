// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A text file that says what became of each file of a run, as rvspecfit writes it: a line
/// `FILE STATUS OBJECTS SECONDS` for each, with the status SUCCESS, FAILURE or EXISTING.

#include <rvfit/io/fits/io_error.hpp>

#include <cstdio>
#include <fstream>
#include <string>

namespace rvfit_programs {

class ProcessStatus {
 public:
  /// Start the file afresh; nothing is written if `path` is empty.
  /// @throws rvfit::io::IoError  it cannot be written
  explicit ProcessStatus(const std::string& path) : path_(path) {
    if (!path_.empty()) {
      file_.open(path_);
      require_good();
    }
  }

  void success(const std::string& file, int objects, double seconds) {
    write(file, "SUCCESS", objects, seconds);
  }
  void failure(const std::string& file, double seconds) { write(file, "FAILURE", 0, seconds); }
  /// Skipped: its results were there.
  void existing(const std::string& file) { write(file, "EXISTING", -1, 0.0); }

 private:
  void write(const std::string& file, const char* status, int objects, double seconds) {
    if (path_.empty()) {
      return;
    }
    char rest[64];
    std::snprintf(rest, sizeof rest, " %s %d %.2f", status, objects, seconds);
    file_ << file << rest << std::endl;  // whoever watches sees each file when it is done
    require_good();
  }

  void require_good() const {
    if (!file_) {
      throw rvfit::io::IoError(path_ + ": cannot be written");
    }
  }

  std::string path_;
  std::ofstream file_;
};

}  // namespace rvfit_programs
