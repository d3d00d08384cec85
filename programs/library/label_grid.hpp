// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The regular grid that templates stand on, found from their labels alone.

#include "templates.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_library {

struct LabelGrid {
  std::vector<std::string> labels;                       ///< those that change
  std::vector<std::pair<std::string, double>> constant;  ///< labels of one value for all templates
  std::vector<std::vector<double>> axes;                 ///< values of each label, increasing
  std::vector<std::int32_t> nodes;     ///< (C order) row of the template, -1: a hole
  std::vector<std::size_t> templates;  ///< which ones are used, in the order of rows
  std::vector<std::pair<std::size_t, std::size_t>>
      twins;  ///< left out, and the one of the same labels

  [[nodiscard]] std::size_t holes() const { return nodes.size() - templates.size(); }
};

/// Values of a label that differ by less than 1e-6 of its range are the same.
/// @throws rvfit::InvalidArgument  no label changes, or there are more than a million nodes
[[nodiscard]] LabelGrid find_grid(const TemplateSet& set);

/// Cells with a template at every corner.
[[nodiscard]] std::size_t complete_cells(const LabelGrid& grid);

}  // namespace rvfit_library
