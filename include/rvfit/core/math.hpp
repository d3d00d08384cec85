// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// exp without branches or calls, so that loops over pixels become vector code on CPUs.

#include <Kokkos_BitManipulation.hpp>
#include <Kokkos_Core.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

#if defined(__FAST_MATH__)
#error "rvfit needs IEEE arithmetic: compile without -ffast-math"
#endif

namespace rvfit::detail {

/// exp(x): x = n ln 2 + r with |r| <= ln 2 / 2, the Taylor series of exp(r), then n added to the
/// exponent. The error is below 3 ulp. Arguments are clamped to the range of normal results (|x| <= 87 in
/// float, 708 in double). NaN stays NaN.
template <std::floating_point T>
KOKKOS_INLINE_FUNCTION T exp(T x) {
  constexpr bool single = sizeof(T) == 4;
  using Bits = std::conditional_t<single, std::uint32_t, std::uint64_t>;
  constexpr int mantissa_bits = single ? 23 : 52;
  constexpr T limit = single ? T(87) : T(708);
  // 1.5 * 2^mantissa_bits: adding it rounds to an integer, which its low bits then hold.
  constexpr T rounder = single ? T(12582912.0) : T(6755399441055744.0);
  constexpr T log2_e = T(1.4426950408889634074);
  constexpr T ln2_high = single ? T(0.693359375) : T(6.93147180369123816490e-01);
  constexpr T ln2_low = single ? T(-2.12194440054690583e-4) : T(1.90821492927058770002e-10);
  constexpr int degree = single ? 7 : 13;

  x = x > limit ? limit : x;
  x = x < -limit ? -limit : x;
  const T shifted = x * log2_e + rounder;
  const T n = shifted - rounder;
  const T r = (x - n * ln2_high) - n * ln2_low;
  T series = T(1);
  for (int k = degree; k > 0; --k) {
    series = T(1) + series * r * (T(1) / T(k));
  }
  const Bits exponent = Kokkos::bit_cast<Bits>(shifted) << mantissa_bits;
  const T result =
      Kokkos::bit_cast<T>(static_cast<Bits>(Kokkos::bit_cast<Bits>(series) + exponent));
  return x == x ? result : x;
}

}  // namespace rvfit::detail
