// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Arguments of products: matrices in memory, and the number of rows in use.

#include <rvfit/core/tile.hpp>

#include <Kokkos_Core.hpp>

#include <cstddef>

namespace rvfit {

/// Rows of a product must be a multiple of this. Callers pad, and ignore the rows of the padding.
inline constexpr int gemm_row_group = 4;

/// A row-major matrix in memory.
template <class T>
struct MatrixRef {
  T* data = nullptr;
  int rows = 0;
  int columns = 0;
  std::ptrdiff_t stride = 0;  ///< elements between the starts of two rows

  [[nodiscard]] KOKKOS_FUNCTION T* row(int i) const { return data + i * stride; }
};

/// Rows that a product must compute: L for each entry of a tile up to the end of its list, whose length
/// only the device knows. Made of nothing it stands for all rows. The other rows may hold anything.
template <ExecutionPolicy P>
struct RowsInUse {
  Scalar<const int, P> count;  ///< length of the list
  int begin = 0;
  int lanes = 1;

  RowsInUse() = default;
  RowsInUse(const Tile<P>& tile, int rows_of_entry)
      : count(tile.count), begin(tile.begin), lanes(rows_of_entry) {}

  [[nodiscard]] KOKKOS_FUNCTION int operator()(int rows) const {
    return count.data() == nullptr ? rows : Kokkos::min(rows, (count() - begin) * lanes);
  }
};

}  // namespace rvfit
