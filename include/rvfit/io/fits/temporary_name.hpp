// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Names of files that are not there yet.

#include <unistd.h>

#include <filesystem>
#include <random>
#include <string>

namespace rvfit::io {

/// A name beside `target` that no other process uses, and that is removed in the end.
class TemporaryName {
 public:
  explicit TemporaryName(const std::filesystem::path& target)
      : path_(target.parent_path() /
              ("." + target.filename().string() + "." + std::to_string(::getpid()) + "-" +
               std::to_string(std::random_device{}()) + ".tmp")) {}
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace rvfit::io
