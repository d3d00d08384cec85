// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Forward-mode derivatives: a number with its derivatives in N directions, d(u v) = u dv + v du.
/// Their elementary functions are in dual_math.hpp.

#include <rvfit/core/pack.hpp>

#include <Kokkos_Core.hpp>

#include <type_traits>

namespace rvfit {

template <class T, int N>
struct Dual;

namespace detail {

/// A type whose numbers mix with a Dual as constants. They are passed by value: a reference would need the
/// address of a constant at namespace scope, which code for GPUs does not have.
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
  /// The same where a slope may be infinite or NaN: a direction in which x has derivative 0 keeps its 0.
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

  // Comparisons are those of the values.
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

}  // namespace rvfit
