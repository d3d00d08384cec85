// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Figures of spectra and fits, drawn by matplotlib: the programs carry the script tools/plot_fits.py
/// and run it with the Python that RVFIT_PYTHON names (python3 if it is not set).

#include "file_job.hpp"
#include "options.hpp"
#include "program.hpp"

#include <string>
#include <vector>

namespace rvfit_programs {

/// @throws rvfit::io::IoError  there is no Python that has what the script needs
void require_plotting();

/// Draw every spectrum of a batch that was fitted: data with their errors, bad pixels and the fit, arm by
/// arm. Files: PREFIX_NAME_ROW.png with the reader's name of the spectrum, or else the file's; of
/// exposures fitted together PREFIX_NAME_ROW_E.png, ROW that of the first.
///
/// @param[in] part  of the targets of `reading`, with spectra and models
/// @return          the files
/// @throws rvfit::io::IoError  a figure cannot be drawn or written
std::vector<std::string> draw_figures(const Reading& reading, const Part& part,
                                      const Options& options);

}  // namespace rvfit_programs
