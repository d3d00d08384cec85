// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Correlation of many rows with a few vectors at a range of shifts,
///
///   c(t, m, s) = sum_j a(t, j) v(m, j + s),   or added to c,
///
/// is a product with the Hankel matrix (j, s) -> v(m, j + s) for each m. The matrix stays in place: its rows
/// overlap in memory, one element apart. cuBLAS and rocBLAS want rows that do not overlap, so devices use
/// the product of device_gemm.hpp.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>
#include <rvfit/linalg/gemm.hpp>

namespace rvfit {

namespace detail {

/// Host: one thread correlates a block of rows with one vector.
template <class T>
struct HostCorrelation {
  static constexpr int block_rows = rows_in_registers;
  MatrixRef<const T> a, v;
  MatrixRef<T> c;
  int shifts;
  bool accumulate;

  [[nodiscard]] int row_blocks() const { return (a.rows + block_rows - 1) / block_rows; }

  void operator()(int n) const {
    // Neighbouring blocks share rows of a.
    const int row = n / v.rows * block_rows;
    const int m = n % v.rows;
    multiply_columns(a.row(row), a.stride, v.row(m), 1, c.row(row) + m * shifts, c.stride,
                     Kokkos::min(int{block_rows}, a.rows - row), a.columns, shifts, accumulate);
  }
};

/// The correlation of devices. It runs on hosts, too, where tests compare it with the other.
template <ExecutionPolicy P, class T>
void device_correlate(const typename P::execution_space& exec, MatrixRef<const T> a,
                      MatrixRef<const T> v, int shifts, MatrixRef<T> c, bool accumulate) {
  // A scan has some 75 shifts: a block of 80 columns in float leaves few elements to nothing, one of 128 two fifths.
  using Gemm = TiledGemm<P, T, P::on_host ? 1 : 16, P::on_host ? 2 : 10>;
  const Gemm kernel{a,
                    {v.data, a.columns, shifts, 1},
                    {c.data, c.rows, shifts, c.stride},
                    v.rows,
                    v.stride,
                    shifts,
                    accumulate,
                    {}};
  Kokkos::parallel_for("rvfit::correlate", kernel.make_policy(exec), kernel);
}

}  // namespace detail

/// Set c, or add to it, as above.
///
/// @param[in]     exec        instance the work is enqueued on; the call does not fence
/// @param[in]     a           (T, J)               T a multiple of gemm_row_group
/// @param[in]     v           (M, >= J + shifts - 1)
/// @param[in]     shifts      number of shifts, from 0
/// @param[in,out] c           (T, M * shifts)
/// @param[in]     accumulate  add to c instead of setting it
/// @throws InvalidArgument  extents differ
template <ExecutionPolicy P, class T>
void correlate(const typename P::execution_space& exec, MatrixRef<const T> a, MatrixRef<const T> v,
               int shifts, MatrixRef<T> c, bool accumulate) {
  RVFIT_REQUIRE(v.columns >= a.columns + shifts - 1, "correlate: v has ", v.columns, " columns, ",
                a.columns + shifts - 1, " wanted");
  RVFIT_REQUIRE(c.rows == a.rows && c.columns == v.rows * shifts, "correlate: c is ", c.rows, " x ",
                c.columns, ", ", a.rows, " x ", v.rows * shifts, " wanted");
  RVFIT_REQUIRE(a.rows % gemm_row_group == 0, "correlate: ", a.rows, " rows, not a multiple of ",
                gemm_row_group);
  if constexpr (P::on_host) {
    const detail::HostCorrelation<T> kernel{a, v, c, shifts, accumulate};
    Kokkos::parallel_for(
        "rvfit::correlate",
        Kokkos::RangePolicy<typename P::execution_space, Kokkos::Schedule<Kokkos::Dynamic>,
                            Kokkos::IndexType<int>>(exec, 0, kernel.row_blocks() * v.rows,
                                                    Kokkos::ChunkSize(1)),
        kernel);
  } else {
    detail::device_correlate<P>(exec, a, v, shifts, c, accumulate);
  }
}

}  // namespace rvfit
