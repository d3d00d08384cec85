// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// C = A B for row-major matrices with many rows: our own products on hosts (detail/host_gemm.hpp) and on
/// devices (detail/device_gemm.hpp), or there the vendor's where the build has found it
/// (detail/vendor_gemm.hpp).
///
/// Ours give every row of C the same bits whatever the other rows are and however many there are; rows
/// come in groups of `gemm_row_group`. On hosts B lies in panels, in the order in which products read it.

#include <rvfit/linalg/detail/device_gemm.hpp>
#include <rvfit/linalg/detail/host_gemm.hpp>
#include <rvfit/linalg/detail/vendor_gemm.hpp>
#include <rvfit/linalg/matrix_ref.hpp>

#include <Kokkos_Core.hpp>

#include <string>
#include <vector>

namespace rvfit {

/// Columns n of a panel of a matrix of `columns` columns. B(k, j) is at (j / n, k, j % n) of (panels, K, n);
/// the last panel is filled up with 0. On devices there is one panel.
template <ExecutionPolicy P>
[[nodiscard]] constexpr int panel_width(int columns) {
  return P::on_host ? detail::panel_columns<typename P::real_type> : columns;
}

/// Upload a row-major matrix (K, columns) as panels.
template <ExecutionPolicy P, class Container>
[[nodiscard]] Cube<const typename P::real_type, P> upload_panels(
    const typename P::execution_space& exec, const std::string& label, const Container& values,
    std::size_t columns, int width = 0) {
  const auto n =
      static_cast<std::size_t>(width > 0 ? width : panel_width<P>(static_cast<int>(columns)));
  const std::size_t inner = values.size() / columns;
  const std::size_t panels = (columns + n - 1) / n;
  std::vector<typename P::real_type> packed(panels * inner * n);
  for (std::size_t k = 0; k < inner; ++k) {
    for (std::size_t j = 0; j < columns; ++j) {
      packed[(j / n * inner + k) * n + j % n] =
          static_cast<typename P::real_type>(values[k * columns + j]);
    }
  }
  return upload_cube<Cube<const typename P::real_type, P>>(exec, label, packed, panels, inner, n);
}

namespace detail {

/// Host: one thread computes a panel of C for a block of rows, then calls
/// `epilogue(c, row, rows, column, columns)` while it is in cache. Of rows that are not in use it computes those
/// that fill up a group.
template <ExecutionPolicy P, class T, class Epilogue>
struct HostGemm {
  MatrixRef<const T> a;
  const T* panels;
  MatrixRef<T> c;
  int block_rows;
  Epilogue epilogue;
  RowsInUse<P> in_use;

  [[nodiscard]] int row_blocks() const { return (c.rows + block_rows - 1) / block_rows; }
  [[nodiscard]] int count() const {
    return row_blocks() * ((c.columns + panel_columns<T> - 1) / panel_columns<T>);
  }

  void operator()(int n) const {
    // Neighbouring blocks share a panel.
    const int row = n % row_blocks() * block_rows;
    const int panel = n / row_blocks();
    const int column = panel * panel_columns<T>;
    const int rows = Kokkos::min(block_rows, in_use(c.rows) - row);
    if (rows <= 0) {
      return;
    }
    const int padded = (rows + gemm_row_group - 1) / gemm_row_group * gemm_row_group;
    const int columns = Kokkos::min(panel_columns<T>, c.columns - column);
    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(a.columns) * panel_columns<T>;
    const bool more = row == 0 && column + columns < c.columns;
    multiply_rows<registers_abreast, native_pack_size<T>>(
        a.row(row), a.stride, panels + panel * size, panel_columns<T>, c.row(row) + column,
        c.stride, padded, a.columns, columns, more ? size : 0);
    epilogue(c, row, rows, column, columns);
  }
};

/// A product alone.
struct NoEpilogue {
  template <class T>
  void operator()(MatrixRef<T> /*c*/, int /*row*/, int /*rows*/, int /*column*/,
                  int /*columns*/) const {}
};

/// The product of devices: C = A B. Row t * lanes + l of A and C is lane l of entry t.
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

/// The product of hosts, `block_rows` rows at a time, each block followed by the epilogue of its rows in use.
template <ExecutionPolicy P, class T, class Epilogue>
void host_gemm(const typename P::execution_space& exec, const std::string& label,
               MatrixRef<const T> a, const Cube<const T, P>& panels, MatrixRef<T> c, int block_rows,
               Epilogue epilogue, const RowsInUse<P>& in_use = {}) {
  const HostGemm<P, T, Epilogue> kernel{a, panels.data(), c, block_rows, epilogue, in_use};
  Kokkos::parallel_for(
      label,
      Kokkos::RangePolicy<typename P::execution_space, Kokkos::Schedule<Kokkos::Dynamic>,
                          Kokkos::IndexType<int>>(exec, 0, kernel.count(), Kokkos::ChunkSize(1)),
      kernel);
}

}  // namespace detail
}  // namespace rvfit
