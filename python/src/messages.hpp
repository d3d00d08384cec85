// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Messages of the programs' code (rvfit_programs::log), which a call hands to Python's warnings at its end.

#include <string>
#include <vector>

namespace rvfit_python {

/// Warnings and errors since the last call of this function.
[[nodiscard]] std::vector<std::string> take_messages();

}  // namespace rvfit_python
