// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Sums of a projection on nodes (node_projection.hpp), a few rows of either kind at a time.

#include <rvfit/continuum/detail/node_scratch.hpp>

#include <type_traits>

namespace rvfit::detail {

/// sum(i, j) = sum over all nodes of left(i) right(j), for I and J rows: left(i, g, n) and right(j, g, n) are
/// packs of the nodes from n on of group g.
template <int I, int J, class Pack, class Left, class Right, class Sum>
KOKKOS_FORCEINLINE_FUNCTION void sum_over_nodes(int groups, int nodes, const Left& left,
                                                const Right& right, const Sum& sum) {
  Pack part[I][J];
  for (int i = 0; i < I; ++i) {
    for (int j = 0; j < J; ++j) {
      part[i][j] = Pack(0);
    }
  }
  for (int g = 0; g < groups; ++g) {
    for (int n = 0; n < nodes; n += Pack::size) {
      Pack r[J];
      for (int j = 0; j < J; ++j) {
        r[j] = right(j, g, n);
      }
      for (int i = 0; i < I; ++i) {
        const Pack l = left(i, g, n);
        for (int j = 0; j < J; ++j) {
          part[i][j] += l * r[j];
        }
      }
    }
  }
  for (int i = 0; i < I; ++i) {
    for (int j = 0; j < J; ++j) {
      PackValue<Pack> whole = 0;
      for (int w = 0; w < Pack::size; ++w) {
        whole += part[i][j][w];
      }
      sum(i, j, whole);
    }
  }
}

/// Call body(first, count) for groups of at most three rows, count a compile-time number.
template <class Body>
KOKKOS_FORCEINLINE_FUNCTION void for_each_three(int rows, const Body& body) {
  using std::integral_constant;
  int first = 0;
  for (; first + 3 <= rows; first += 3) {
    body(first, integral_constant<int, 3>{});
  }
  if (rows - first == 2) {
    body(first, integral_constant<int, 2>{});
  } else if (rows - first == 1) {
    body(first, integral_constant<int, 1>{});
  }
}

/// A group's part of B B^T for rows from `first` and `second` on.
template <int I, int J, class Real, class Accum>
void multiply_tangents(const Real* B, int first, int second, Accum* products) {
  using Wide = Pack<Real, native_pack_size<Real>>;
  Wide part[I][J];
  for (int i = 0; i < I; ++i) {
    for (int j = 0; j < J; ++j) {
      part[i][j] = Wide(0);
    }
  }
  for (int n = 0; n < node_group; n += Wide::size) {
    Wide right[J];
    for (int j = 0; j < J; ++j) {
      right[j] = load<Wide>(B + (second + j) * node_group + n);
    }
    for (int i = 0; i < I; ++i) {
      const auto left = load<Wide>(B + (first + i) * node_group + n);
      for (int j = 0; j < J; ++j) {
        part[i][j] += left * right[j];
      }
    }
  }
  for (int i = 0; i < I; ++i) {
    for (int j = 0; j < J; ++j) {
      if (second + j > first + i) {
        continue;
      }
      Real few[Wide::size];
      store(part[i][j], few);
      Accum* to = products + NormalSums::product(first + i, second + j) * Wide::size;
      for (int w = 0; w < Wide::size; ++w) {
        to[w] += few[w];
      }
    }
  }
}

}  // namespace rvfit::detail
