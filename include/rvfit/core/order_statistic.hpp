// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Order statistics without sorting and without memory.

#include <Kokkos_Core.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace rvfit {

/// The element of rank `rank` (0 the smallest) of non-negative numbers, which `count_up_to` counts.
///
/// The bits of non-negative numbers are in the order of the numbers, so halving on the bits ends at the element itself, after
/// as many passes as a number has bits. All threads of a team may call it together, if all get the same counts.
///
/// @param[in] count_up_to  (limit) -> number of elements that are not above `limit`
/// @return                 infinity where there are not that many
template <std::floating_point T, class CountUpTo>
[[nodiscard]] KOKKOS_INLINE_FUNCTION T order_statistic(int rank, const CountUpTo& count_up_to) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  static_assert(sizeof(T) == sizeof(Bits));
  constexpr T infinity =
      Kokkos::Experimental::infinity_v<T>;  // devices have no address of the other
  Bits low = 0, high = Kokkos::bit_cast<Bits>(infinity);
  while (low < high) {
    const Bits middle = low + (high - low) / 2;
    if (count_up_to(Kokkos::bit_cast<T>(middle)) > rank) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return Kokkos::bit_cast<T>(low);
}

}  // namespace rvfit
