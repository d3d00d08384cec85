// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The library's version, the same as in CMakeLists.txt (test: programs.usage).

namespace rvfit {

inline constexpr const char* version = "0.1.0";

}  // namespace rvfit
