// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Continuum columns on a few nodes. Columns change slowly from pixel to pixel: over a block of B pixels each of
/// them, and each product of two, is a polynomial of degree 7 through 8 Chebyshev nodes x_n,
///
///   P_ki = sum_n l_n(i) P_k(x_n),   P_ki P_ji = sum_n l_n(i) P_k(x_n) P_j(x_n),
///
/// so that sums over pixels become sums over nodes, of weights that are spread onto them once:
///
///   sum_i s_i P_ki P_ji = sum_n m_n P_k(x_n) P_j(x_n),   m_n = sum_i l_n(i) s_i
///
/// (docs/decisions/0022-the-continuum-lives-on-nodes.md). The longest block is taken whose polynomials meet the
/// columns, and their products, to the rounding of Real; spectra without one are left to sums over pixels.

#include <rvfit/core/views.hpp>
#include <rvfit/linalg/cholesky.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace rvfit {

namespace detail {

/// Nodes of a block, and pixels of a group of blocks, which kernels handle at once.
inline constexpr int block_nodes = 8;
inline constexpr int node_group = 256;

/// Lengths of blocks, the best first.
inline constexpr std::array<int, 3> block_lengths{64, 32, 16};

/// Error of polynomials, relative to the largest value of a column, that counts as rounding.
template <class Real>
inline constexpr double node_tolerance = sizeof(Real) == 4 ? 5e-7 : 1e-12;

/// Nodes of a group of blocks of this length.
[[nodiscard]] KOKKOS_INLINE_FUNCTION int group_nodes(int length) {
  return node_group / length * block_nodes;
}
[[nodiscard]] KOKKOS_INLINE_FUNCTION int node_groups(int pixels) {
  return (pixels + node_group - 1) / node_group;
}
/// First pixel of a group: the last one ends with the spectrum, and shares pixels with the one before.
[[nodiscard]] KOKKOS_INLINE_FUNCTION int group_begin(int group, int pixels) {
  return Kokkos::min(group * node_group, pixels - node_group);
}

/// l_n(i) of a block of `length` pixels, row-major (length, nodes).
[[nodiscard]] inline std::vector<double> lagrange_weights(int length) {
  std::array<double, block_nodes> node{}, barycentric{};
  for (int n = 0; n < block_nodes; ++n) {
    const double angle = (2 * n + 1) * std::acos(-1.0) / (2 * block_nodes);
    node[static_cast<std::size_t>(n)] = std::cos(angle);
    barycentric[static_cast<std::size_t>(n)] = (n % 2 == 0 ? 1.0 : -1.0) * std::sin(angle);
  }
  std::vector<double> weights;
  for (int i = 0; i < length; ++i) {
    const double x = (2.0 * i + 1.0) / length - 1.0;  // no node lies there
    double sum = 0.0;
    for (std::size_t n = 0; n < block_nodes; ++n) {
      weights.push_back(barycentric[n] / (x - node[n]));
      sum += weights.back();
    }
    for (std::size_t n = 0; n < block_nodes; ++n) {
      weights[weights.size() - block_nodes + n] /= sum;
    }
  }
  return weights;
}

/// The values at the nodes of the polynomial that is nearest to the values at the pixels, as a matrix
/// (nodes, length): (l^T l)^-1 l^T.
[[nodiscard]] inline std::vector<double> nearest_polynomial(const std::vector<double>& weights) {
  const std::size_t length = weights.size() / block_nodes;
  std::vector<double> normal(block_nodes * block_nodes);
  for (std::size_t n = 0; n < block_nodes; ++n) {
    for (std::size_t m = 0; m < block_nodes; ++m) {
      for (std::size_t i = 0; i < length; ++i) {
        normal[n * block_nodes + m] += weights[i * block_nodes + n] * weights[i * block_nodes + m];
      }
    }
  }
  cholesky_factor(normal.data(), block_nodes, block_nodes, 0.0);
  std::vector<double> matrix(weights.size());
  for (std::size_t i = 0; i < length; ++i) {
    std::array<double, block_nodes> column{};
    std::copy_n(weights.begin() + static_cast<std::ptrdiff_t>(i * block_nodes), block_nodes,
                column.begin());
    cholesky_solve(normal.data(), block_nodes, block_nodes, column.data());
    for (std::size_t n = 0; n < block_nodes; ++n) {
      matrix[n * length + i] = column[n];
    }
  }
  return matrix;
}

}  // namespace detail

/// Columns on nodes; made of nothing there are none.
template <ExecutionPolicy P>
struct ContinuumNodes {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  Vector<const int, P> length;  ///< (1 or B)  of the blocks of a row; 0: its columns have no nodes
  /// (1 or B, ..)  P_k(x_n) in rows of (groups, K, nodes of a group)
  Matrix<const Accum, P> columns;
  Cube<const Accum, P> spread;          ///< (lengths, pixels of a block, 8)  l_n(i)
  Cube<const Accum, P> gather;          ///< (lengths, 8, pixels of a block)  l_n(i)
  Cube<const Real, P> spread_tangents;  ///< as `spread`
  Jets<P> flat;                         ///< (1, 1, N)  a template of ones, for the continuum alone

  [[nodiscard]] KOKKOS_FUNCTION int row(int spectrum) const {
    return length.extent(0) == 1 ? 0 : spectrum;
  }
  [[nodiscard]] KOKKOS_FUNCTION int length_of(int spectrum) const { return length(row(spectrum)); }
};

namespace detail {

/// Find the nodes of each row of a basis.
template <ExecutionPolicy P>
struct FillNodes {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  Cube<const Real, P> basis;      ///< (rows, K, N)
  Cube<const Accum, P> spread;    ///< l_n(i)
  Cube<const double, P> nearest;  ///< (lengths, nodes, pixels of a block)
  Vector<int, P> length;
  Matrix<Accum, P> columns;

  KOKKOS_FUNCTION void operator()(int row) const {
    length(row) = 0;
    for (int way = 0; way < static_cast<int>(block_lengths.size()); ++way) {
      if (fill(row, way)) {
        length(row) = block_lengths[static_cast<std::size_t>(way)];
        return;
      }
    }
  }

 private:
  /// Nodes of blocks of one length; false if the polynomials do not meet the columns.
  [[nodiscard]] bool fill(int row, int way) const {
    const int block = block_lengths[static_cast<std::size_t>(way)];
    const auto pixels = static_cast<int>(basis.extent(2));
    const auto count = static_cast<int>(basis.extent(1));
    const int nodes = group_nodes(block);
    Accum largest[max_columns];
    for (int k = 0; k < count; ++k) {
      largest[k] = 0;
      for (int i = 0; i < pixels; ++i) {
        largest[k] = Kokkos::fmax(largest[k], Kokkos::fabs(Accum(basis(row, k, i))));
      }
    }
    for (int g = 0; g < node_groups(pixels); ++g) {
      for (int j = 0; j < node_group / block; ++j) {
        const int begin = group_begin(g, pixels) + j * block;
        Accum* at = &columns(row, g * count * nodes + j * block_nodes);
        for (int k = 0; k < count; ++k) {
          const Real* values = &basis(row, k, begin);
          for (int n = 0; n < block_nodes; ++n) {
            const double* nearest_row = &nearest(way, n, 0);
            double sum = 0.0;
            for (int i = 0; i < block; ++i) {
              sum += nearest_row[i] * static_cast<double>(values[i]);
            }
            at[k * nodes + n] = static_cast<Accum>(sum);
          }
        }
        if (!meets(row, way, begin, at, nodes, largest)) {
          return false;
        }
      }
    }
    return true;
  }

  /// Whether the polynomials of a block meet the columns and their products at some of its pixels.
  [[nodiscard]] bool meets(int row, int way, int begin, const Accum* at, int nodes,
                           const Accum* largest) const {
    const int block = block_lengths[static_cast<std::size_t>(way)];
    const auto count = static_cast<int>(basis.extent(1));
    for (int part = 0; part <= block_nodes; ++part) {
      const int i = Kokkos::min(part * block / block_nodes, block - 1);
      const Accum* l = &spread(way, i, 0);
      for (int k = 0; k < count; ++k) {
        const Accum value = basis(row, k, begin + i);
        for (int j = -1; j <= k; ++j) {  // -1: the column itself
          const Accum other = j < 0 ? Accum(1) : Accum(basis(row, j, begin + i));
          Accum sum = 0;
          for (int n = 0; n < block_nodes; ++n) {
            sum += l[n] * at[k * nodes + n] * (j < 0 ? Accum(1) : at[j * nodes + n]);
          }
          const Accum scale = largest[k] * (j < 0 ? Accum(1) : largest[j]);
          if (!(Kokkos::fabs(sum - value * other) <= node_tolerance<Real> * scale)) {
            return false;
          }
        }
      }
    }
    return true;
  }

  static constexpr int max_columns = 64;
};

}  // namespace detail

/// The nodes of a basis. Devices do without.
///
/// @param[in] exec   instance the work is enqueued on
/// @param[in] basis  (1 or B, K, N)  of `continuum_basis`
template <ExecutionPolicy P>
[[nodiscard]] ContinuumNodes<P> continuum_nodes(const typename P::execution_space& exec,
                                                const Cube<const typename P::real_type, P>& basis) {
  using Accum = typename P::accum_type;
  ContinuumNodes<P> out;
  const auto rows = static_cast<int>(basis.extent(0));
  const auto pixels = static_cast<int>(basis.extent(2));
  if (!P::on_host || pixels < detail::node_group) {
    return out;
  }
  if constexpr (P::on_host) {
    constexpr std::size_t lengths = detail::block_lengths.size();
    constexpr std::size_t nodes = detail::block_nodes, longest = detail::block_lengths.front();
    std::vector<double> spread(lengths * longest * nodes), gather(spread.size()),
        nearest(spread.size());
    for (std::size_t way = 0; way < lengths; ++way) {
      const auto weights = detail::lagrange_weights(detail::block_lengths[way]);
      const auto polynomial = detail::nearest_polynomial(weights);
      const std::size_t length = weights.size() / nodes;
      const std::size_t first = way * longest * nodes;
      for (std::size_t i = 0; i < length; ++i) {
        for (std::size_t n = 0; n < nodes; ++n) {
          spread[first + i * nodes + n] = weights[i * nodes + n];
          gather[first + n * longest + i] = weights[i * nodes + n];
          nearest[first + n * longest + i] = polynomial[n * length + i];
        }
      }
    }
    const auto cube = [&]<class T>(T, const char* label, const std::vector<double>& values,
                                   std::size_t n1, std::size_t n2) {
      return upload_cube<Cube<const T, P>>(exec, label, values, lengths, n1, n2);
    };
    out.spread = cube(Accum{}, "rvfit::ContinuumNodes::spread", spread, longest, nodes);
    out.gather = cube(Accum{}, "rvfit::ContinuumNodes::gather", gather, nodes, longest);
    out.spread_tangents = cube(typename P::real_type{}, "rvfit::ContinuumNodes::spread_tangents",
                               spread, longest, nodes);
    const int most = detail::group_nodes(detail::block_lengths.back());
    const auto columns = allocate<Matrix<Accum, P>>(
        exec, "rvfit::ContinuumNodes::columns", rows,
        detail::node_groups(pixels) * static_cast<int>(basis.extent(1)) * most);
    const auto length = allocate<Vector<int, P>>(exec, "rvfit::ContinuumNodes::length", rows);
    Kokkos::parallel_for("rvfit::continuum_nodes", typename P::range_policy(exec, 0, rows),
                         detail::FillNodes<P>{basis, out.spread,
                                              cube(double{}, "rvfit::ContinuumNodes::nearest",
                                                   nearest, nodes, longest),
                                              length, columns});
    out.length = length;
    out.columns = columns;
    out.flat = allocate_raw<Jets<P>>(exec, "rvfit::ContinuumNodes::flat", 1, 1, pixels);
    Kokkos::deep_copy(exec, out.flat, typename P::real_type(1));
  }
  return out;
}

}  // namespace rvfit
