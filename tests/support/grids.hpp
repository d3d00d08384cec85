// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Made-up template libraries on a regular grid of the labels.

#include <rvfit/emulator/emulator_data.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace rvfit::test {

/// Templates (rows, pixels) in memory as a source.
[[nodiscard]] inline TemplateRows rows_in_memory(std::vector<float> templates, std::size_t pixels) {
  const auto values = std::make_shared<const std::vector<float>>(std::move(templates));
  return [values, pixels](std::size_t first, std::size_t count, float* out) {
    std::copy_n(values->data() + first * pixels, count * pixels, out);
  };
}

/// Axes of unequal spacing for teff (log10), logg, feh and alpha, in scaled inputs.
[[nodiscard]] inline const std::vector<std::vector<double>>& grid_axes() {
  static const std::vector<std::vector<double>> axes{
      {-1.1, -0.6, 0.0, 0.25, 0.9}, {-1.0, 0.1, 1.0}, {-0.8, 0.7}, {-1.0, -0.5, 0.2, 1.2}};
  return axes;
}

/// An arm whose ln(template) at the nodes is `value(x, pixel)`, for the nodes with `has(x)`.
template <class Value, class Has>
[[nodiscard]] ArmData grid_arm(const std::vector<std::vector<double>>& axes, int pixels,
                               const Value& value, const Has& has) {
  ArmData arm;
  arm.name = "desi_b";
  arm.grid = {.origin = std::log(3600.0), .step = 8.5e-5, .size = pixels};
  arm.inputs = {{"teff", true, 3.75, 0.125},
                {"logg", false, 2.5, 1.5},
                {"feh", false, -1.0, 0.75},
                {"alpha", false, 0.25, 0.25}};
  GridData& grid = arm.label_grid;
  grid.axes = axes;
  const GridShape shape = grid.shape();
  std::vector<float> templates;
  for (int node = 0; node < shape.nodes(); ++node) {
    std::vector<double> x;
    for (int j = 0; j < shape.axes; ++j) {
      x.push_back(grid.x(shape, node, j));
    }
    if (!has(x)) {
      grid.row.push_back(-1);
      continue;
    }
    grid.row.push_back(static_cast<std::int32_t>(grid.templates++));
    for (int i = 0; i < pixels; ++i) {
      templates.push_back(static_cast<float>(value(x, i)));
    }
  }
  grid.read = rows_in_memory(std::move(templates), static_cast<std::size_t>(pixels));
  return arm;
}

/// Labels of scaled inputs.
[[nodiscard]] inline std::vector<double> labels_at(const ArmData& arm,
                                                   const std::vector<double>& x) {
  std::vector<double> labels;
  for (std::size_t j = 0; j < x.size(); ++j) {
    const double q = arm.inputs[j].offset + arm.inputs[j].scale * x[j];
    labels.push_back(arm.inputs[j].log10 ? std::pow(10.0, q) : q);
  }
  return labels;
}

}  // namespace rvfit::test
