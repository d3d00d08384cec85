// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The larger reference data that developers have beside the repository; tests that need them skip
/// without.

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

namespace rvfit::test {

/// Value of an environment variable, or empty.
[[nodiscard]] inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Path of a file of the reference data; empty, after a line that makes CTest count the test as
/// skipped, where there is none.
[[nodiscard]] inline std::string shared_file(const std::string& name) {
  const std::string path = environment("RVFIT_SHARED_DATA") + "/" + name;
  if (std::filesystem::exists(path)) {
    return path;
  }
  std::cout << "[skipped] no reference data: " << name << '\n';
  return "";
}

/// The emulator file imported from the reference data's network library ("rvspecfit_nn") or grid
/// ("rvspecfit_grid_small") by another test.
[[nodiscard]] inline std::string shared_emulator(const std::string& library = "rvspecfit_nn") {
  const std::string path =
      environment(library == "rvspecfit_nn" ? "RVFIT_SHARED_EMULATOR" : "RVFIT_SHARED_GRID");
  if (!path.empty() && std::filesystem::exists(path)) {
    return path;
  }
  std::cout << "[skipped] no emulator imported from the reference data: " << library << '\n';
  return "";
}

/// A small file of the repository.
[[nodiscard]] inline std::string test_file(const std::string& name) {
  return environment("RVFIT_TEST_DATA") + "/" + name;
}

}  // namespace rvfit::test
