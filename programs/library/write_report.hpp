// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A page about a library: tools/report_library.py, which the program carries, writes it.

#include "make_library.hpp"
#include "options.hpp"

namespace rvfit_library {

/// Write the page `options.report` about the library that was written.
/// @throws rvfit::io::IoError  it cannot be written
void write_report(const Options& options, const Report& report);

}  // namespace rvfit_library
