// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A template library on a regular grid of the scaled labels x, as host data. Nodes may lack a
/// template; a cell is complete if all its corners have one, and the complete cells are the domain.

#include <rvfit/core/require.hpp>

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rvfit {

/// Upper limit on the labels of a grid: an interpolation touches up to 4^labels templates.
inline constexpr int max_grid_axes = 6;

/// multilinear, as rvspecfit does; or piecewise cubic with continuous first derivatives
enum class GridInterpolation { linear, cubic };

/// Stores the templates first .. first + count - 1, (count, pixels) row-major, in `out`. The upload
/// asks for a few at a time: a library is in memory once.
using TemplateRows = std::function<void(std::size_t first, std::size_t count, float* out)>;

/// Extents of the array of nodes; the last label varies fastest.
struct GridShape {
  int axes = 0;
  int size[max_grid_axes] = {};
  int stride[max_grid_axes] = {};

  [[nodiscard]] KOKKOS_FUNCTION int nodes() const { return size[0] * stride[0]; }
  [[nodiscard]] KOKKOS_FUNCTION int index(int node, int j) const {
    return node / stride[j] % size[j];
  }
  /// Corner of the cell above `node`: bit j of `corner` moves up label j.
  [[nodiscard]] KOKKOS_FUNCTION int corner(int node, int corner) const {
    for (int j = 0; j < axes; ++j) {
      node += (corner >> j & 1) * stride[j];
    }
    return node;
  }
};

/// The grid of one arm.
struct GridData {
  std::vector<std::vector<double>> axes;  ///< for each label the nodes' x, increasing
  std::vector<std::int32_t> row;          ///< for each node its template, or -1
  std::size_t templates = 0;
  TemplateRows read;

  [[nodiscard]] GridShape shape() const {
    GridShape shape;
    shape.axes = static_cast<int>(axes.size());
    int stride = 1;
    for (int j = shape.axes; j-- > 0;) {
      shape.size[j] = static_cast<int>(axes[static_cast<std::size_t>(j)].size());
      shape.stride[j] = stride;
      stride *= shape.size[j];
    }
    return shape;
  }

  /// Coordinate of a node on one axis.
  [[nodiscard]] double x(const GridShape& shape, int node, int j) const {
    return axes[static_cast<std::size_t>(j)][static_cast<std::size_t>(shape.index(node, j))];
  }

  /// Whether the cell above `node` has a template at every corner.
  [[nodiscard]] bool is_complete(const GridShape& shape, int node) const {
    for (int j = 0; j < shape.axes; ++j) {
      if (shape.index(node, j) + 1 == shape.size[j]) {
        return false;
      }
    }
    for (int corner = 0; corner < 1 << shape.axes; ++corner) {
      if (row[static_cast<std::size_t>(shape.corner(node, corner))] < 0) {
        return false;
      }
    }
    return true;
  }

  /// Whether a point lies in a complete cell.
  [[nodiscard]] bool is_inside(const std::vector<double>& point) const {
    const GridShape s = shape();
    int node = 0;
    for (std::size_t j = 0; j < axes.size(); ++j) {
      const auto& axis = axes[j];
      if (!(point[j] >= axis.front() && point[j] <= axis.back())) {
        return false;
      }
      const auto above = std::upper_bound(axis.begin() + 1, axis.end() - 1, point[j]);
      node += static_cast<int>(above - axis.begin() - 1) * s.stride[j];
    }
    return is_complete(s, node);
  }
};

/// Check that extents fit together, so that kernels need not.
/// @throws InvalidArgument  naming the arm, with both extents
inline void require_consistent(const GridData& grid, const std::string& arm, std::size_t labels) {
  RVFIT_REQUIRE(grid.axes.size() == labels && labels <= static_cast<std::size_t>(max_grid_axes),
                "GridData: arm ", arm, " has ", grid.axes.size(), " axes, the library has ", labels,
                " labels, at most ", max_grid_axes, " are supported");
  std::size_t nodes = 1;
  for (std::size_t j = 0; j < labels; ++j) {
    const auto& axis = grid.axes[j];
    const auto fault = [](double a, double b) { return !(b > a && std::isfinite(b - a)); };
    RVFIT_REQUIRE(
        axis.size() >= 2 && std::adjacent_find(axis.begin(), axis.end(), fault) == axis.end(),
        "GridData: axis ", j, " of arm ", arm, " has ", axis.size(),
        " nodes, wanted at least 2 and increasing");
    nodes *= std::min(axis.size(), std::size_t{1} << 20U);
    RVFIT_REQUIRE(nodes <= std::size_t{1} << 28U, "GridData: arm ", arm, " has more than ",
                  std::size_t{1} << 28U, " nodes");
  }
  RVFIT_REQUIRE(grid.row.size() == nodes, "GridData: arm ", arm, " has ", grid.row.size(),
                " nodes, its axes want ", nodes);
  std::vector<bool> used(grid.templates, false);
  for (const std::int32_t row : grid.row) {
    RVFIT_REQUIRE(row >= -1 && row < static_cast<std::int64_t>(grid.templates), "GridData: arm ",
                  arm, " has template ", row, " at a node, there are ", grid.templates);
    if (row >= 0) {
      RVFIT_REQUIRE(!used[static_cast<std::size_t>(row)], "GridData: arm ", arm, " has template ",
                    row, " at two nodes");
      used[static_cast<std::size_t>(row)] = true;
    }
  }
  const auto unused = std::find(used.begin(), used.end(), false);
  RVFIT_REQUIRE(unused == used.end(), "GridData: arm ", arm, " has template ",
                unused - used.begin(), " at no node");
  const GridShape shape = grid.shape();
  bool complete = false;
  for (int node = 0; node < shape.nodes() && !complete; ++node) {
    complete = grid.is_complete(shape, node);
  }
  RVFIT_REQUIRE(complete, "GridData: arm ", arm, " has no cell with a template at every corner");
  RVFIT_REQUIRE(static_cast<bool>(grid.read), "GridData: arm ", arm, " has no source of templates");
}

}  // namespace rvfit
