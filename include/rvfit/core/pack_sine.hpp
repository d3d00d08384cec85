// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// sin and cos of packs, as arithmetic on whole registers. Arguments too large for it go through the functions
/// of Kokkos, one by one. No element depends on another.

#include <rvfit/core/detail/pack_bits.hpp>
#include <rvfit/core/pack.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

namespace detail {

/// sin(x + quarter pi / 2): x = n pi / 2 + r with |r| <= pi / 4, and the series of sin and cos at r.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> sine(const Pack<T, W>& x, int quarter) {
  using V = Pack<T, W>;
  using F = Format<T>;
  using Bits = BitsOf<sizeof(T)>;
  using Integer = Pack<Bits, W>;
  // pi / 2 in three parts, of which the first two times n are exact for |n| below 2^20 (2^8 in float).
  constexpr T part[3] = {F::single ? T(1.5703125) : T(1.5707963267341256),
                         F::single ? T(4.83751296997070312e-4) : T(6.0771005063039660e-11),
                         F::single ? T(7.54978995489188e-8) : T(2.0222662487959506e-21)};
  const V limit(F::single ? T(400) : T(1.6e6));
  const V shifted = x * T(0.63661977236758134308) + F::rounder;
  const V n = shifted - F::rounder;
  const V r = ((x - n * part[0]) - n * part[1]) - n * part[2];
  const V z = r * r;
  constexpr double odd[] = {-1.0 / 6,
                            1.0 / 120,
                            -1.0 / 5040,
                            1.0 / 362880,
                            -1.0 / 39916800,
                            1.0 / 6227020800.0,
                            -1.0 / 1307674368000.0,
                            1.0 / 355687428096000.0};
  constexpr double even[] = {
      -1.0 / 2,       1.0 / 24,        -1.0 / 720,           1.0 / 40320,
      -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200.0, 1.0 / 20922789888000.0};
  const V sin_r = r + r * (z * polynomial(z, odd));
  const V cos_r = T(1) + z * polynomial(z, even);
  const Integer turn = bits_of(shifted) + Integer(quarter);
  const Integer last = turn - shift_left(shift_right(turn, 2), 2);
  const auto use_cos = last == Integer(1) || last == Integer(3);
  const auto negative = last > Integer(1);
  const V size = select(use_cos, cos_r, sin_r);
  const V result = select(negative, -size, size);
  const auto far = !(abs_of(x) < limit);
  if (none(far)) {
    return result;
  }
  V exact = result;
  for (int w = 0; w < W; ++w) {
    if (far[w]) {
      exact.set(w, quarter == 0 ? Kokkos::sin(x[w]) : Kokkos::cos(x[w]));
    }
  }
  return exact;
}

}  // namespace detail

/// sin(x). The error is below 2 ulp of 1.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> sin(const Pack<T, W>& x) {
  return detail::sine(x, 0);
}
/// cos(x). The error is below 2 ulp of 1.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> cos(const Pack<T, W>& x) {
  return detail::sine(x, 1);
}

}  // namespace rvfit
