// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Elementary functions of duals: f(x + e dx) = f(x) + e f'(x) dx. A function calls those of its value's type,
/// which may be a number or a pack.

#include <rvfit/core/dual.hpp>
#include <rvfit/core/pack_math.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

namespace detail::dual_functions {
// Functions of plain numbers; those of packs and duals are found by their arguments.
using Kokkos::acos;
using Kokkos::asin;
using Kokkos::atan;
using Kokkos::cbrt;
using Kokkos::cos;
using Kokkos::cosh;
using Kokkos::erf;
using Kokkos::erfc;
using Kokkos::exp;
using Kokkos::expm1;
using Kokkos::log;
using Kokkos::log10;
using Kokkos::log1p;
using Kokkos::pow;
using Kokkos::sin;
using Kokkos::sinh;
using Kokkos::sqrt;
using Kokkos::tan;
using Kokkos::tanh;
}  // namespace detail::dual_functions

/// Define a function of a dual by its derivative `slope`, in terms of the argument v and the result f.
#define RVFIT_DUAL_FUNCTION(name, rule, slope)                                     \
  template <class T, int N>                                                        \
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> name(const Dual<T, N>& x) { \
    using namespace detail::dual_functions;                                        \
    const T& v = x.value;                                                          \
    const T f = name(v);                                                           \
    return Dual<T, N>::rule(x, f, slope);                                          \
  }
// NOLINTBEGIN(google-build-using-namespace): it holds functions only, and is used in the body of one.
RVFIT_DUAL_FUNCTION(exp, chain, f)
RVFIT_DUAL_FUNCTION(expm1, chain, f + T(1))
RVFIT_DUAL_FUNCTION(log, chain, T(1) / v)
RVFIT_DUAL_FUNCTION(log1p, chain, T(1) / (v + T(1)))
RVFIT_DUAL_FUNCTION(log10, chain, T(0.43429448190325182765) / v)
RVFIT_DUAL_FUNCTION(sqrt, steep_chain, T(0.5) / f)
RVFIT_DUAL_FUNCTION(cbrt, steep_chain, f / (T(3) * v))
RVFIT_DUAL_FUNCTION(sin, chain, cos(v))
RVFIT_DUAL_FUNCTION(cos, chain, -sin(v))
RVFIT_DUAL_FUNCTION(tan, chain, T(1) + f * f)
RVFIT_DUAL_FUNCTION(asin, steep_chain, T(1) / sqrt(T(1) - v * v))
RVFIT_DUAL_FUNCTION(acos, steep_chain, T(-1) / sqrt(T(1) - v * v))
RVFIT_DUAL_FUNCTION(atan, chain, T(1) / (T(1) + v * v))
RVFIT_DUAL_FUNCTION(sinh, chain, cosh(v))
RVFIT_DUAL_FUNCTION(cosh, chain, sinh(v))
RVFIT_DUAL_FUNCTION(tanh, chain, T(1) - f * f)
RVFIT_DUAL_FUNCTION(erf, chain, T(1.1283791670955125739) * exp(-v * v))
RVFIT_DUAL_FUNCTION(erfc, chain, T(-1.1283791670955125739) * exp(-v * v))
// NOLINTEND(google-build-using-namespace)
#undef RVFIT_DUAL_FUNCTION

/// |x|; at 0 the derivative is that from above.
template <class T, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> abs_of(const Dual<T, N>& x) {
  return Dual<T, N>::chain(x, abs_of(x.value), select(x.value < T(0), T(-1), T(1)));
}
template <class T, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> abs(const Dual<T, N>& x) {
  return abs_of(x);
}
template <class T, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> fabs(const Dual<T, N>& x) {
  return abs_of(x);
}

/// The greater and the less of two, with its derivatives; those of a where they are equal.
template <class T, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> max(const Dual<T, N>& a, const Dual<T, N>& b) {
  return select(a.value < b.value, b, a);
}
template <class T, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> min(const Dual<T, N>& a, const Dual<T, N>& b) {
  return select(b.value < a.value, b, a);
}
template <class T, int N, detail::ConstantOf<T> S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> max(const Dual<T, N>& a, S b) {
  return max(a, Dual<T, N>(b));
}
template <class T, int N, detail::ConstantOf<T> S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> max(S a, const Dual<T, N>& b) {
  return max(Dual<T, N>(a), b);
}
template <class T, int N, detail::ConstantOf<T> S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> min(const Dual<T, N>& a, S b) {
  return min(a, Dual<T, N>(b));
}
template <class T, int N, detail::ConstantOf<T> S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> min(S a, const Dual<T, N>& b) {
  return min(Dual<T, N>(a), b);
}

/// x^y. At x = 0 the slopes are limits from above, so that 0^y is 0 with slope 0 in y.
template <class T, int N, detail::ConstantOf<T> S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> pow(const Dual<T, N>& x, S y) {
  using Kokkos::pow;
  const T exponent = static_cast<T>(y);
  const T slope = exponent * pow(x.value, exponent - T(1));
  return Dual<T, N>::steep_chain(x, pow(x.value, exponent), select(exponent == T(0), T(0), slope));
}
template <class T, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> pow(const Dual<T, N>& x, const Dual<T, N>& y) {
  using Kokkos::log;
  using Kokkos::pow;
  const T f = pow(x.value, y.value);
  const T f_x = y.value * pow(x.value, y.value - T(1));
  return Dual<T, N>::steep_chain(x, y, f, select(y.value == T(0), T(0), f_x),
                                 select(f == T(0), T(0), f * log(x.value)));
}
template <class T, int N, detail::ConstantOf<T> S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> pow(S x, const Dual<T, N>& y) {
  using Kokkos::log;
  using Kokkos::pow;
  const T f = pow(static_cast<T>(x), y.value);
  return Dual<T, N>::steep_chain(y, f, select(f == T(0), T(0), f * log(static_cast<T>(x))));
}
/// The angle of (x, y).
template <class T, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> atan2(const Dual<T, N>& y,
                                                           const Dual<T, N>& x) {
  using Kokkos::atan2;
  const T square = x.value * x.value + y.value * y.value;
  return Dual<T, N>::chain(y, x, atan2(y.value, x.value), x.value / square, -y.value / square);
}
template <class T, int N, detail::ConstantOf<T> S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> atan2(const Dual<T, N>& y, S x) {
  return atan2(y, Dual<T, N>(x));
}
template <class T, int N, detail::ConstantOf<T> S>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> atan2(S y, const Dual<T, N>& x) {
  return atan2(Dual<T, N>(y), x);
}

}  // namespace rvfit
