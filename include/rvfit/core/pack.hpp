// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Pack<T, W> is a vector register that behaves as a number: its W elements go through the same
/// arithmetic, each as it would alone. Code that is written once for a scalar type runs for one problem
/// or for W at once. Such code does not branch on its numbers: it selects, and asks `any` or `none` before
/// work that no element needs. Decision 14 says why this is not Kokkos::simd.

#include <rvfit/core/pack_mask.hpp>
#include <rvfit/core/vector_register.hpp>

#include <Kokkos_Core.hpp>

#include <type_traits>

namespace rvfit {

/// W numbers of type T in a register. W should not exceed native_pack_size<T>: compilers take wider ones apart badly.
template <class T, int W>
struct Pack {
  using Register = typename detail::VectorRegister<T, W>::type;
  using Mask = PackMask<detail::BitsOf<sizeof(T)>, W>;
  static constexpr int size = W;

  Register v;

  Pack() = default;
  /// The same number in all elements.
  template <class U>
  requires std::is_arithmetic_v<U>
      // NOLINTNEXTLINE(google-explicit-constructor): numbers mix with packs as in formulas.
      KOKKOS_FORCEINLINE_FUNCTION Pack(U number) {
    const T value = static_cast<T>(number);
#if RVFIT_VECTOR_TYPES
    v = value - Register{};
#else
    for (int w = 0; w < W; ++w) v[w] = value;
#endif
  }
  KOKKOS_FORCEINLINE_FUNCTION static Pack of(const Register& v) {
    Pack out;
    out.v = v;
    return out;
  }

  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T operator[](int w) const { return v[w]; }
  KOKKOS_FORCEINLINE_FUNCTION void set(int w, T value) { v[w] = value; }

#if RVFIT_VECTOR_TYPES
#define RVFIT_PACK_ARITHMETIC(op)                                                     \
  friend KOKKOS_FORCEINLINE_FUNCTION Pack operator op(const Pack& a, const Pack& b) { \
    return of(a.v op b.v);                                                            \
  }
#define RVFIT_PACK_COMPARISON(op)                                                     \
  friend KOKKOS_FORCEINLINE_FUNCTION Mask operator op(const Pack& a, const Pack& b) { \
    return {a.v op b.v};                                                              \
  }
#else
#define RVFIT_PACK_ARITHMETIC(op)                                                     \
  friend KOKKOS_FORCEINLINE_FUNCTION Pack operator op(const Pack& a, const Pack& b) { \
    Pack out;                                                                         \
    for (int w = 0; w < W; ++w) out.v[w] = a.v[w] op b.v[w];                          \
    return out;                                                                       \
  }
#define RVFIT_PACK_COMPARISON(op)                                                     \
  friend KOKKOS_FORCEINLINE_FUNCTION Mask operator op(const Pack& a, const Pack& b) { \
    Mask out;                                                                         \
    for (int w = 0; w < W; ++w) out.set(w, a.v[w] op b.v[w]);                         \
    return out;                                                                       \
  }
#endif
  RVFIT_PACK_ARITHMETIC(+)
  RVFIT_PACK_ARITHMETIC(-)
  RVFIT_PACK_ARITHMETIC(*)
  RVFIT_PACK_ARITHMETIC(/)
  RVFIT_PACK_COMPARISON(<)
  RVFIT_PACK_COMPARISON(>)
  RVFIT_PACK_COMPARISON(<=)
  RVFIT_PACK_COMPARISON(>=)
  RVFIT_PACK_COMPARISON(==)
  RVFIT_PACK_COMPARISON(!=)
#undef RVFIT_PACK_ARITHMETIC
#undef RVFIT_PACK_COMPARISON

  friend KOKKOS_FORCEINLINE_FUNCTION Pack operator-(const Pack& a) { return T(-1) * a; }
  friend KOKKOS_FORCEINLINE_FUNCTION Pack operator+(const Pack& a) { return a; }
  KOKKOS_FORCEINLINE_FUNCTION Pack& operator+=(const Pack& b) { return *this = *this + b; }
  KOKKOS_FORCEINLINE_FUNCTION Pack& operator-=(const Pack& b) { return *this = *this - b; }
  KOKKOS_FORCEINLINE_FUNCTION Pack& operator*=(const Pack& b) { return *this = *this * b; }
  KOKKOS_FORCEINLINE_FUNCTION Pack& operator/=(const Pack& b) { return *this = *this / b; }
};

namespace detail {

template <class T>
struct PackTraits {
  static constexpr int size = 1;
  using Value = T;
  using Mask = bool;
  using Integer = int;
};
template <class T, int W>
struct PackTraits<Pack<T, W>> {
  static constexpr int size = W;
  using Value = T;
  using Mask = typename Pack<T, W>::Mask;
  using Integer = Pack<BitsOf<sizeof(T)>, W>;
};

}  // namespace detail

/// Elements of a scalar type; 1 for a plain number.
template <class T>
inline constexpr int pack_size = detail::PackTraits<T>::size;
/// Plain number in an element of T.
template <class T>
using PackValue = typename detail::PackTraits<T>::Value;
/// Result of comparing two T; bool for plain numbers.
template <class T>
using MaskOf = typename detail::PackTraits<T>::Mask;
/// Integers, one for each element of T.
template <class T>
using IntegerOf = typename detail::PackTraits<T>::Integer;

/// The number in element w.
template <class T>
requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
    [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T element(const T& x, int) {
  return x;
}
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T element(const Pack<T, W>& x, int w) {
  return x[w];
}
/// Set the number in element w.
template <class T, class U>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION void set_element(T& x, int, U value) {
  x = static_cast<T>(value);
}
template <class T, int W, class U>
KOKKOS_FORCEINLINE_FUNCTION void set_element(Pack<T, W>& x, int w, U value) {
  x.set(w, static_cast<T>(value));
}
/// x where the mask holds, else y.
template <class T>
requires std::is_arithmetic_v<T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T select(bool mask, T x, T y) { return mask ? x : y; }
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> select(const typename Pack<T, W>::Mask& mask,
                                                            const Pack<T, W>& x,
                                                            const Pack<T, W>& y) {
#if RVFIT_VECTOR_TYPES
  return Pack<T, W>::of(mask.bits ? x.v : y.v);
#else
  Pack<T, W> out;
  for (int w = 0; w < W; ++w) out.v[w] = mask[w] ? x.v[w] : y.v[w];
  return out;
#endif
}

/// Read the elements from memory of any alignment.
template <class T>
requires std::is_arithmetic_v<T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T load(const T* from) { return *from; }
template <class P>
requires(pack_size<P> >= 1 && !std::is_arithmetic_v<P>) [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION P
    load(const PackValue<P>* from) {
  P out;
#if RVFIT_VECTOR_TYPES
  __builtin_memcpy(&out.v, from, sizeof(out.v));
#else
  for (int w = 0; w < P::size; ++w) out.v[w] = from[w];
#endif
  return out;
}

/// Write the elements to memory of any alignment.
template <class T>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION void store(T x, T* to) { *to = x; }
template <class T, int W>
KOKKOS_FORCEINLINE_FUNCTION void store(const Pack<T, W>& x, T* to) {
#if RVFIT_VECTOR_TYPES
  __builtin_memcpy(to, &x.v, sizeof(x.v));
#else
  for (int w = 0; w < W; ++w) to[w] = x.v[w];
#endif
}

/// Convert each element to the numbers of To.
template <class To, class T>
requires std::is_arithmetic_v<T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION To pack_cast(T x) { return static_cast<To>(x); }
template <class To, class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION To pack_cast(const Pack<T, W>& x) {
  if constexpr (std::is_same_v<To, Pack<T, W>>) {
    return x;
  } else {
#if RVFIT_VECTOR_TYPES
    return To::of(__builtin_convertvector(x.v, typename To::Register));
#else
    To out;
    for (int w = 0; w < W; ++w) out.set(w, static_cast<PackValue<To>>(x[w]));
    return out;
#endif
  }
}

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

/// The greater and the less of two, as Kokkos::max and Kokkos::min of numbers: a where they compare neither way.
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> max(const Pack<T, W>& a, const Pack<T, W>& b) {
  return select(a < b, b, a);
}
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> min(const Pack<T, W>& a, const Pack<T, W>& b) {
  return select(b < a, b, a);
}
template <class T, int W, class U>
requires std::is_arithmetic_v<U>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> max(const Pack<T, W>& a, U b) {
  return max(a, Pack<T, W>(b));
}
template <class T, int W, class U>
requires std::is_arithmetic_v<U>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> max(U a, const Pack<T, W>& b) {
  return max(Pack<T, W>(a), b);
}
template <class T, int W, class U>
requires std::is_arithmetic_v<U>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> min(const Pack<T, W>& a, U b) {
  return min(a, Pack<T, W>(b));
}
template <class T, int W, class U>
requires std::is_arithmetic_v<U>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> min(U a, const Pack<T, W>& b) {
  return min(Pack<T, W>(a), b);
}

/// The greater of two; b if a is NaN.
template <class T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T max_of(const T& a, const T& b) {
  return select(a > b, a, b);
}
/// The lesser of two; b if a is NaN.
template <class T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T min_of(const T& a, const T& b) {
  return select(a < b, a, b);
}

/// True where x is neither infinite nor NaN.
template <class T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION MaskOf<T> is_finite(const T& x) {
  return x - x == T(0);
}

}  // namespace rvfit
