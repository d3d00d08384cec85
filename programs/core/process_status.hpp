// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A text file that says what became of each file of a run, as rvspecfit writes it: a line
/// `FILE STATUS OBJECTS SECONDS` for each, with the status SUCCESS, FAILURE or EXISTING.

#include "text_output.hpp"

#include <cstdio>
#include <optional>
#include <string>

namespace rvfit_programs {

class ProcessStatus {
 public:
  /// Start the file afresh; nothing is written if `path` is empty.
  /// @throws rvfit::io::IoError  it cannot be written
  explicit ProcessStatus(const std::string& path) {
    if (!path.empty()) {
      file_.emplace(path);
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
    if (file_) {
      char rest[64];
      std::snprintf(rest, sizeof rest, " %s %d %.2f", status, objects, seconds);
      file_->add(file + rest);
    }
  }

  std::optional<GrowingText> file_;
};

}  // namespace rvfit_programs
