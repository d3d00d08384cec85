// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Elementary functions of packs. exp, log, sin and cos are arithmetic on whole registers; the
/// others go element by element through the functions of Kokkos. What an element gets never depends on the others.

#include <rvfit/core/pack.hpp>

#include <Kokkos_BitManipulation.hpp>
#include <Kokkos_Core.hpp>

namespace rvfit {

namespace detail {

/// The bits of each number as an integer, back, and shifted.
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

/// The format of a floating-point number, and 1.5 * 2^mantissa: adding it rounds to an integer, which
/// the low bits of the sum then hold.
template <class T>
struct Format {
  static constexpr bool single = sizeof(T) == 4;
  static constexpr int mantissa = single ? 23 : 52;
  static constexpr int bias = single ? 127 : 1023;
  static constexpr T rounder = single ? T(12582912.0) : T(6755399441055744.0);
  static constexpr T ln2_high = single ? T(0.693359375) : T(6.93147180369123816490e-01);
  static constexpr T ln2_low = single ? T(-2.12194440054690583e-4) : T(1.90821492927058770002e-10);
};

/// c[0] + c[1] x + ... by Horner's rule.
template <class T, int W, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> polynomial(const Pack<T, W>& x,
                                                                const double (&c)[N]) {
  Pack<T, W> sum(static_cast<T>(c[N - 1]));
  for (int k = N - 2; k >= 0; --k) {
    sum = sum * x + static_cast<T>(c[k]);
  }
  return sum;
}

}  // namespace detail

/// |x|.
template <class T>
requires std::is_arithmetic_v<T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T abs_of(T x) { return Kokkos::fabs(x); }
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> abs_of(const Pack<T, W>& x) {
  return select(x < Pack<T, W>(0), -x, x);
}
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> fabs(const Pack<T, W>& x) {
  return abs_of(x);
}
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> abs(const Pack<T, W>& x) {
  return abs_of(x);
}

/// The greater and the lesser of two; b if a is NaN.
template <class T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T max_of(const T& a, const T& b) {
  return select(a > b, a, b);
}
template <class T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T min_of(const T& a, const T& b) {
  return select(a < b, a, b);
}

/// True where x is neither infinite nor NaN.
template <class T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION MaskOf<T> is_finite(const T& x) {
  return x - x == T(0);
}

/// exp(x): x = n ln 2 + r with |r| <= ln 2 / 2, the Taylor series of exp(r), then n added to the
/// exponent. Below 2 ulp; 0 and infinity where the result is not a normal number.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> exp(const Pack<T, W>& x) {
  using L = Pack<T, W>;
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
  const auto below = x < L(low);
  const auto above = x > L(high);
  const L clamped = select(below, L(low), select(above, L(high), x));
  const L shifted = clamped * T(1.4426950408889634074) + F::rounder;
  const L n = shifted - F::rounder;
  const L r = (clamped - n * F::ln2_high) - n * F::ln2_low;
  L series;
  if constexpr (F::single) {
    series = detail::polynomial(r, short_factorial);
  } else {
    series = detail::polynomial(r, factorial);
  }
  const auto exponent = detail::shift_left(detail::bits_of(shifted), F::mantissa);
  const L result = detail::from_bits<T>(detail::bits_of(series) + exponent);
  return select(below, L(0), select(above, L(Kokkos::Experimental::infinity_v<T>), result));
}

/// ln(x): x = 2^k m with m in [sqrt(1/2), sqrt(2)), ln m = 2 atanh((m - 1) / (m + 1)) by its series.
/// Below 2 ulp; NaN below 0, -infinity at 0 and below the least normal number.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> log(const Pack<T, W>& x) {
  using L = Pack<T, W>;
  using F = detail::Format<T>;
  using Integer = Pack<detail::BitsOf<sizeof(T)>, W>;
  using Bits = detail::BitsOf<sizeof(T)>;
  // The bits of sqrt(1/2), subtracted so that the exponent's bits change there and not at powers of 2.
  constexpr Bits root = F::single ? Bits(0x3f3504f3) : static_cast<Bits>(0x3fe6a09e667f3bcdLL);
  const L infinity(Kokkos::Experimental::infinity_v<T>);
  const L least(Kokkos::Experimental::norm_min_v<T>);
  const auto normal = x >= least && x < infinity;
  const L safe = select(normal, x, L(1));
  const Integer offset = detail::bits_of(safe) - Integer(root);
  const Integer k = detail::shift_right(offset, F::mantissa);
  const L m = detail::from_bits<T>(detail::bits_of(safe) - detail::shift_left(k, F::mantissa));
  const L f = m - T(1);
  const L s = f / (m + T(1));
  const L z = s * s;
  constexpr double series[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11,
                               2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21};
  constexpr double short_series[] = {2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9};
  L tail;
  if constexpr (F::single) {
    tail = detail::polynomial(z, short_series) * z;
  } else {
    tail = detail::polynomial(z, series) * z;
  }
  // 2 s = f - s f.
  const L exponent = pack_cast<L>(k);
  const L result = exponent * F::ln2_high + (f - (s * (f - tail) - exponent * F::ln2_low));
  const L nan(Kokkos::Experimental::quiet_NaN_v<T>);
  const L below = select(x < L(0), nan, -infinity);
  return select(normal, result, select(x < least, below, x));
}

#define RVFIT_LANE_BY_LANE(name)                                                   \
  template <class T, int W>                                                        \
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> name(const Pack<T, W>& x) { \
    Pack<T, W> out;                                                                \
    for (int w = 0; w < W; ++w) {                                                  \
      out.set(w, Kokkos::name(x[w]));                                              \
    }                                                                              \
    return out;                                                                    \
  }
RVFIT_LANE_BY_LANE(sqrt)
RVFIT_LANE_BY_LANE(cbrt)
RVFIT_LANE_BY_LANE(tan)
RVFIT_LANE_BY_LANE(asin)
RVFIT_LANE_BY_LANE(acos)
RVFIT_LANE_BY_LANE(atan)
RVFIT_LANE_BY_LANE(sinh)
RVFIT_LANE_BY_LANE(cosh)
RVFIT_LANE_BY_LANE(tanh)
RVFIT_LANE_BY_LANE(erf)
RVFIT_LANE_BY_LANE(erfc)
RVFIT_LANE_BY_LANE(expm1)
RVFIT_LANE_BY_LANE(log1p)
RVFIT_LANE_BY_LANE(log10)
#undef RVFIT_LANE_BY_LANE

#define RVFIT_LANE_BY_LANE(name)                                                        \
  template <class T, int W>                                                             \
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> name(const Pack<T, W>& x,        \
                                                            const Pack<T, W>& y) {      \
    Pack<T, W> out;                                                                     \
    for (int w = 0; w < W; ++w) {                                                       \
      out.set(w, Kokkos::name(x[w], y[w]));                                             \
    }                                                                                   \
    return out;                                                                         \
  }                                                                                     \
  template <class T, int W, class U>                                                    \
  requires std::is_arithmetic_v<U>                                                      \
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> name(const Pack<T, W>& x, U y) { \
    return name(x, Pack<T, W>(y));                                                      \
  }                                                                                     \
  template <class T, int W, class U>                                                    \
  requires std::is_arithmetic_v<U>                                                      \
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> name(U x, const Pack<T, W>& y) { \
    return name(Pack<T, W>(x), y);                                                      \
  }
RVFIT_LANE_BY_LANE(pow)
RVFIT_LANE_BY_LANE(atan2)
RVFIT_LANE_BY_LANE(hypot)
#undef RVFIT_LANE_BY_LANE

namespace detail {

/// sin(x + quarter pi / 2): x = n pi / 2 + r with |r| <= pi / 4, and the series of sin and cos at r.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> sine(const Pack<T, W>& x, int quarter) {
  using L = Pack<T, W>;
  using F = Format<T>;
  using Bits = BitsOf<sizeof(T)>;
  using Integer = Pack<Bits, W>;
  // pi / 2 in three parts, of which the first two times n are exact for |n| below 2^20 (2^8 in float).
  constexpr T part[3] = {F::single ? T(1.5703125) : T(1.5707963267341256),
                         F::single ? T(4.83751296997070312e-4) : T(6.0771005063039660e-11),
                         F::single ? T(7.54978995489188e-8) : T(2.0222662487959506e-21)};
  const L limit(F::single ? T(400) : T(1.6e6));
  const L shifted = x * T(0.63661977236758134308) + F::rounder;
  const L n = shifted - F::rounder;
  const L r = ((x - n * part[0]) - n * part[1]) - n * part[2];
  const L z = r * r;
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
  const L sin_r = r + r * (z * polynomial(z, odd));
  const L cos_r = T(1) + z * polynomial(z, even);
  const Integer turn = bits_of(shifted) + Integer(quarter);
  const Integer last = turn - shift_left(shift_right(turn, 2), 2);
  const auto use_cos = last == Integer(1) || last == Integer(3);
  const auto negative = last > Integer(1);
  const L size = select(use_cos, cos_r, sin_r);
  const L result = select(negative, -size, size);
  const auto far = !(abs_of(x) < limit);
  if (none(far)) {
    return result;
  }
  L exact = result;
  for (int w = 0; w < W; ++w) {
    if (far[w]) {
      exact.set(w, quarter == 0 ? Kokkos::sin(x[w]) : Kokkos::cos(x[w]));
    }
  }
  return exact;
}

}  // namespace detail

/// sin(x) and cos(x), below 2 ulp of 1.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> sin(const Pack<T, W>& x) {
  return detail::sine(x, 0);
}
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> cos(const Pack<T, W>& x) {
  return detail::sine(x, 1);
}

}  // namespace rvfit
