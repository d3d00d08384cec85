// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Writes a grid library as an emulator file (docs/emulator_file.md).

#include "instrument.hpp"
#include "label_grid.hpp"
#include "options.hpp"
#include <rvfit/data/template_grid.hpp>

#include <functional>
#include <vector>

namespace rvfit_library {

/// Stores ln T of arm `arm` of the grid's template `row`, (pixels of the arm), in `out`.
using StoredTemplate = std::function<void(std::size_t row, std::size_t arm, float* out)>;

/// @param[in] grids  of the arms' pixels
/// @throws rvfit::io::IoError  the file cannot be written; nothing is left of it
void write_library(const Options& options, const Instrument& instrument, const LabelGrid& grid,
                   const std::vector<rvfit::TemplateGrid>& grids, const StoredTemplate& stored);

}  // namespace rvfit_library
