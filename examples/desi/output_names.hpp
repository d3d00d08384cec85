// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Names of what is written for an input file, as rvspecfit has them.

#include <filesystem>
#include <string>

namespace rvfit_desi {

/// File name without folders and without ".gz".
[[nodiscard]] inline std::string base_name(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  return name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
}

[[nodiscard]] inline std::string rvtab_name(const std::string& path) {
  return "rvtab_" + base_name(path);
}

[[nodiscard]] inline std::string rvmod_name(const std::string& path) {
  return "rvmod_" + base_name(path);
}

}  // namespace rvfit_desi
