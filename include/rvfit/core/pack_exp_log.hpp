// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// exp and ln of packs, as arithmetic on whole registers (Cody and Waite, Software Manual for the Elementary
/// Functions, 1980: argument reduction). No element depends on another.

#include <rvfit/core/detail/pack_bits.hpp>
#include <rvfit/core/pack.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// exp(x): x = n ln 2 + r with |r| <= ln 2 / 2, the Taylor series of exp(r), then n added to the
/// exponent. The error is below 2 ulp; results that are no normal
/// numbers are 0 or infinity.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> exp(const Pack<T, W>& x) {
  using V = Pack<T, W>;
  using F = detail::Format<T>;
  constexpr double factorial[] = {1.0,
                                  1.0,
                                  1.0 / 2,
                                  1.0 / 6,
                                  1.0 / 24,
                                  1.0 / 120,
                                  1.0 / 720,
                                  1.0 / 5040,
                                  1.0 / 40320,
                                  1.0 / 362880,
                                  1.0 / 3628800,
                                  1.0 / 39916800,
                                  1.0 / 479001600,
                                  1.0 / 6227020800.0};
  constexpr double short_factorial[] = {1.0,      1.0,       1.0 / 2,   1.0 / 6,
                                        1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040};
  constexpr T low = F::single ? T(-87.3) : T(-708.3);
  constexpr T high = F::single ? T(88.7) : T(709.7);
  const auto below = x < V(low);
  const auto above = x > V(high);
  const V clamped = select(below, V(low), select(above, V(high), x));
  const V shifted = clamped * T(1.4426950408889634074) + F::rounder;
  const V n = shifted - F::rounder;
  const V r = (clamped - n * F::ln2_high) - n * F::ln2_low;
  V series;
  if constexpr (F::single) {
    series = detail::polynomial(r, short_factorial);
  } else {
    series = detail::polynomial(r, factorial);
  }
  const auto exponent = detail::shift_left(detail::bits_of(shifted), F::mantissa);
  const V result = detail::from_bits<T>(detail::bits_of(series) + exponent);
  return select(below, V(0), select(above, V(Kokkos::Experimental::infinity_v<T>), result));
}

/// ln(x): x = 2^k m with m in [sqrt(1/2), sqrt(2)), ln m = 2 atanh((m - 1) / (m + 1)) by its series.
/// The error is below 2 ulp; the result is NaN below 0, -infinity at 0 and below the least normal number.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> log(const Pack<T, W>& x) {
  using V = Pack<T, W>;
  using F = detail::Format<T>;
  using Integer = Pack<detail::BitsOf<sizeof(T)>, W>;
  using Bits = detail::BitsOf<sizeof(T)>;
  // The bits of sqrt(1/2), subtracted so that the exponent's bits change there and not at powers of 2.
  constexpr Bits root = F::single ? Bits(0x3f3504f3) : static_cast<Bits>(0x3fe6a09e667f3bcdLL);
  const V infinity(Kokkos::Experimental::infinity_v<T>);
  const V least(Kokkos::Experimental::norm_min_v<T>);
  const auto normal = x >= least && x < infinity;
  const V safe = select(normal, x, V(1));
  const Integer offset = detail::bits_of(safe) - Integer(root);
  const Integer k = detail::shift_right(offset, F::mantissa);
  const V m = detail::from_bits<T>(detail::bits_of(safe) - detail::shift_left(k, F::mantissa));
  const V f = m - T(1);
  const V s = f / (m + T(1));
  const V z = s * s;
  constexpr double series[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11,
                               2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};
  constexpr double short_series[] = {2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9};
  V tail;
  if constexpr (F::single) {
    tail = detail::polynomial(z, short_series) * z;
  } else {
    tail = detail::polynomial(z, series) * z;
  }
  // 2 s = f - s f.
  const V exponent = pack_cast<V>(k);
  const V result = exponent * F::ln2_high + (f - (s * (f - tail) - exponent * F::ln2_low));
  const V nan(Kokkos::Experimental::quiet_NaN_v<T>);
  const V below = select(x < V(0), nan, -infinity);
  return select(normal, result, select(x < least, below, x));
}

}  // namespace rvfit
