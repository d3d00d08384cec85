// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Sums over pixels by a team. Pixels come in blocks of `pixel_block`, held as rows in team scratch. Every sum has its own
/// accumulators, kept by one thread through all blocks: no reduction across threads, so that the
/// order of additions, and with it the result, never depends on how many there are.

#include <rvfit/core/policy.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Pixels of a block.
inline constexpr int pixel_block = 128;

/// Accumulators of one sum: a vector register on CPUs, one number on GPUs.
template <ExecutionPolicy P>
inline constexpr int sum_lanes = P::on_host ? 8 : 1;

/// sum[0 .. sum_lanes) += a . b over one block, lane by lane.
template <ExecutionPolicy P, class A, class B>
KOKKOS_INLINE_FUNCTION void accumulate_dot(const A* a, const B* b, typename P::accum_type* sum) {
  using Accum = typename P::accum_type;
  // Four chains of additions hide the latency of each.
  constexpr int unrolled = 4 * sum_lanes<P>;
  constexpr int quarter = sum_lanes<P>;
  Accum part[unrolled] = {};
  for (int i = 0; i < pixel_block; i += unrolled) {
    for (int w = 0; w < unrolled; ++w) {
      part[w] += static_cast<Accum>(a[i + w]) * static_cast<Accum>(b[i + w]);
    }
  }
  for (int w = 0; w < quarter; ++w) {
    sum[w] += (part[w] + part[w + quarter]) + (part[w + 2 * quarter] + part[w + 3 * quarter]);
  }
}

/// Total of one sum's accumulators.
template <ExecutionPolicy P>
[[nodiscard]] KOKKOS_INLINE_FUNCTION typename P::accum_type total(
    const typename P::accum_type* sum) {
  typename P::accum_type result = 0;
  for (int w = 0; w < sum_lanes<P>; ++w) {
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
