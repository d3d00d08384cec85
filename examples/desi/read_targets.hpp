// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// What rvfit_desi fits of a file.

#include "options.hpp"
#include "survey/program.hpp"
#include <rvfit/io/read_desi.hpp>

#include <string>
#include <utility>
#include <vector>

namespace rvfit_desi {

/// Read a file and select its rows; the exposures of a target are its rows if they are joined.
/// @throws rvfit::io::IoError  the file is bad
[[nodiscard]] inline rvfit_survey::Reading read_targets(const std::string& path,
                                                        const Options& options) {
  namespace io = rvfit::io;
  io::DesiFile file = io::read_desi(path, options.arms);
  const std::vector<std::size_t> rows =
      options.all_rows ? io::select_all(file) : io::select_stars(file);
  io::Targets targets =
      options.join_exposures ? io::joined(rows, file.target_id) : io::one_by_one(rows);
  return {std::move(static_cast<io::Spectra&>(file)), std::move(targets)};
}

}  // namespace rvfit_desi
