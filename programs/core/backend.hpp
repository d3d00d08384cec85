// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The execution space that the programs are built for.

#include <rvfit/core/policy.hpp>

#include <algorithm>
#include <cctype>
#include <string>

namespace rvfit_programs {

/// Its name on the command line: openmp, serial, cuda, hip, ...
[[nodiscard]] inline std::string backend() {
  std::string name = Kokkos::DefaultExecutionSpace::name();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

/// Whether it has devices to choose from.
inline constexpr bool has_devices = !rvfit::Policy<>::on_host;

}  // namespace rvfit_programs
