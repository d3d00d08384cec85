// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Products of a few rows with a panel of columns, in vector registers, on the calling thread of a host.
///
/// Every element of a product is one chain of additions over the inner index, wherever its row and its
/// column lie: a row has the same bits in any company.

#include <rvfit/core/pack.hpp>

#include <cstddef>
#include <type_traits>

namespace rvfit::detail {

/// Vector registers of the processor. The sums take most of them.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr int host_registers = 32;
#else
inline constexpr int host_registers = 16;
#endif

/// Rows whose sums are in registers at once, and registers of a row.
inline constexpr int rows_in_registers = host_registers == 32 ? 8 : 4;
inline constexpr int registers_abreast = 3;

/// Columns of a panel.
template <class T>
inline constexpr int panel_columns = registers_abreast* native_pack_size<T>;

/// Elements of a cache line: 64 bytes on all processors this is run on.
template <class T>
inline constexpr int cache_line = 64 / static_cast<int>(sizeof(T));

/// Ask for the cache line of `address`, which need not be valid.
inline void prefetch(const void* address) {
#if RVFIT_VECTOR_TYPES
  __builtin_prefetch(address);
#else
  static_cast<void>(address);
#endif
}

/// Ask for the cache lines of `Count` elements from `address` on, which will be written.
template <int Count, class T>
void prefetch_for_writing(const T* address) {
#if RVFIT_VECTOR_TYPES
  for (int j = 0; j < Count; j += cache_line<T>) {
    __builtin_prefetch(address + j, 1, 2);
  }
  __builtin_prefetch(address + Count - 1, 1, 2);
#else
  static_cast<void>(address);
#endif
}

/// C = A B for Rows rows and Registers * W columns, of which those before `end` are stored.
/// @param[in] ahead  from each row of B to the cache line to prefetch with it, in elements
template <int Rows, int Registers, int W, class T>
void multiply_in_registers(const T* a, std::ptrdiff_t a_stride, const T* b, std::ptrdiff_t b_stride,
                           T* c, std::ptrdiff_t c_stride, int inner, int end,
                           std::ptrdiff_t ahead) {
  using Abreast = Pack<T, W>;
  Abreast sum[Rows][Registers];
  for (int r = 0; r < Rows; ++r) {
    // A store that finds its line elsewhere keeps those behind it waiting, for longer than a product of rows takes.
    prefetch_for_writing<Registers * W>(c + r * c_stride);
    for (int n = 0; n < Registers; ++n) {
      sum[r][n] = Abreast(0);
    }
  }
  for (int k = 0; k < inner; ++k, b += b_stride) {
    prefetch(b + ahead);
    Abreast row[Registers];
    for (int n = 0; n < Registers; ++n) {
      row[n] = load<Abreast>(b + n * W);
    }
    for (int r = 0; r < Rows; ++r) {
      const Abreast element(a[r * a_stride + k]);
      for (int n = 0; n < Registers; ++n) {
        sum[r][n] += element * row[n];
      }
    }
  }
  for (int r = 0; r < Rows; ++r) {
    T* to = c + r * c_stride;
    if (end == Registers * W) {
      for (int n = 0; n < Registers; ++n) {
        store(sum[r][n], to + n * W);
      }
      continue;
    }
    T values[Registers * W];
    for (int n = 0; n < Registers; ++n) {
      store(sum[r][n], values + n * W);
    }
    for (int j = 0; j < end; ++j) {
      to[j] = values[j];
    }
  }
}

/// The same for any number of rows that is a multiple of 4.
/// @param[in] next  distance from B to the panel that is multiplied next, in elements; 0 if it is B again. It is
///                  prefetched while the first rows are multiplied
template <int Registers, int W, class T>
void multiply_rows(const T* a, std::ptrdiff_t a_stride, const T* b, std::ptrdiff_t b_stride, T* c,
                   std::ptrdiff_t c_stride, int rows, int inner, int end, std::ptrdiff_t next = 0) {
  std::ptrdiff_t line = 0;  // of each row of B; each group of rows of A prefetches one
  const auto multiply = [&](auto group, int row) {
    const bool asks = next != 0 && line < Registers * W;
    multiply_in_registers<decltype(group)::value, Registers, W>(
        a + row * a_stride, a_stride, b, b_stride, c + row * c_stride, c_stride, inner, end,
        asks ? next + line : 0);
    line += cache_line<T>;
  };
  int row = 0;
  for (; row + rows_in_registers <= rows; row += rows_in_registers) {
    multiply(std::integral_constant<int, rows_in_registers>{}, row);
  }
  if (row < rows) {  // 4 rows are left, where groups are larger
    multiply(std::integral_constant<int, 4>{}, row);
  }
}

}  // namespace rvfit::detail
