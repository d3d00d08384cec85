// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Weights of templates in an interpolation on a grid, and of their tangents. With u_j the position
/// in the cell on axis j, v the corners of the cell and n the nodes about it,
///
///   linear   w_n = prod_j h(u_j),                        h the hat function of node n on axis j
///   cubic    w_n = sum_v sum_S prod_{j not in S} H_{v_j}(u_j) [n_j = v_j]
///                              prod_{j in S} K_{v_j}(u_j) D_{v,j}(n_j)
///
/// with Hermite's cubics H for values and K for derivatives, D_{v,j} the difference that stands for
/// the derivative at corner v (grid_slopes.hpp) and S the sets of axes whose mixed derivative v has.
/// On a grid without holes this is a product of one factor an axis.
///
/// A node without a template has the template of the nearest node that has one, and no derivatives:
/// outside the complete cells the template goes over into the nearest one, without a jump. Beyond
/// the ends of an axis it stays as at the end.

#include <rvfit/core/tile.hpp>
#include <rvfit/emulator/grid_axes.hpp>
#include <rvfit/emulator/grid_slopes.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit {

/// Templates that an entry of a tile is made of.
template <ExecutionPolicy P>
struct GridStencil {
  using Real = typename P::real_type;
  Vector<int, P> row;      ///< (T, nodes) template, or -1 for none
  Vector<Real, P> weight;  ///< (T, nodes, lanes)
  int nodes = 0;
  int lanes = 0;

  /// Nodes that an interpolation on a grid of so many axes can touch.
  [[nodiscard]] static int count(GridInterpolation interpolation, int axes) {
    return interpolation == GridInterpolation::linear ? 1 << axes : 1 << 2 * axes;
  }
};

namespace detail {

/// Value and derivative with respect to the label.
struct AxisJet {
  double value;
  double slope;
};

/// Factors of a product over the axes of a grid, and what comes of them.
struct ProductJet {
  double value = 1.0;
  double tangent[max_grid_axes] = {};

  KOKKOS_FUNCTION void times(int j, AxisJet factor) {
    for (int l = 0; l < j; ++l) {
      tangent[l] *= factor.value;
    }
    tangent[j] = value * factor.slope;
    value *= factor.value;
  }
};

/// One team an entry of a tile: its row numbers and weights.
template <ExecutionPolicy P>
struct FindStencil {
  using Real = typename P::real_type;
  Tile<P> tile;
  Matrix<const double, P> theta;
  GridAxes<P> axes;
  Vector<const int, P> row;  ///< (nodes) template, of the nearest node where there is none
  Vector<const std::uint32_t, P> code;
  Vector<const std::uint64_t, P> valid;
  Vector<const int, P> plain;
  GridInterpolation interpolation;
  bool nearest_node;
  GridStencil<P> out;

  /// One axis of a cell: position, and the cubics or straight lines of its two ends.
  struct CellAxis {
    AxisJet value[2];
    AxisJet slope[2];
  };

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    if (b < 0) {
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, out.nodes),
                           [&](int n) { out.row(t * out.nodes + n) = -1; });
      return;
    }
    const GridPoint point = axes.locate(&theta(b, 0));
    const bool take_nearest = nearest_node && !axes.is_inside(point);
    const int nearest = take_nearest ? axes.nearest_node(point) : -1;
    CellAxis cell[max_grid_axes];
    for (int j = 0; j < axes.shape.axes; ++j) {
      cell[j] = cell_axis(point, j);
    }
    const bool is_product = interpolation == GridInterpolation::linear || plain(point.node) != 0;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, out.nodes), [&](int n) {
      ProductJet sum;
      int node = n == 0 ? nearest : -1;
      if (!take_nearest) {
        node = is_product ? product(point, cell, n, sum) : hermite(point, cell, n, sum);
      }
      const int entry = t * out.nodes + n;
      out.row(entry) = node < 0 ? -1 : row(node);
      out.weight(entry * out.lanes) = static_cast<Real>(sum.value);
      for (int l = 1; l < out.lanes; ++l) {
        out.weight(entry * out.lanes + l) = static_cast<Real>(sum.tangent[l - 1]);
      }
    });
  }

 private:
  KOKKOS_FUNCTION CellAxis cell_axis(const GridPoint& point, int j) const {
    const double* lower = axes.axis(j) + point.index[j];
    const double h = lower[1] - lower[0];
    double u = (point.x[j] - lower[0]) / h;
    double s = point.slope[j];
    if (u < 0.0 || u > 1.0) {  // beyond the axis
      u = u < 0.0 ? 0.0 : 1.0;
      s = 0.0;
    }
    if (interpolation == GridInterpolation::linear) {
      return {{{1.0 - u, -s / h}, {u, s / h}}, {}};
    }
    const double v = 1.0 - u;
    return {{{(1.0 + 2.0 * u) * v * v, -6.0 * u * v * s / h},
             {u * u * (3.0 - 2.0 * u), 6.0 * u * v * s / h}},
            {{h * u * v * v, v * (1.0 - 3.0 * u) * s}, {-h * u * u * v, u * (3.0 * u - 2.0) * s}}};
  }

  /// Place of entry n of the stencil on axis j, from the lower end of the cell: 0 .. 1 or -1 .. 2.
  [[nodiscard]] KOKKOS_FUNCTION int place(int n, int j) const {
    return interpolation == GridInterpolation::linear ? n >> j & 1 : (n >> 2 * j & 3) - 1;
  }

  /// Node of entry n, or -1 beyond the grid.
  [[nodiscard]] KOKKOS_FUNCTION int node_of(const GridPoint& point, int n) const {
    int node = point.node;
    for (int j = 0; j < axes.shape.axes; ++j) {
      const int index = point.index[j] + place(n, j);
      if (index < 0 || index >= axes.shape.size[j]) {
        return -1;
      }
      node += place(n, j) * axes.shape.stride[j];
    }
    return node;
  }

  /// Weights where every axis has its own factor. @return the node, or -1
  KOKKOS_FUNCTION int product(const GridPoint& point, const CellAxis* cell, int n,
                              ProductJet& result) const {
    const int node = node_of(point, n);
    for (int j = 0; node >= 0 && j < axes.shape.axes; ++j) {
      const int at = place(n, j);
      AxisJet factor = at == 0 || at == 1 ? cell[j].value[at] : AxisJet{0.0, 0.0};
      if (interpolation == GridInterpolation::cubic) {
        for (int v = 0; v < 2; ++v) {
          const double weight =
              end_weight(point.node + v * axes.shape.stride[j], point.index[j] + v, j, v, at - v);
          factor.value += weight * cell[j].slope[v].value;
          factor.slope += weight * cell[j].slope[v].slope;
        }
      }
      result.times(j, factor);
    }
    return node;
  }

  /// D_{v,j} of the node at `offset` from corner v. From beyond it, a difference over two neighbours
  /// would leave the stencil; only the straight line to the nearer one is taken there.
  [[nodiscard]] KOKKOS_FUNCTION double end_weight(int node, int index, int j, int end,
                                                  int offset) const {
    std::uint32_t bits = Difference::code(code(node), j);
    if (bits == Difference::to_next_two && end == 1) {
      bits = Difference::to_next;
    }
    if (bits == Difference::to_last_two && end == 0) {
      bits = Difference::to_last;
    }
    return difference_weight(axes.axis(j) + index, difference(bits), offset);
  }

  /// Weights near holes: the sum over corners and sets. @return the node, or -1
  KOKKOS_FUNCTION int hermite(const GridPoint& point, const CellAxis* cell, int n,
                              ProductJet& result) const {
    const int count = axes.shape.axes;
    const int node = node_of(point, n);
    result.value = 0.0;
    for (int corner = 0; node >= 0 && corner < 1 << count; ++corner) {
      const int v = axes.shape.corner(point.node, corner);
      double weight[max_grid_axes];
      int elsewhere = 0;  // axes on which n is not at the corner
      bool reaches = true;
      for (int j = 0; reaches && j < count; ++j) {
        const int end = corner >> j & 1;
        const int offset = place(n, j) - end;
        weight[j] = end_weight(v, point.index[j] + end, j, end, offset);
        elsewhere |= (offset != 0 ? 1 : 0) << j;
        reaches = offset == 0 || weight[j] != 0.0;
      }
      const std::uint64_t sets = valid(v);
      for (int set = 0; reaches && set < 1 << count; ++set) {
        if ((set & elsewhere) != elsewhere || (sets >> set & 1U) == 0) {
          continue;
        }
        ProductJet term;
        for (int j = 0; j < count; ++j) {
          const int end = corner >> j & 1;
          AxisJet factor = cell[j].value[end];
          if ((set >> j & 1) != 0) {
            factor = {weight[j] * cell[j].slope[end].value, weight[j] * cell[j].slope[end].slope};
          }
          term.times(j, factor);
        }
        result.value += term.value;
        for (int j = 0; j < count; ++j) {
          result.tangent[j] += term.tangent[j];
        }
      }
    }
    return node;
  }
};

}  // namespace detail
}  // namespace rvfit
