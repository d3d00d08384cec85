// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// C = A B for row-major matrices with many rows: Eigen's kernel on hosts, our own on devices
/// (detail/device_gemm.hpp), or there the vendor's where the build has found it (detail/vendor_gemm.hpp).
///
/// The first two give every row of C the same bits whatever the other rows are and however many there are:
/// columns are cut at fixed places, and rows come in groups of `gemm_row_group`.

#include <rvfit/linalg/detail/device_gemm.hpp>
#include <rvfit/linalg/detail/host_gemm.hpp>
#include <rvfit/linalg/detail/vendor_gemm.hpp>
#include <rvfit/linalg/matrix_ref.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

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

/// What devices run: C = A B, row t * lanes + l of A and C being lane l of entry t.
template <ExecutionPolicy P, class T>
void product_on_device(const typename P::execution_space& exec, const std::string& label,
                       MatrixRef<const T> a, MatrixRef<const T> b, MatrixRef<T> c, int lanes,
                       const RowsInUse<P>& in_use) {
  if constexpr (VendorBlas<typename P::execution_space>::available) {
    vendor_gemm(exec, label, a, b, c, lanes);
  } else {
    device_gemm<P>(exec, label, a, b, c, in_use);
  }
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
