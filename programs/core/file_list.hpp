// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The files of a run, one after another: named on the command line, listed in a text file, or taken
/// from a queue that several processes share.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {

/// File names, each given out once.
class FileList {
 public:
  /// These files.
  explicit FileList(std::vector<std::string> files) : files_(std::move(files)) {}

  /// The lines of a text file but for blank ones and those that begin with #. @throws rvfit::io::IoError  it cannot be read
  [[nodiscard]] static FileList from(const std::string& list);

  /// The lines of a text file that is a queue: what one process takes is removed from it before any
  /// other process looks (a lock on the file LIST.lock, which is left behind). The list is replaced as
  /// a whole, so a process that is killed leaves it complete.
  [[nodiscard]] static FileList queue(const std::string& list);

  /// The files that are known beforehand; empty for a queue.
  [[nodiscard]] const std::vector<std::string>& known() const { return files_; }

  /// From now on other processes work at the same list: this one is given file number `next_number()`,
  /// as long as there is such a file.
  void share(std::function<std::size_t()> next_number) { next_number_ = std::move(next_number); }

  /// The next file, or none. @throws rvfit::io::IoError  the queue cannot be read or written
  [[nodiscard]] std::optional<std::string> next();

 private:
  std::vector<std::string> files_;
  std::size_t given_ = 0;
  std::function<std::size_t()> next_number_;
  std::string queue_;
};

}  // namespace rvfit_programs
