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
#include <type_traits>
#include <vector>

namespace rvfit {

namespace detail {

/// One team an entry of the tile and block of pixels; all entries of a block follow each other, while
/// its columns of the templates are in cache.
template <ExecutionPolicy P, int Lanes>
struct InterpolateTemplates {
  using Real = typename P::real_type;
  GridStencil<P> stencil;
  Matrix<const float, P> templates;
  bool exponential;
  int entries;
  MatrixRef<Real> out;

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank() % entries;
    const int first = member.league_rank() / entries * pixel_block;
    constexpr int abreast = P::pixels_abreast;
    for_each_group<P>(member, [&](int begin) {
      const int pixel = first + begin;
      if (pixel + abreast <= out.columns) {
        interpolate(t, pixel, std::integral_constant<int, abreast>{});
      } else if (pixel < out.columns) {
        interpolate(t, pixel, out.columns - pixel);
      }
    });
  }

 private:
  /// @tparam Width  a number, or one known to the compiler, so that sums stay in registers
  template <class Width>
  KOKKOS_FUNCTION void interpolate(int t, int pixel, Width width) const {
    Real sum[Lanes][P::pixels_abreast] = {};
    for (int n = t * stencil.nodes; n < (t + 1) * stencil.nodes; ++n) {
      const int row = stencil.row(n);
      if (row < 0) {
        continue;
      }
      const float* values = &templates(row, pixel);
      const Real* weight = &stencil.weight(n * Lanes);
      for (int l = 0; l < Lanes; ++l) {
        for (int i = 0; i < width; ++i) {
          sum[l][i] += weight[l] * static_cast<Real>(values[i]);
        }
      }
    }
    for (int i = 0; exponential && i < width; ++i) {
      sum[0][i] = detail::exp(sum[0][i]);
      for (int l = 1; l < Lanes; ++l) {
        sum[l][i] *= sum[0][i];
      }
    }
    for (int l = 0; l < Lanes; ++l) {
      Real* target = out.row(t * Lanes + l) + pixel;
      for (int i = 0; i < width; ++i) {
        target[i] = sum[l][i];
      }
    }
  }
};

/// Templates on the device. Where the host sees its memory the source writes there; else rows come
/// through a buffer of a few MiB.
template <ExecutionPolicy P>
[[nodiscard]] Matrix<const float, P> upload_templates(const typename P::execution_space& exec,
                                                      const GridData& grid, int pixels) {
  const auto columns = static_cast<std::size_t>(pixels);
  const auto out = allocate_raw<Matrix<float, P>>(exec, "rvfit::GridLibrary::templates",
                                                  grid.templates, columns);
  if constexpr (P::on_host) {
    exec.fence("rvfit::GridLibrary: templates are allocated");
    grid.read(0, grid.templates, out.data());
  } else {
    constexpr std::size_t buffer = std::size_t{16} << 20U;  // [bytes]
    const std::size_t rows =
        std::clamp(buffer / (columns * sizeof(float)), std::size_t{1}, grid.templates);
    const Kokkos::View<float**, Kokkos::LayoutRight, Kokkos::HostSpace> host(
        Kokkos::view_alloc(Kokkos::WithoutInitializing, "rvfit::GridLibrary::rows"), rows, columns);
    for (std::size_t first = 0; first < grid.templates; first += rows) {
      const std::size_t count = std::min(rows, grid.templates - first);
      grid.read(first, count, host.data());
      Kokkos::deep_copy(
          exec,
          Kokkos::subview(out, Kokkos::pair<std::size_t, std::size_t>(first, first + count),
                          Kokkos::ALL),
          Kokkos::subview(host, Kokkos::pair<std::size_t, std::size_t>(0, count), Kokkos::ALL));
      exec.fence("rvfit::GridLibrary: buffer is free");
    }
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
              bool nearest_node)
      : axes_(exec, arm.label_grid, upload_scaling<P>(exec, arm.inputs)),
        interpolation_(interpolation),
        nearest_node_(nearest_node),
        exponential_(arm.exponential_output) {
    const GridData& grid = arm.label_grid;
    row_ =
        upload<Vector<const int, P>>(exec, "rvfit::GridLibrary::row", detail::nearest_rows(grid));
    if (interpolation == GridInterpolation::cubic) {
      const detail::GridSlopes slopes(grid);
      code_ = upload<Vector<const std::uint32_t, P>>(exec, "rvfit::GridLibrary::code", slopes.code);
      valid_ =
          upload<Vector<const std::uint64_t, P>>(exec, "rvfit::GridLibrary::valid", slopes.valid);
      plain_ = upload<Vector<const int, P>>(exec, "rvfit::GridLibrary::plain", slopes.plain);
    }
    templates_ = detail::upload_templates<P>(exec, grid, arm.grid.size);
  }

  [[nodiscard]] int labels() const { return axes_.shape.axes; }
  [[nodiscard]] int pixels() const { return static_cast<int>(templates_.extent(1)); }
  [[nodiscard]] GridDomain<P> domain() const { return {axes_, nearest_node_}; }

  /// Templates that one star can touch.
  [[nodiscard]] int stencil_nodes() const {
    return GridStencil<P>::count(interpolation_, labels());
  }

  struct Workspace {
    Vector<int, P> row;
    Vector<Real, P> weight;

    /// @param[in] rows   spectra of a tile times lanes
    /// @param[in] nodes  the largest `GridLibrary::stencil_nodes` it serves, 0 for none
    Workspace(const Exec& exec, std::size_t rows, int nodes) {
      const std::size_t size = rows * static_cast<std::size_t>(nodes);
      row = allocate_raw<Vector<int, P>>(exec, "rvfit::GridLibrary::Workspace::row", size);
      weight = allocate_raw<Vector<Real, P>>(exec, "rvfit::GridLibrary::Workspace::weight", size);
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
                int lanes, MatrixRef<Real> out, const Workspace& workspace) const {
    RVFIT_REQUIRE(out.rows == tile.size * lanes && out.columns == pixels(), "GridLibrary: out is ",
                  out.rows, " x ", out.columns, ", wanted ", tile.size * lanes, " x ", pixels());
    const GridStencil<P> stencil{workspace.row, workspace.weight, stencil_nodes(), lanes};
    Kokkos::parallel_for("rvfit::GridLibrary::stencil",
                         typename P::team_policy(exec, tile.size, Kokkos::AUTO),
                         detail::FindStencil<P>{tile, theta, axes_, row_, code_, valid_, plain_,
                                                interpolation_, nearest_node_, stencil});
    interpolate<1>(exec, tile.size, stencil, out);
  }

 private:
  /// Launch with the number of lanes known to the compiler.
  template <int Lanes>
  void interpolate(const Exec& exec, int entries, const GridStencil<P>& stencil,
                   MatrixRef<Real> out) const {
    if (stencil.lanes == Lanes) {
      const int blocks = (out.columns + pixel_block - 1) / pixel_block;
      Kokkos::parallel_for(
          "rvfit::GridLibrary::interpolate",
          typename P::team_policy(exec, blocks * entries, Kokkos::AUTO),
          detail::InterpolateTemplates<P, Lanes>{stencil, templates_, exponential_, entries, out});
    } else if constexpr (Lanes <= max_grid_axes) {
      interpolate<Lanes + 1>(exec, entries, stencil, out);
    }
  }

  GridAxes<P> axes_;
  GridInterpolation interpolation_;
  bool nearest_node_;
  bool exponential_;
  Vector<const int, P> row_;  ///< (nodes) template, of the nearest node where there is none
  Vector<const std::uint32_t, P> code_;
  Vector<const std::uint64_t, P> valid_;
  Vector<const int, P> plain_;
  Matrix<const float, P> templates_;
};

}  // namespace rvfit
