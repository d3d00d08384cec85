// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Bits of the numbers of a pack, of which its elementary functions are made.

#include <rvfit/core/pack.hpp>

#include <Kokkos_BitManipulation.hpp>
#include <Kokkos_Core.hpp>

#include <type_traits>

namespace rvfit::detail {

/// The bits of each number as an integer.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<BitsOf<sizeof(T)>, W> bits_of(const Pack<T, W>& x) {
  using Integer = Pack<BitsOf<sizeof(T)>, W>;
#if RVFIT_VECTOR_TYPES
  return Integer::of((typename Integer::Register)x.v);
#else
  Integer out;
  for (int w = 0; w < W; ++w) {
    out.v[w] = Kokkos::bit_cast<BitsOf<sizeof(T)>>(x.v[w]);
  }
  return out;
#endif
}
/// The numbers of which these are the bits.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> from_bits(
    const Pack<BitsOf<sizeof(T)>, W>& x) {
#if RVFIT_VECTOR_TYPES
  return Pack<T, W>::of((typename Pack<T, W>::Register)x.v);
#else
  Pack<T, W> out;
  for (int w = 0; w < W; ++w) {
    out.v[w] = Kokkos::bit_cast<T>(x.v[w]);
  }
  return out;
#endif
}
/// Shift the bits of each integer. A shift to the right keeps the sign.
template <class Bits, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<Bits, W> shift_left(const Pack<Bits, W>& x,
                                                                   int bits) {
#if RVFIT_VECTOR_TYPES
  return Pack<Bits, W>::of(x.v << bits);
#else
  Pack<Bits, W> out;
  for (int w = 0; w < W; ++w) {
    out.v[w] = static_cast<Bits>(static_cast<std::make_unsigned_t<Bits>>(x.v[w]) << bits);
  }
  return out;
#endif
}
template <class Bits, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<Bits, W> shift_right(const Pack<Bits, W>& x,
                                                                    int bits) {
#if RVFIT_VECTOR_TYPES
  return Pack<Bits, W>::of(x.v >> bits);
#else
  Pack<Bits, W> out;
  for (int w = 0; w < W; ++w) {
    out.v[w] = x.v[w] >> bits;
  }
  return out;
#endif
}

/// Format of a floating-point number, and constants of argument reduction. `rounder` is 1.5 * 2^mantissa: the
/// sum of a number and it is rounded to an integer, which its low bits hold. `ln2_high` has so few bits that
/// its product with an exponent is exact; ln2_high + ln2_low is ln 2.
template <class T>
struct Format {
  static constexpr bool single = sizeof(T) == 4;
  static constexpr int mantissa = single ? 23 : 52;
  static constexpr int bias = single ? 127 : 1023;
  static constexpr T rounder = single ? T(12582912.0) : T(6755399441055744.0);
  static constexpr T ln2_high = single ? T(0.693359375) : T(6.93147180369123816490e-01);
  static constexpr T ln2_low = single ? T(-2.12194440054690583e-4) : T(1.90821492927058770002e-10);
};

/// c[0] + c[1] x + .. by Horner's rule.
template <class T, int W, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> polynomial(const Pack<T, W>& x,
                                                                const double (&c)[N]) {
  Pack<T, W> sum(static_cast<T>(c[N - 1]));
  for (int k = N - 2; k >= 0; --k) {
    sum = sum * x + static_cast<T>(c[k]);
  }
  return sum;
}

}  // namespace rvfit::detail
