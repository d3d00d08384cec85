// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads a DESI file for rvfit_desi: the rows to fit, and the parts of the file that outputs repeat.

#include "core/program.hpp"
#include "options.hpp"

#include <string>

namespace rvfit_desi {

/// Read the tables of a file and select its rows; the exposures of a target are its rows if they are
/// joined. Spectra are read later, and now, too, where the selection depends on pixels: a limit of S/N
/// where SCORES has none, exposures that show nothing.
/// @throws rvfit::io::IoError  the file is bad
[[nodiscard]] rvfit_programs::Reading read_targets(const std::string& path, const Options& options);

}  // namespace rvfit_desi
