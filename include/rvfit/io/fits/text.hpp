// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Words of FITS files: names whose case does not matter, padded strings.

#include <algorithm>
#include <cctype>
#include <string>

namespace rvfit::io {

[[nodiscard]] inline std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

[[nodiscard]] inline std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

[[nodiscard]] inline std::string without_trailing_blanks(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace rvfit::io
