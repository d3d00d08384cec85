// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The grid library of one arm: template and its derivatives with respect to the labels, for a whole
/// tile at once, by interpolation of ln(template),
///
///   T_i = exp(sum_n w_n(theta) t_ni),   dT_i/dtheta_l = T_i sum_n dw_n/dtheta_l t_ni
///
/// or of the template itself. With multilinear weights and the nearest node's template outside it
/// agrees with rvspecfit's GridInterp.

#include <rvfit/core/math.hpp>
#include <rvfit/core/team.hpp>
#include <rvfit/core/tile.hpp>
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/emulator/grid_axes.hpp>
#include <rvfit/emulator/grid_stencil.hpp>
#include <rvfit/linalg/gemm.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rvfit {

namespace detail {

/// Templates on the device, cut into blocks of pixels: (blocks, templates, pixel_block). Nodes next to
/// each other on the last axis then lie together in what a team reads.
template <ExecutionPolicy P>
using TemplateBlocks = Cube<const float, P>;

/// One team an entry of the tile and block of pixels; all entries of a block follow each other, while
/// its templates are in cache.
template <ExecutionPolicy P, int Pack>
struct InterpolateTemplates {
  using Real = typename P::real_type;
  /// Pixels that a thread handles abreast: with few lanes more of them fit in registers.
  static constexpr int abreast = P::on_host && Pack == 1 ? pixel_block : P::pixels_abreast;
  GridStencil<P> stencil;
  TemplateBlocks<P> templates;
  bool exponential;
  int entries;
  MatrixRef<Real> out;

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank() % entries;
    const int block = member.league_rank() / entries;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, pixel_block / abreast),
                         [&](int group) { interpolate(t, block, group * abreast); });
  }

 private:
  KOKKOS_FUNCTION void interpolate(int t, int block, int first) const {
    Real sum[Pack][abreast] = {};
    for (int n = t * stencil.nodes; n < (t + 1) * stencil.nodes; ++n) {
      const int row = stencil.row(n);
      if (row < 0) {
        continue;
      }
      const float* values = &templates(block, row, first);
      const Real* weight = &stencil.weight(n * Pack);
      for (int l = 0; l < Pack; ++l) {
        for (int i = 0; i < abreast; ++i) {
          sum[l][i] += weight[l] * static_cast<Real>(values[i]);
        }
      }
    }
    for (int i = 0; exponential && i < abreast; ++i) {
      sum[0][i] = detail::exp(sum[0][i]);
      for (int l = 1; l < Pack; ++l) {
        sum[l][i] *= sum[0][i];
      }
    }
    const int pixel = block * pixel_block + first;
    for (int l = 0; l < Pack; ++l) {
      for (int i = 0; i < abreast && pixel + i < out.columns; ++i) {
        out.row(t * Pack + l)[pixel + i] = sum[l][i];
      }
    }
  }
};

/// Put rows of templates into their blocks; pixels past the end are zero.
template <ExecutionPolicy P>
struct CutIntoBlocks {
  Matrix<const float, P> rows;
  int first;  ///< template of row 0
  Cube<float, P> out;

  KOKKOS_FUNCTION void operator()(int row, int i) const {
    out(i / pixel_block, first + row, i % pixel_block) =
        i < static_cast<int>(rows.extent(1)) ? rows(row, i) : 0.0F;
  }
};

/// Read the templates, through a buffer of a few MiB.
template <ExecutionPolicy P>
[[nodiscard]] TemplateBlocks<P> upload_templates(const typename P::execution_space& exec,
                                                 const GridData& grid, int pixels) {
  constexpr std::size_t buffer = std::size_t{8} << 20U;  // [bytes]
  const auto columns = static_cast<std::size_t>(pixels);
  const int blocks = (pixels + pixel_block - 1) / pixel_block;
  const auto out = allocate_raw<Cube<float, P>>(exec, "rvfit::GridLibrary::templates", blocks,
                                                grid.templates, pixel_block);
  const std::size_t most =
      std::clamp(buffer / (columns * sizeof(float)), std::size_t{1}, grid.templates);
  const auto rows = allocate_raw<Matrix<float, P>>(exec, "rvfit::GridLibrary::rows", most, columns);
  const auto host = Kokkos::create_mirror_view(rows);
  for (std::size_t first = 0; first < grid.templates; first += most) {
    const std::size_t count = std::min(most, grid.templates - first);
    grid.read(first, count, host.data());
    Kokkos::deep_copy(exec, rows, host);
    Kokkos::parallel_for("rvfit::GridLibrary::cut",
                         typename P::template grid_policy<2>(
                             exec, {0, 0}, {static_cast<int>(count), blocks * pixel_block}),
                         CutIntoBlocks<P>{rows, static_cast<int>(first), out});
    exec.fence("rvfit::GridLibrary: rows are read");
  }
  return out;
}

/// Template of every node; of one without, that of the nearest in units of the axes' lengths.
[[nodiscard]] inline std::vector<int> nearest_rows(const GridData& grid) {
  const GridShape shape = grid.shape();
  const auto axes = static_cast<std::size_t>(shape.axes);
  std::vector<double> position;  // (nodes, axes)
  std::vector<int> with_template;
  for (int node = 0; node < shape.nodes(); ++node) {
    for (int j = 0; j < shape.axes; ++j) {
      const auto& axis = grid.axes[static_cast<std::size_t>(j)];
      position.push_back(grid.x(shape, node, j) / (axis.back() - axis.front()));
    }
    if (grid.row[static_cast<std::size_t>(node)] >= 0) {
      with_template.push_back(node);
    }
  }
  std::vector<int> rows(grid.row.begin(), grid.row.end());
  for (std::size_t node = 0; node < rows.size(); ++node) {
    double least = grid.row[node] < 0 ? HUGE_VAL : -1.0;
    for (const int other : with_template) {
      double distance = 0.0;
      for (std::size_t j = 0; j < axes && distance < least; ++j) {
        const double e =
            position[node * axes + j] - position[static_cast<std::size_t>(other) * axes + j];
        distance += e * e;
      }
      if (distance < least) {
        least = distance;
        rows[node] = grid.row[static_cast<std::size_t>(other)];
      }
    }
  }
  return rows;
}

}  // namespace detail

/// The templates of one arm on the device.
template <ExecutionPolicy P>
class GridLibrary {
 public:
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;

  /// Upload a grid; its templates are read now.
  /// @param[in] nearest_node  outside the complete cells take the nearest node's template, with a
  ///                          jump at the boundary, as rvspecfit does
  /// @throws InvalidArgument  see require_consistent; and what the source of templates throws
  GridLibrary(const Exec& exec, const ArmData& arm, GridInterpolation interpolation,
              bool nearest_node);

  [[nodiscard]] int labels() const { return axes_.shape.axes; }
  [[nodiscard]] int pixels() const { return pixels_; }
  [[nodiscard]] GridDomain<P> domain() const { return {axes_, nearest_node_}; }

  /// Templates that one star can touch.
  [[nodiscard]] int stencil_nodes() const {
    return GridStencil<P>::count(interpolation_, labels());
  }

  struct Workspace {
    Vector<int, P> row;
    Vector<Real, P> weight;

    /// @param[in] entries  spectra of a tile
    /// @param[in] lanes    the most of a call
    /// @param[in] nodes    the largest `GridLibrary::stencil_nodes` it serves, 0 for none
    Workspace(const Exec& exec, int entries, int lanes, int nodes) {
      const std::size_t size = static_cast<std::size_t>(entries) * static_cast<std::size_t>(nodes);
      row = allocate_raw<Vector<int, P>>(exec, "rvfit::GridLibrary::Workspace::row", size);
      weight = allocate_raw<Vector<Real, P>>(exec, "rvfit::GridLibrary::Workspace::weight",
                                             size * static_cast<std::size_t>(lanes));
    }
  };

  /// Templates of a tile.
  ///
  /// @param[in]  exec   instance the work is enqueued on; the call does not fence
  /// @param[in]  tile   T entries
  /// @param[in]  theta  (B, P >= labels)  labels first, in their own units
  /// @param[in]  lanes  1, or 1 + labels
  /// @param[out] out    (T, lanes, pixels)  rows contiguous          [template flux]
  void evaluate(const Exec& exec, const Tile<P>& tile, const Matrix<const double, P>& theta,
                int lanes, MatrixRef<Real> out, const Workspace& workspace) const;

 private:
  /// Launch with the number of lanes known to the compiler.
  template <int Pack>
  void interpolate(const Exec& exec, int entries, const GridStencil<P>& stencil,
                   MatrixRef<Real> out) const {
    if (stencil.lanes == Pack) {
      const auto blocks = static_cast<int>(templates_.extent(0));
      Kokkos::parallel_for(
          "rvfit::GridLibrary::interpolate", teams<P>(exec, blocks * entries),
          detail::InterpolateTemplates<P, Pack>{stencil, templates_, exponential_, entries, out});
    } else if constexpr (Pack <= max_grid_axes) {
      interpolate<Pack + 1>(exec, entries, stencil, out);
    }
  }

  GridAxes<P> axes_;
  GridInterpolation interpolation_;
  bool nearest_node_;
  bool exponential_;
  int pixels_;
  Vector<const int, P> row_;  ///< (nodes) template, of the nearest node where there is none
  Vector<const std::uint32_t, P> code_;
  Vector<const std::uint64_t, P> valid_;
  Vector<const int, P> plain_;
  detail::TemplateBlocks<P> templates_;
};

template <ExecutionPolicy P>
GridLibrary<P>::GridLibrary(const Exec& exec, const ArmData& arm, GridInterpolation interpolation,
                            bool nearest_node)
    : axes_(exec, arm.label_grid, upload_scaling<P>(exec, arm.inputs)),
      interpolation_(interpolation),
      nearest_node_(nearest_node),
      exponential_(arm.exponential_output),
      pixels_(arm.grid.size) {
  const GridData& grid = arm.label_grid;
  row_ = upload<Vector<const int, P>>(exec, "rvfit::GridLibrary::row", detail::nearest_rows(grid));
  if (interpolation == GridInterpolation::cubic) {
    const detail::GridSlopes slopes(grid);
    code_ = upload<Vector<const std::uint32_t, P>>(exec, "rvfit::GridLibrary::code", slopes.code);
    valid_ =
        upload<Vector<const std::uint64_t, P>>(exec, "rvfit::GridLibrary::valid", slopes.valid);
    plain_ = upload<Vector<const int, P>>(exec, "rvfit::GridLibrary::plain", slopes.plain);
  }
  templates_ = detail::upload_templates<P>(exec, grid, arm.grid.size);
}

template <ExecutionPolicy P>
void GridLibrary<P>::evaluate(const Exec& exec, const Tile<P>& tile,
                              const Matrix<const double, P>& theta, int lanes, MatrixRef<Real> out,
                              const Workspace& workspace) const {
  RVFIT_REQUIRE(out.rows == tile.size * lanes && out.columns == pixels(), "GridLibrary: out is ",
                out.rows, " x ", out.columns, ", wanted ", tile.size * lanes, " x ", pixels());
  const GridStencil<P> stencil{workspace.row, workspace.weight, stencil_nodes(), lanes};
  Kokkos::parallel_for("rvfit::GridLibrary::stencil", teams<P>(exec, tile.size),
                       detail::FindStencil<P>{tile, theta, axes_, row_, code_, valid_, plain_,
                                              interpolation_, nearest_node_, stencil});
  interpolate<1>(exec, tile.size, stencil, out);
}

}  // namespace rvfit
