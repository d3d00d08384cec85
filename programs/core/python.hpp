// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Python, for pictures: the programs carry their scripts and run them with the Python that RVFIT_PYTHON names
/// (python3 if it is not set).

#include <string>
#include <vector>

namespace rvfit_programs {

/// Run Python code with arguments; true if it ended well. What it prints is dropped: the program says in its
/// own words what went wrong.
[[nodiscard]] bool run_python(const std::string& code, const std::vector<std::string>& arguments);

/// @param[in] option  that asks for pictures, for the message
/// @throws rvfit::io::IoError  there is no Python that has what the scripts need
void require_plotting(const std::string& option);

/// A text in printable ASCII without blanks, other bytes as %XX: names of files pass unchanged through FITS
/// and JSON, whatever bytes they are made of.
[[nodiscard]] std::string quoted(const std::string& text);

}  // namespace rvfit_programs
