// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Forward-mode derivatives: a number with its derivatives in N directions, d(u v) = u dv + v du.

#include <rvfit/core/pack_math.hpp>

#include <Kokkos_Core.hpp>

#include <type_traits>

namespace rvfit {

template <class T, int N>
struct Dual;

namespace detail {

/// What mixes with a Dual as a constant. It is passed by value: a reference would need the address of a
/// constant at namespace scope, which code for GPUs does not have.
template <class S, class T>
concept ConstantOf = std::is_arithmetic_v<S> || std::is_same_v<S, T>;

}  // namespace detail

/// value + sum_p derivative[p] e_p.
template <class T, int N>
struct Dual {
  T value;
  T derivative[N];

  Dual() = default;
  /// A constant.
  template <detail::ConstantOf<T> S>
  // NOLINTNEXTLINE(google-explicit-constructor): constants mix with duals as in formulas.
  KOKKOS_FORCEINLINE_FUNCTION Dual(S number) : value(static_cast<T>(number)) {
    for (int p = 0; p < N; ++p) {
      derivative[p] = T(0);
    }
  }
  /// The p-th variable.
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION static Dual variable(const T& number, int p) {
    Dual out(number);
    out.derivative[p] = T(1);
    return out;
  }
  /// f(x) of a function with f(x.value) = value and f'(x.value) = slope.
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION static Dual chain(const Dual& x, const T& value,
                                                              const T& slope) {
    Dual out;
    out.value = value;
    for (int p = 0; p < N; ++p) {
      out.derivative[p] = slope * x.derivative[p];
    }
    return out;
  }
  /// f(x, y) with partial derivatives f_x and f_y.
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION static Dual chain(const Dual& x, const Dual& y,
                                                              const T& value, const T& f_x,
                                                              const T& f_y) {
    Dual out;
    out.value = value;
    for (int p = 0; p < N; ++p) {
      out.derivative[p] = f_x * x.derivative[p] + f_y * y.derivative[p];
    }
    return out;
  }
  /// The same where a slope may be infinite or NaN: directions without a share in x keep their 0.
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION static Dual steep_chain(const Dual& x, const T& value,
                                                                    const T& slope) {
    Dual out;
    out.value = value;
    for (int p = 0; p < N; ++p) {
      out.derivative[p] = along(slope, x.derivative[p]);
    }
    return out;
  }
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION static Dual steep_chain(const Dual& x, const Dual& y,
                                                                    const T& value, const T& f_x,
                                                                    const T& f_y) {
    Dual out;
    out.value = value;
    for (int p = 0; p < N; ++p) {
      out.derivative[p] = along(f_x, x.derivative[p]) + along(f_y, y.derivative[p]);
    }
    return out;
  }
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION static T along(const T& slope, const T& direction) {
    return select(direction == T(0), T(0), slope * direction);
  }

  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator+(const Dual& a, const Dual& b) {
    Dual out;
    out.value = a.value + b.value;
    for (int p = 0; p < N; ++p) {
      out.derivative[p] = a.derivative[p] + b.derivative[p];
    }
    return out;
  }
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator-(const Dual& a, const Dual& b) {
    Dual out;
    out.value = a.value - b.value;
    for (int p = 0; p < N; ++p) {
      out.derivative[p] = a.derivative[p] - b.derivative[p];
    }
    return out;
  }
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator*(const Dual& a, const Dual& b) {
    return chain(a, b, a.value * b.value, b.value, a.value);
  }
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator/(const Dual& a, const Dual& b) {
    const T inverse = T(1) / b.value;
    const T ratio = a.value * inverse;
    return chain(a, b, ratio, inverse, -ratio * inverse);
  }
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator-(const Dual& a) {
    return chain(a, -a.value, T(-1));
  }
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator+(const Dual& a) { return a; }

  template <detail::ConstantOf<T> S>
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator+(Dual a, S b) {
    a.value = a.value + static_cast<T>(b);
    return a;
  }
  template <detail::ConstantOf<T> S>
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator+(S a, Dual b) {
    b.value = static_cast<T>(a) + b.value;
    return b;
  }
  template <detail::ConstantOf<T> S>
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator-(Dual a, S b) {
    a.value = a.value - static_cast<T>(b);
    return a;
  }
  template <detail::ConstantOf<T> S>
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator-(S a, const Dual& b) {
    return chain(b, static_cast<T>(a) - b.value, T(-1));
  }
  template <detail::ConstantOf<T> S>
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator*(const Dual& a, S b) {
    return chain(a, a.value * static_cast<T>(b), static_cast<T>(b));
  }
  template <detail::ConstantOf<T> S>
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator*(S a, const Dual& b) {
    return b * a;
  }
  template <detail::ConstantOf<T> S>
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator/(const Dual& a, S b) {
    return chain(a, a.value / static_cast<T>(b), T(1) / static_cast<T>(b));
  }
  template <detail::ConstantOf<T> S>
  friend KOKKOS_FORCEINLINE_FUNCTION Dual operator/(S a, const Dual& b) {
    const T ratio = static_cast<T>(a) / b.value;
    return chain(b, ratio, -ratio / b.value);
  }
  template <class S>
  KOKKOS_FORCEINLINE_FUNCTION Dual& operator+=(S b) {
    return *this = *this + b;
  }
  template <class S>
  KOKKOS_FORCEINLINE_FUNCTION Dual& operator-=(S b) {
    return *this = *this - b;
  }
  template <class S>
  KOKKOS_FORCEINLINE_FUNCTION Dual& operator*=(S b) {
    return *this = *this * b;
  }
  template <class S>
  KOKKOS_FORCEINLINE_FUNCTION Dual& operator/=(S b) {
    return *this = *this / b;
  }

  // Comparisons are of values: what a plain number would do.
#define RVFIT_DUAL_COMPARISON(op)                                                     \
  friend KOKKOS_FORCEINLINE_FUNCTION auto operator op(const Dual& a, const Dual& b) { \
    return a.value op b.value;                                                        \
  }                                                                                   \
  template <detail::ConstantOf<T> S>                                                  \
  friend KOKKOS_FORCEINLINE_FUNCTION auto operator op(const Dual& a, S b) {           \
    return a.value op static_cast<T>(b);                                              \
  }                                                                                   \
  template <detail::ConstantOf<T> S>                                                  \
  friend KOKKOS_FORCEINLINE_FUNCTION auto operator op(S a, const Dual& b) {           \
    return static_cast<T>(a) op b.value;                                              \
  }
  RVFIT_DUAL_COMPARISON(<)
  RVFIT_DUAL_COMPARISON(>)
  RVFIT_DUAL_COMPARISON(<=)
  RVFIT_DUAL_COMPARISON(>=)
#undef RVFIT_DUAL_COMPARISON
};

/// x where the mask holds, else y.
template <class T, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> select(const MaskOf<T>& mask,
                                                            const Dual<T, N>& x,
                                                            const Dual<T, N>& y) {
  Dual<T, N> out;
  out.value = select(mask, x.value, y.value);
  for (int p = 0; p < N; ++p) {
    out.derivative[p] = select(mask, x.derivative[p], y.derivative[p]);
  }
  return out;
}

namespace detail::dual_functions {
// Of plain numbers; those of packs and duals are found by their arguments.
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

/// A function of a dual by its derivative `slope`, in terms of the argument v and the result f.
#define RVFIT_DUAL_FUNCTION(name, rule, slope)                                     \
  template <class T, int N>                                                        \
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Dual<T, N> name(const Dual<T, N>& x) { \
    using namespace detail::dual_functions;                                        \
    const T& v = x.value;                                                          \
    const T f = name(v);                                                           \
    return Dual<T, N>::rule(x, f, slope);                                          \
  }
// NOLINTBEGIN(google-build-using-namespace): of functions only, in the body of one.
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

/// x^y; at x = 0 the slopes are limits from above, so that 0^y is 0 with slope 0 in y.
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
