// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Memory of a projection on nodes (node_projection.hpp).

#include <rvfit/continuum/continuum_nodes.hpp>
#include <rvfit/continuum/detail/projection_scratch.hpp>
#include <rvfit/core/pack.hpp>

#include <cstddef>

namespace rvfit::detail {

/// Numbers of type T that the kernel handles abreast: as many as fit a register, 8 at most.
template <class T>
inline constexpr int node_width =
    native_pack_size<T> < block_nodes ? native_pack_size<T> : block_nodes;

/// Scratch of one spectrum.
template <ExecutionPolicy P>
struct NodeScratch {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  static constexpr int wide = native_pack_size<Real>;  ///< accumulators of a product of tangents
  static constexpr int narrow = node_width<Accum>;     ///< accumulators of a slope

  Accum* nodes;     ///< (groups, 2, nodes)  m and q; then C and h
  Accum* pixels;    ///< (2, node_group)     s and q; C and h
  Accum* u;         ///< (node_group)
  Accum* normal;    ///< NormalSums
  Accum* residual;  ///< ResidualSums
  Accum* overlap;   ///< (P, K)  S B^T
  Accum* slopes;    ///< (P, narrow)
  Accum* products;  ///< (P (P + 1) / 2, wide)
  Accum* L;         ///< (K, K)
  Accum* c;         ///< (K)
  Accum* rho;       ///< (K)
  Accum* inverse;   ///< (K)  1 / L_kk, 0 of dropped columns
  Real* weights;    ///< (node_group)  w of the last group
  Real* scale;      ///< (2, node_group)  w C, w T
  Real* tangents;   ///< (2, P, node_group)  B, B w T
  Real* spread;     ///< (groups, P, nodes)  g

  [[nodiscard]] static std::size_t accums(int pixels, int columns, int tangents) {
    const int all = node_groups(pixels) * group_nodes(block_lengths.back());
    const int count = 2 * all + 3 * node_group + NormalSums{columns}.count() +
                      ResidualSums{columns, tangents}.count() + tangents * columns +
                      tangents * narrow + tangents * (tangents + 1) / 2 * wide +
                      columns * (columns + 3) + 8 * block_nodes;
    const int whole_registers = count / block_nodes * block_nodes;
    return static_cast<std::size_t>(whole_registers);
  }
  [[nodiscard]] static std::size_t reals(int pixels, int tangents) {
    const int all = node_groups(pixels) * group_nodes(block_lengths.back());
    const int count = (3 + 2 * tangents) * node_group + tangents * all;
    return static_cast<std::size_t>(count);
  }
  [[nodiscard]] static int bytes(int pixels, int columns, int tangents) {
    return static_cast<int>(accums(pixels, columns, tangents) * sizeof(Accum) +
                            reals(pixels, tangents) * sizeof(Real)) +
           64;
  }

  NodeScratch(const typename P::member_type& member, int level, int spectrum_pixels, int columns,
              int tangents_in_use) {
    const std::size_t doubles = accums(spectrum_pixels, columns, tangents_in_use);
    auto* memory = static_cast<Accum*>(member.team_scratch(level).get_shmem_aligned(
        doubles * sizeof(Accum) + reals(spectrum_pixels, tangents_in_use) * sizeof(Real), 64));
    Accum* next = memory;
    const auto take = [&](int count) {
      Accum* const taken = next;
      next += (count + block_nodes - 1) / block_nodes * block_nodes;
      return taken;
    };
    nodes = take(2 * node_groups(spectrum_pixels) * group_nodes(block_lengths.back()));
    pixels = take(2 * node_group);
    u = take(node_group);
    slopes = take(tangents_in_use * narrow);
    products = take(tangents_in_use * (tangents_in_use + 1) / 2 * wide);
    normal = take(NormalSums{columns}.count());
    residual = take(ResidualSums{columns, tangents_in_use}.count());
    overlap = take(tangents_in_use * columns);
    L = next;
    c = L + columns * columns;
    rho = c + columns;
    inverse = rho + columns;
    static_assert(alignof(Accum) % alignof(Real) == 0);
    weights = reinterpret_cast<Real*>(memory + doubles);
    scale = weights + node_group;
    tangents = scale + 2 * node_group;
    spread = tangents + 2 * tangents_in_use * node_group;
  }
};

}  // namespace rvfit::detail
