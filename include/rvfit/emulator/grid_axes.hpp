// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The grid of one arm on the device, where a star lies on it, and what that costs outside.
///
/// The domain is the union of the complete cells. Outside it
///
///   neg2_log_like += weight d^2,   d^2 = min over complete cells of sum_j (e_j / range_j)^2
///
/// with e_j how far x_j is beyond the cell and range_j the length of axis j. rvspecfit's own is
/// weight times the distance to the nearest node in the same units, which jumps at the boundary.

#include <rvfit/core/views.hpp>
#include <rvfit/emulator/grid_data.hpp>
#include <rvfit/emulator/input_scaling.hpp>

#include <vector>

namespace rvfit {

/// Place of a star on a grid: the cell above `node`, the nearest one beyond the ends of an axis.
struct GridPoint {
  int node = 0;
  int index[max_grid_axes];     ///< of the node on each axis
  double x[max_grid_axes];      ///< scaled labels
  double slope[max_grid_axes];  ///< dx / dtheta
};

template <ExecutionPolicy P>
struct GridAxes {
  GridShape shape;
  InputScaling<P> scaling;
  Vector<const double, P> x;         ///< coordinates of the nodes, axis after axis
  int first[max_grid_axes];          ///< of an axis in x
  double range[max_grid_axes];       ///< length of an axis
  Vector<const int, P> row;          ///< (nodes) template, or -1
  Vector<const int, P> cells;        ///< lower corners of the complete cells
  Vector<const int, P> is_complete;  ///< (nodes) 1 at those corners

  GridAxes() = default;
  GridAxes(const typename P::execution_space& exec, const GridData& grid,
           const InputScaling<P>& scale)
      : shape(grid.shape()), scaling(scale) {
    std::vector<double> coordinates;
    for (int j = 0; j < shape.axes; ++j) {
      const auto& axis = grid.axes[static_cast<std::size_t>(j)];
      first[j] = static_cast<int>(coordinates.size());
      range[j] = axis.back() - axis.front();
      coordinates.insert(coordinates.end(), axis.begin(), axis.end());
    }
    std::vector<int> corners, complete;
    for (int node = 0; node < shape.nodes(); ++node) {
      complete.push_back(grid.is_complete(shape, node) ? 1 : 0);
      if (complete.back() != 0) {
        corners.push_back(node);
      }
    }
    x = upload<Vector<const double, P>>(exec, "rvfit::GridAxes::x", coordinates);
    row = upload<Vector<const int, P>>(exec, "rvfit::GridAxes::row", grid.row);
    cells = upload<Vector<const int, P>>(exec, "rvfit::GridAxes::cells", corners);
    is_complete = upload<Vector<const int, P>>(exec, "rvfit::GridAxes::is_complete", complete);
  }

  [[nodiscard]] KOKKOS_FUNCTION const double* axis(int j) const { return &x(first[j]); }

  [[nodiscard]] KOKKOS_FUNCTION GridPoint locate(const double* theta) const {
    GridPoint point;
    for (int j = 0; j < shape.axes; ++j) {
      const auto input = scaling(j, theta[j]);
      const double* nodes = axis(j);
      int low = 0;
      for (int high = shape.size[j] - 1; high - low > 1;) {
        const int middle = (low + high) / 2;
        (input.value >= nodes[middle] ? low : high) = middle;
      }
      point.index[j] = low;
      point.x[j] = input.value;
      point.slope[j] = input.slope;
      point.node += low * shape.stride[j];
    }
    return point;
  }

  /// Whether a point is in a complete cell. NaN is: it is not for the penalty to judge.
  [[nodiscard]] KOKKOS_FUNCTION bool is_inside(const GridPoint& point) const {
    double excess[max_grid_axes];
    return is_complete(point.node) != 0 && !(cell_distance2(point, point.node, excess) > 0.0);
  }

  /// Squared distance of a point from a cell, and its parts e_j / range_j, signed.
  KOKKOS_FUNCTION double cell_distance2(const GridPoint& point, int cell, double* excess) const {
    double sum = 0.0;
    for (int j = 0; j < shape.axes; ++j) {
      const double* lower = axis(j) + shape.index(cell, j);
      const double below = point.x[j] - lower[0], above = point.x[j] - lower[1];
      excess[j] = (below < 0.0 ? below : above > 0.0 ? above : 0.0) / range[j];
      sum += excess[j] * excess[j];
    }
    return sum;
  }

  /// The same from a node.
  KOKKOS_FUNCTION double node_distance2(const GridPoint& point, int node, double* excess) const {
    double sum = 0.0;
    for (int j = 0; j < shape.axes; ++j) {
      excess[j] = (point.x[j] - axis(j)[shape.index(node, j)]) / range[j];
      sum += excess[j] * excess[j];
    }
    return sum;
  }

  /// The complete cell nearest to a point.
  [[nodiscard]] KOKKOS_FUNCTION int nearest_cell(const GridPoint& point) const {
    if (is_complete(point.node) != 0) {
      return point.node;
    }
    double excess[max_grid_axes];
    int nearest = cells(0);
    double least = cell_distance2(point, nearest, excess);
    for (int n = 1; n < static_cast<int>(cells.extent(0)); ++n) {
      const double distance = cell_distance2(point, cells(n), excess);
      if (distance < least) {
        least = distance;
        nearest = cells(n);
      }
    }
    return nearest;
  }

  /// The node with a template nearest to a point.
  [[nodiscard]] KOKKOS_FUNCTION int nearest_node(const GridPoint& point) const {
    double excess[max_grid_axes];
    int nearest = -1;
    double least = 0.0;
    for (int node = 0; node < static_cast<int>(row.extent(0)); ++node) {
      if (row(node) >= 0) {
        const double distance = node_distance2(point, node, excess);
        if (nearest < 0 || distance < least) {
          least = distance;
          nearest = node;
        }
      }
    }
    return nearest;
  }
};

/// The domain of one arm with a grid.
template <ExecutionPolicy P>
struct GridDomain {
  GridAxes<P> axes;
  bool nearest_node = false;  ///< rvspecfit's penalty

  /// Add the penalty to `value`, and its derivatives to `gradient` (labels) and `hessian` (row
  /// stride `stride`) unless they are null.
  KOKKOS_FUNCTION void add_penalty(const double* theta, double weight, double& value,
                                   double* gradient, double* hessian, int stride) const {
    const GridPoint point = axes.locate(theta);
    if (axes.is_inside(point)) {
      return;
    }
    double e[max_grid_axes];
    // Either weight d^2, or weight d: with its derivatives with respect to d^2 to first order.
    double factor = weight;
    if (nearest_node) {
      const double d = Kokkos::sqrt(axes.node_distance2(point, axes.nearest_node(point), e));
      value += weight * d;
      factor = d > 0.0 ? 0.5 * weight / d : 0.0;
    } else {
      value += weight * axes.cell_distance2(point, axes.nearest_cell(point), e);
    }
    if (gradient == nullptr) {
      return;
    }
    for (int j = 0; j < axes.shape.axes; ++j) {
      const double slope = point.slope[j] / axes.range[j];
      gradient[j] += 2.0 * factor * e[j] * slope;
      // A curvature that is never negative: that of a quadratic that touches the penalty.
      hessian[j * stride + j] += e[j] != 0.0 ? 2.0 * factor * slope * slope : 0.0;
    }
  }
};

}  // namespace rvfit
