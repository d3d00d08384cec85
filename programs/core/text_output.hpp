// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Text files that are whole or not there, and files that grow by whole lines.

#include <rvfit/io/fits/durable_rename.hpp>
#include <rvfit/io/fits/io_error.hpp>
#include <rvfit/io/fits/temporary_name.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace rvfit_programs {

/// Write a text file as a whole; what is no file (a pipe, a terminal) is written to as it is.
/// @throws rvfit::io::IoError  it cannot be written; an older file of the name is as it was then
inline void write_text(const std::string& path, const std::string& text) {
  std::error_code ignored;
  const bool in_place =
      std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored);
  const std::filesystem::path place = rvfit::io::behind_links(path);
  const rvfit::io::TemporaryName temporary(place);
  const std::string name = in_place ? path : temporary.path().string();
  std::ofstream file(name);
  file << text;
  file.close();
  if (!file) {
    throw rvfit::io::IoError(path + ": cannot be written: " + std::strerror(errno));
  }
  if (!in_place) {
    rvfit::io::durable_rename(temporary.path(), place);
  }
}

/// A text file that is begun afresh and grows line by line; no part of a line is ever left in it.
class GrowingText {
 public:
  /// @throws rvfit::io::IoError  it cannot be written
  explicit GrowingText(const std::string& path)
      : path_(path),
        descriptor_(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) {
      fail();
    }
  }
  GrowingText(const GrowingText&) = delete;
  GrowingText& operator=(const GrowingText&) = delete;
  ~GrowingText() { ::close(descriptor_); }

  /// Add a line; whoever watches sees it at once. @throws rvfit::io::IoError  it cannot be written
  void add(const std::string& line) {
    const std::string text = line + '\n';
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written == static_cast<ssize_t>(text.size())) {
      size_ += written;
      return;
    }
    const int error = written < 0 ? errno : ENOSPC;
    if (written > 0 && ::ftruncate(descriptor_, size_) != 0) {
      fail();
    }
    errno = error;
    fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw rvfit::io::IoError(path_ + ": cannot be written: " + std::strerror(errno));
  }

  std::string path_;
  int descriptor_;
  off_t size_ = 0;
};

}  // namespace rvfit_programs
