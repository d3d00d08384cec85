// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads the grid of an arm of an emulator file: `<ARM>_AXIS<j>`, `<ARM>_NODES`, `<ARM>_TEMPLATES`.

#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/emulator/grid_data.hpp>
#include <rvfit/io/detail/expected_numbers.hpp>
#include <rvfit/io/fits/array_shape.hpp>
#include <rvfit/io/fits/fits_input.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rvfit::io::detail {

/// @throws IoError  a template is at no node, or at two
inline void require_each_once(const FitsInput& file, const std::string& hdu, const GridData& grid) {
  std::vector<int> uses(grid.templates, 0);
  for (const std::int32_t row : grid.row) {
    if (row < -1 || row >= static_cast<std::int64_t>(grid.templates)) {
      file.fail(hdu, "names template " + std::to_string(row) + ", expected -1 for none, or 0 .. " +
                         std::to_string(grid.templates - 1));
    }
    if (row >= 0 && ++uses[static_cast<std::size_t>(row)] > 1) {
      file.fail(hdu, "template " + std::to_string(row) + " is at two nodes, expected at one");
    }
  }
  const auto unused = std::find(uses.begin(), uses.end(), 0);
  if (unused != uses.end()) {
    file.fail(hdu, "template " + std::to_string(unused - uses.begin()) +
                       " is at no node, expected at one");
  }
}

/// Read rows of the templates straight to where they stay.
/// @throws IoError  the file has changed, or a number is not finite
inline void read_templates(const std::string& path, const std::string& hdu, const ArrayShape& shape,
                           std::size_t first, std::size_t count, float* out) {
  FitsInput file(path);
  if (file.image_shape(hdu) != shape) {
    file.fail(hdu, "has changed since the file was opened");
  }
  const std::size_t size = count * shape[1];
  file.read_image_part(hdu, first * shape[1], size, out);
  if (!std::all_of(out, out + size, [](float x) { return std::isfinite(x); })) {
    file.fail(hdu, "templates: a finite number was expected");
  }
}

/// Axes and nodes of the arm `prefix`; the templates stay in the file until they are uploaded.
/// @throws IoError  extents that do not fit, nodes that name no template, or one twice
[[nodiscard]] inline GridData read_label_grid(FitsInput& file, const std::string& prefix,
                                              std::size_t labels, int pixels) {
  GridData grid;
  const std::string nodes = prefix + "_NODES", templates = prefix + "_TEMPLATES";
  if (labels > static_cast<std::size_t>(max_grid_axes)) {
    file.fail(nodes, "the library has " + std::to_string(labels) + " labels, a grid of at most " +
                         std::to_string(max_grid_axes) + " was expected");
  }
  ArrayShape extents;
  for (std::size_t j = 0; j < labels; ++j) {
    const std::string hdu = prefix + "_AXIS" + std::to_string(j);
    const ArrayShape shape = file.image_shape(hdu);
    if (shape.size() != 1 || shape[0] < 2) {
      file.fail(hdu, "has " + shape_text(shape) + " numbers, expected a row of at least 2");
    }
    grid.axes.push_back(file.read_image<double>(hdu, shape));
    const auto& axis = grid.axes.back();
    require_finite(file, hdu, "nodes", axis);
    if (std::adjacent_find(axis.begin(), axis.end(), std::greater_equal<>()) != axis.end()) {
      file.fail(hdu, "numbers that increase were expected");
    }
    extents.push_back(shape[0]);
  }
  grid.row = file.read_image<std::int32_t>(nodes, extents);
  const ArrayShape shape = file.image_shape(templates);
  if (shape.size() != 2 || shape[0] < 1 || shape[1] != static_cast<std::size_t>(pixels)) {
    file.fail(templates, "is " + shape_text(shape) +
                             ", expected templates x GRIDSIZE = " + std::to_string(pixels));
  }
  grid.templates = shape[0];
  require_each_once(file, nodes, grid);
  grid.read = [path = file.path(), templates, shape](std::size_t first, std::size_t count,
                                                     float* out) {
    read_templates(path, templates, shape, first, count, out);
  };
  return grid;
}

}  // namespace rvfit::io::detail
