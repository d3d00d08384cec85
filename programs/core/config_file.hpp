// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Settings from a text file: lines `key: value`, as rvspecfit's YAML has them, or `key = value`. A
/// value is a word, "text in quotes", [a, list] or {a: map}; a map can also follow on indented lines:
///
///     max_vel: 1500        # comment
///     lsf_sigma0_angstrom:
///       b: 0.67

#include <istream>
#include <string>
#include <vector>

namespace rvfit_programs {

/// One setting. The values of a map are written KEY=VALUE.
struct Setting {
  std::string key;
  std::vector<std::string> values;
  int line;  ///< where it begins, from 1
};

/// @throws std::invalid_argument  a line that is none of the above; the text begins with its number
[[nodiscard]] std::vector<Setting> read_settings(std::istream& stream);

}  // namespace rvfit_programs
