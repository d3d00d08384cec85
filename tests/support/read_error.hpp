// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The message of a reader that refuses a bad file.

#include <rvfit/io/fits/io_error.hpp>

#include <doctest/doctest.h>

#include <string>

namespace rvfit::test {

/// The error of `read()`, one line that begins with `path`, without it; or "no error".
template <class Read>
[[nodiscard]] std::string read_error(const std::string& path, const Read& read) {
  try {
    read();
  } catch (const io::IoError& error) {
    const std::string text = error.what();
    const std::string begin = path + ": ";
    CHECK(text.starts_with(begin));
    CHECK(text.find('\n') == std::string::npos);
    return text.substr(begin.size());
  }
  return "no error";
}

}  // namespace rvfit::test
