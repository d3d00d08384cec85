// SPDX-License-Identifier: MIT

#include "label_grid.hpp"

#include <rvfit/core/require.hpp>
#include <rvfit/emulator/grid_data.hpp>

#include <algorithm>
#include <numeric>

namespace rvfit_library {
namespace {

/// Distinct values of label n, increasing.
[[nodiscard]] std::vector<double> distinct(const TemplateSet& set, std::size_t n) {
  std::vector<double> values;
  for (const Template& one : set.templates) {
    values.push_back(one.labels[n]);
  }
  std::sort(values.begin(), values.end());
  const double tolerance = 1e-6 * (values.back() - values.front());
  std::vector<double> axis;
  for (const double value : values) {
    if (axis.empty() || value - axis.back() > tolerance) {
      axis.push_back(value);
    }
  }
  return axis;
}

[[nodiscard]] std::size_t nearest(const std::vector<double>& axis, double value) {
  const auto after = std::upper_bound(axis.begin() + 1, axis.end() - 1, value);
  return static_cast<std::size_t>(value - *(after - 1) <= *after - value ? after - 1 - axis.begin()
                                                                         : after - axis.begin());
}

}  // namespace

LabelGrid find_grid(const TemplateSet& set) {
  LabelGrid grid;
  std::vector<std::size_t> varied;
  for (std::size_t n = 0; n < set.labels.size(); ++n) {
    std::vector<double> axis = distinct(set, n);
    if (axis.size() == 1) {
      grid.constant.emplace_back(set.labels[n], axis.front());
    } else {
      varied.push_back(n);
      grid.labels.push_back(set.labels[n]);
      grid.axes.push_back(std::move(axis));
    }
  }
  RVFIT_REQUIRE(!varied.empty(), "all ", set.templates.size(), " templates have the same labels");
  constexpr std::size_t most = 1000000;
  std::size_t nodes = 1;
  for (const auto& axis : grid.axes) {
    nodes *= std::min(axis.size(), most);
    RVFIT_REQUIRE(nodes <= most, "the labels of ", set.templates.size(),
                  " templates form no regular "
                  "grid: it would have more than ",
                  most, " nodes");
  }
  grid.nodes.assign(nodes, -1);
  for (std::size_t t = 0; t < set.templates.size(); ++t) {
    std::size_t node = 0;
    for (std::size_t j = 0; j < varied.size(); ++j) {
      node = node * grid.axes[j].size() + nearest(grid.axes[j], set.templates[t].labels[varied[j]]);
    }
    if (grid.nodes[node] >= 0) {
      grid.twins.emplace_back(t, grid.templates[static_cast<std::size_t>(grid.nodes[node])]);
      continue;
    }
    grid.nodes[node] = static_cast<std::int32_t>(grid.templates.size());
    grid.templates.push_back(t);
  }
  return grid;
}

std::size_t complete_cells(const LabelGrid& grid) {
  rvfit::GridData data;
  data.axes = grid.axes;
  data.row = grid.nodes;
  const rvfit::GridShape shape = data.shape();
  std::size_t complete = 0;
  for (int node = 0; node < shape.nodes(); ++node) {
    complete += data.is_complete(shape, node) ? 1 : 0;
  }
  return complete;
}

}  // namespace rvfit_library
