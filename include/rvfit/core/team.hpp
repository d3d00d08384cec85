// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Sums over pixels by a team. Pixels come in blocks of `pixel_block`, held as rows in team scratch. Every
/// sum has accumulators of its own, kept by one thread through all blocks: no reduction crosses threads,
/// so that the order of additions, and with it the result, never depends on how many there are.

#include <rvfit/core/pack.hpp>
#include <rvfit/core/policy.hpp>

#include <Kokkos_Core.hpp>

#include <type_traits>

namespace rvfit {

/// Pixels of a block.
inline constexpr int pixel_block = 128;

/// Accumulators of one sum: a vector register on CPUs, one number on GPUs.
template <ExecutionPolicy P>
inline constexpr int sum_width = P::on_host ? native_pack_size<typename P::accum_type> : 1;

/// Rows of two kinds that one thread multiplies in all pairs at once: on CPUs as many as there are
/// registers for their sums, so that a row loaded serves several products.
template <ExecutionPolicy P>
inline constexpr int rows_abreast = P::on_host ? 3 : 1;

/// Distance of two rows in scratch. On GPUs neighbouring threads read neighbouring rows, which are
/// therefore one element out of step with the banks of the memory.
template <ExecutionPolicy P>
inline constexpr int row_stride = pixel_block + (P::on_host ? 0 : 1);

/// sum(i, j)[w] += sum over n = w, w + sum_width .. of a_i[n] b_j[n], for A rows of `a` and B of `b` of one block.
///
/// @param[in] sum  sum(i, j) points to the accumulators of that pair, or is null for a pair not wanted
template <ExecutionPolicy P, int A, int B, class SumOf>
KOKKOS_INLINE_FUNCTION void accumulate_dots(const typename P::accum_type* a,
                                            const typename P::accum_type* b, const SumOf& sum) {
  using Accum = typename P::accum_type;
  using Numbers = Pack<Accum, sum_width<P>>;
  Numbers part[A][B];
  for (int i = 0; i < A; ++i) {
    for (int j = 0; j < B; ++j) {
      part[i][j] = Numbers(0);
    }
  }
  for (int n = 0; n < pixel_block; n += sum_width<P>) {
    Numbers right[B];
    for (int j = 0; j < B; ++j) {
      right[j] = load<Numbers>(b + j * row_stride<P> + n);
    }
    for (int i = 0; i < A; ++i) {
      const auto left = load<Numbers>(a + i * row_stride<P> + n);
      for (int j = 0; j < B; ++j) {
        part[i][j] += left * right[j];
      }
    }
  }
  for (int i = 0; i < A; ++i) {
    for (int j = 0; j < B; ++j) {
      if (Accum* to = sum(i, j)) {
        for (int w = 0; w < sum_width<P>; ++w) {
          to[w] += part[i][j][w];
        }
      }
    }
  }
}

/// The same for numbers of rows that are known at run time, at most `rows_abreast` each.
template <ExecutionPolicy P, class SumOf>
KOKKOS_INLINE_FUNCTION void accumulate_dots(const typename P::accum_type* a, int rows_a,
                                            const typename P::accum_type* b, int rows_b,
                                            const SumOf& sum) {
  if constexpr (rows_abreast<P> == 1) {
    accumulate_dots<P, 1, 1>(a, b, sum);
  } else {
    const auto with = [&](auto count) {
      constexpr int few = decltype(count)::value;
      rows_b == 1   ? accumulate_dots<P, few, 1>(a, b, sum)
      : rows_b == 2 ? accumulate_dots<P, few, 2>(a, b, sum)
                    : accumulate_dots<P, few, 3>(a, b, sum);
    };
    rows_a == 1   ? with(std::integral_constant<int, 1>{})
    : rows_a == 2 ? with(std::integral_constant<int, 2>{})
                  : with(std::integral_constant<int, 3>{});
  }
}

/// Total of one sum's accumulators.
template <ExecutionPolicy P>
[[nodiscard]] KOKKOS_INLINE_FUNCTION typename P::accum_type total(
    const typename P::accum_type* sum) {
  typename P::accum_type result = 0;
  for (int w = 0; w < sum_width<P>; ++w) {
    result += sum[w];
  }
  return result;
}

/// Call `body(begin)` for every group of `P::pixels_abreast` pixels of a block.
template <ExecutionPolicy P, class Body>
KOKKOS_INLINE_FUNCTION void for_each_group(const typename P::member_type& member,
                                           const Body& body) {
  static_assert(pixel_block % P::pixels_abreast == 0);
  Kokkos::parallel_for(Kokkos::TeamThreadRange(member, pixel_block / P::pixels_abreast),
                       [&](int group) { body(group * P::pixels_abreast); });
}

}  // namespace rvfit
