// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// C = A B for row-major matrices with many rows: Eigen's kernel on hosts, our own on devices.
///
/// Both give every row of C the same bits whatever the other rows are and however many there are:
/// columns are cut at fixed places, and rows come in groups of `gemm_row_group`.

#include <rvfit/core/views.hpp>
#include <rvfit/linalg/detail/host_gemm.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// A row-major matrix in memory.
template <class T>
struct MatrixRef {
  T* data = nullptr;
  int rows = 0;
  int columns = 0;
  std::ptrdiff_t stride = 0;  ///< elements between the starts of two rows

  [[nodiscard]] KOKKOS_FUNCTION T* row(int i) const { return data + i * stride; }
};

/// Rows of A and C must be a multiple of this (pad, and ignore what the padding computes).
inline constexpr int gemm_row_group = 4;

namespace detail {

inline constexpr int gemm_block_columns = 512;

/// Cut of a product into blocks of whole row groups and fixed columns; one host thread a block.
struct GemmBlocks {
  int rows = 0;
  int columns = 0;
  int block_rows = 64;

  [[nodiscard]] KOKKOS_FUNCTION int row_blocks() const {
    return (rows + block_rows - 1) / block_rows;
  }
  [[nodiscard]] KOKKOS_FUNCTION int column_blocks() const {
    return (columns + gemm_block_columns - 1) / gemm_block_columns;
  }
  [[nodiscard]] KOKKOS_FUNCTION int count() const { return row_blocks() * column_blocks(); }
};

/// Host: block n of C by Eigen, then `epilogue(c, row, rows, column, columns)` while it is in
/// cache.
template <class T, class Epilogue>
struct HostGemm {
  MatrixRef<const T> a, b;
  MatrixRef<T> c;
  GemmBlocks blocks;
  Epilogue epilogue;

  void operator()(int n) const {
    // Neighbouring blocks share columns of B, the larger matrix.
    const int row = n % blocks.row_blocks() * blocks.block_rows;
    const int column = n / blocks.row_blocks() * gemm_block_columns;
    const int rows = Kokkos::min(blocks.block_rows, c.rows - row);
    const int columns = Kokkos::min(gemm_block_columns, c.columns - column);
    host_gemm(a.row(row), a.stride, b.data + column, b.stride, c.row(row) + column, c.stride, rows,
              a.columns, columns, false);
    epilogue(c, row, rows, column, columns);
  }
};

/// Device: one thread computes eight rows of one column, so that each element of B serves eight
/// products; neighbouring threads take neighbouring columns.
template <class T>
struct DeviceGemm {
  static constexpr int rows_per_thread = 8;
  MatrixRef<const T> a, b;
  MatrixRef<T> c;

  KOKKOS_FUNCTION void operator()(int group, int j) const {
    const int row = group * rows_per_thread;
    const int rows = Kokkos::min(int{rows_per_thread}, c.rows - row);
    T sum[rows_per_thread] = {};
    for (int k = 0; k < a.columns; ++k) {
      const T b_kj = b.row(k)[j];
      for (int r = 0; r < rows_per_thread; ++r) {
        sum[r] += a.row(row + Kokkos::min(r, rows - 1))[k] * b_kj;
      }
    }
    for (int r = 0; r < rows; ++r) {
      c.row(row + r)[j] = sum[r];
    }
  }
};

/// The portable product, also on hosts: what devices run, and what tests compare Eigen with.
template <ExecutionPolicy P, class T>
void device_gemm(const typename P::execution_space& exec, const std::string& label,
                 MatrixRef<const T> a, MatrixRef<const T> b, MatrixRef<T> c) {
  using Range = typename P::template grid_policy<2>;
  using Kernel = DeviceGemm<T>;
  const int groups = (c.rows + Kernel::rows_per_thread - 1) / Kernel::rows_per_thread;
  Kokkos::parallel_for(label, Range(exec, {0, 0}, {groups, c.columns}), Kernel{a, b, c});
}

/// Host product with an epilogue a block, `block_rows` rows at a time.
template <ExecutionPolicy P, class T, class Epilogue>
void host_gemm_blocks(const typename P::execution_space& exec, const std::string& label,
                      MatrixRef<const T> a, MatrixRef<const T> b, MatrixRef<T> c, int block_rows,
                      Epilogue epilogue) {
  const GemmBlocks blocks{c.rows, c.columns, block_rows};
  Kokkos::parallel_for(
      label,
      Kokkos::RangePolicy<typename P::execution_space, Kokkos::Schedule<Kokkos::Dynamic>,
                          Kokkos::IndexType<int>>(exec, 0, blocks.count(), Kokkos::ChunkSize(1)),
      HostGemm<T, Epilogue>{a, b, c, blocks, epilogue});
}

}  // namespace detail
}  // namespace rvfit
