// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A cubic interpolation on a grid takes its derivatives at a node on each axis by the parabola
/// through the node and its neighbours, three in a row; by the straight line to the only neighbour;
/// or not at all where there is none. A mixed derivative is the product of such differences; one
/// that would touch a node without a template is taken as zero. What a node's derivatives are does
/// not depend on the cell that asks: so the interpolation is continuous with its first derivatives.

#include <rvfit/emulator/grid_data.hpp>

#include <Kokkos_Core.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rvfit::detail {

/// The neighbours that a difference uses, as offsets first .. last of the node on its axis.
struct Difference {
  int first;
  int last;

  enum Code : std::uint32_t { none, centred, to_next, to_next_two, to_last, to_last_two };
  static constexpr std::uint32_t code_bits = 3;

  /// The code of axis j in the codes of all.
  [[nodiscard]] static KOKKOS_FUNCTION std::uint32_t code(std::uint32_t codes, int j) {
    return codes >> (code_bits * static_cast<std::uint32_t>(j)) & 7U;
  }
};

[[nodiscard]] KOKKOS_INLINE_FUNCTION Difference difference(std::uint32_t code) {
  switch (code) {
    case Difference::centred:
      return {-1, 1};
    case Difference::to_next:
      return {0, 1};
    case Difference::to_next_two:
      return {0, 2};
    case Difference::to_last:
      return {-1, 0};
    case Difference::to_last_two:
      return {-2, 0};
    default:
      return {0, 0};
  }
}

/// Weight of the node at `offset` in the derivative at x[0] of the polynomial through the nodes of a
/// difference. Zero for others.
[[nodiscard]] KOKKOS_INLINE_FUNCTION double difference_weight(const double* x, Difference d,
                                                              int offset) {
  if (offset < d.first || offset > d.last || d.first == d.last) {
    return 0.0;
  }
  double weight = offset == 0 ? 0.0 : 1.0 / (x[offset] - x[0]);
  for (int m = d.first; m <= d.last; ++m) {
    if (m != 0 && m != offset) {
      weight =
          offset == 0 ? weight + 1.0 / (x[0] - x[m]) : weight * (x[0] - x[m]) / (x[offset] - x[m]);
    }
  }
  return weight;
}

/// Differences of every node: host side.
struct GridSlopes {
  std::vector<std::uint32_t> code;   ///< the Difference::Code of each axis
  std::vector<std::uint64_t> valid;  ///< bit S: the mixed derivative along the axes of set S
  std::vector<int> plain;  ///< 1 where the cell above the node is as on a grid without holes

  explicit GridSlopes(const GridData& grid) : shape_(grid.shape()), grid_(grid) {
    for (int node = 0; node < shape_.nodes(); ++node) {
      code.push_back(0);
      for (int j = 0; has(node) && j < shape_.axes; ++j) {
        code.back() |= axis_code(node, j, false)
                       << (Difference::code_bits * static_cast<std::uint32_t>(j));
      }
      valid.push_back(has(node) ? valid_sets(node) : 1U);
    }
    std::vector<bool> whole(code.size());
    for (int node = 0; node < shape_.nodes(); ++node) {
      whole[static_cast<std::size_t>(node)] = is_whole(node);
    }
    for (int node = 0; node < shape_.nodes(); ++node) {
      bool all = grid.is_complete(shape_, node);
      for (int corner = 0; all && corner < 1 << shape_.axes; ++corner) {
        all = whole[static_cast<std::size_t>(shape_.corner(node, corner))];
      }
      plain.push_back(all ? 1 : 0);
    }
  }

 private:
  [[nodiscard]] bool has(int node) const { return grid_.row[static_cast<std::size_t>(node)] >= 0; }

  /// Whether there is a node `offset` steps along an axis, with a template unless `any` will do.
  [[nodiscard]] bool has(int node, int j, int offset, bool any) const {
    const int index = shape_.index(node, j) + offset;
    return index >= 0 && index < shape_.size[j] && (any || has(node + offset * shape_.stride[j]));
  }

  [[nodiscard]] std::uint32_t axis_code(int node, int j, bool any) const {
    const bool below = has(node, j, -1, any), above = has(node, j, 1, any);
    if (below && above) {
      return Difference::centred;
    }
    if (above) {
      return has(node, j, 2, any) ? Difference::to_next_two : Difference::to_next;
    }
    if (below) {
      return has(node, j, -2, any) ? Difference::to_last_two : Difference::to_last;
    }
    return Difference::none;
  }

  /// A node whose differences are those of a grid without holes.
  [[nodiscard]] bool is_whole(int node) const {
    const auto n = static_cast<std::size_t>(node);
    const int sets = 1 << shape_.axes;
    if (!has(node) || valid[n] != ~std::uint64_t{0} >> (64 - sets)) {
      return false;
    }
    for (int j = 0; j < shape_.axes; ++j) {
      if (Difference::code(code[n], j) != axis_code(node, j, true)) {
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] std::uint64_t valid_sets(int node) const {
    std::uint64_t result = 0;
    for (int set = 0; set < 1 << shape_.axes; ++set) {
      result |= static_cast<std::uint64_t>(all_there(node, node, set, 0) ? 1 : 0) << set;
    }
    return result;
  }

  /// Whether all nodes that the differences of `node` along the axes j .. of a set lead to from
  /// `from` have templates.
  [[nodiscard]] bool all_there(int node, int from, int set, int j) const {
    if (j == shape_.axes) {
      return has(from);
    }
    if ((set >> j & 1) == 0) {
      return all_there(node, from, set, j + 1);
    }
    const auto bits = Difference::code(code[static_cast<std::size_t>(node)], j);
    const Difference d = difference(bits);
    bool there = bits != Difference::none;
    for (int offset = d.first; there && offset <= d.last; ++offset) {
      there = all_there(node, from + offset * shape_.stride[j], set, j + 1);
    }
    return there;
  }

  GridShape shape_;
  const GridData& grid_;
};

}  // namespace rvfit::detail
