// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Numbers by their bits: whether they are finite, which is larger. Those of numbers that are not negative are in the
/// order of the numbers.
///
/// Arrays are chosen from by all bits or none rather than by branches. Compilers turn such loops into vectors; they leave
/// alone what depends on several comparisons of floating-point numbers, of which each may raise a flag.

#include <Kokkos_Core.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace rvfit {

template <std::floating_point T>
using NumberBits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <std::floating_point T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION NumberBits<T> number_bits(T value) {
  return Kokkos::bit_cast<NumberBits<T>>(value);
}

/// The bits of |value|.
template <std::floating_point T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION NumberBits<T> magnitude_bits(T value) {
  return number_bits(value) & (~NumberBits<T>(0) >> 1);
}

/// All bits, or none.
template <std::floating_point T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION NumberBits<T> all_bits_if(bool is) {
  return NumberBits<T>(0) - NumberBits<T>(is ? 1 : 0);
}

/// A number where there are all bits, 0 where there are none.
template <std::floating_point T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION T only_if(NumberBits<T> bits, T value) {
  return Kokkos::bit_cast<T>(bits & number_bits(value));
}

/// All bits for a number that is neither NaN nor infinite.
template <std::floating_point T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION NumberBits<T> all_bits_if_finite(T value) {
  constexpr T infinity = Kokkos::Experimental::infinity_v<T>;
  return all_bits_if<T>(magnitude_bits(value) < number_bits(infinity));
}

/// All bits for a number that is positive and finite.
template <std::floating_point T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION NumberBits<T> all_bits_if_positive(T value) {
  constexpr T infinity = Kokkos::Experimental::infinity_v<T>;
  // The difference is the largest number of 0, and one with the highest bit of negative ones.
  return all_bits_if<T>(number_bits(value) - 1 < number_bits(infinity) - 1);
}

/// A pixel that is to be fitted has all bits, as far as its numbers say. A mask of 0 or less masks nothing.
template <std::floating_point T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION NumberBits<T> all_bits_if_good(T flux, T ivar,
                                                                    std::int32_t mask) {
  return all_bits_if_positive(ivar) & all_bits_if_finite(flux) & all_bits_if<T>(mask <= 0);
}

}  // namespace rvfit
