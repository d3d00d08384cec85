// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A vector register as a number: Pack<T, W> holds W numbers that go through the same arithmetic, each
/// as it would alone. Code written once for a scalar type runs for one problem or for W abreast;
/// where it would branch it selects, and asks `any` or `none` before work that no element needs.

#include <Kokkos_Core.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

/// Vector types of the compiler; plain arrays where code for GPUs is made.
#if (defined(__GNUC__) || defined(__clang__)) && !defined(KOKKOS_ENABLE_CUDA) && \
    !defined(KOKKOS_ENABLE_HIP) && !defined(KOKKOS_ENABLE_SYCL)
#define RVFIT_VECTOR_TYPES 1
#else
#define RVFIT_VECTOR_TYPES 0
#endif

namespace rvfit {

namespace detail {

#if defined(__AVX512F__)
inline constexpr int register_bytes = 64;
#elif defined(__AVX__)
inline constexpr int register_bytes = 32;
#else
inline constexpr int register_bytes = 16;
#endif

#if RVFIT_VECTOR_TYPES
template <class T, int W>
struct PackStorage {
  using type __attribute__((vector_size(W * sizeof(T)))) = T;
};
#else
template <class T, int W>
struct PackStorage {
  struct alignas(W * sizeof(T)) type {
    T v[W];
    KOKKOS_FORCEINLINE_FUNCTION T& operator[](int w) { return v[w]; }
    KOKKOS_FORCEINLINE_FUNCTION const T& operator[](int w) const { return v[w]; }
  };
};
#endif

template <std::size_t Bytes>
using BitsOf = std::conditional_t<Bytes == 4, std::int32_t, std::int64_t>;

}  // namespace detail

/// Numbers of type T that fill a register of the processor compiled for.
template <class T>
inline constexpr int native_pack_size = detail::register_bytes / static_cast<int>(sizeof(T));

/// Truth of a statement in each of W elements; Bits is an integer of the size of the numbers compared.
template <class Bits, int W>
struct PackMask {
  using Register = typename detail::PackStorage<Bits, W>::type;
  Register bits;  ///< 0 or -1

  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool operator[](int w) const { return bits[w] != 0; }
  KOKKOS_FORCEINLINE_FUNCTION void set(int w, bool value) { bits[w] = value ? Bits(-1) : Bits(0); }

#if RVFIT_VECTOR_TYPES
  friend KOKKOS_FORCEINLINE_FUNCTION PackMask operator&&(const PackMask& a, const PackMask& b) {
    return {a.bits & b.bits};
  }
  friend KOKKOS_FORCEINLINE_FUNCTION PackMask operator||(const PackMask& a, const PackMask& b) {
    return {a.bits | b.bits};
  }
  friend KOKKOS_FORCEINLINE_FUNCTION PackMask operator!(const PackMask& a) { return {~a.bits}; }
#else
  friend KOKKOS_FORCEINLINE_FUNCTION PackMask operator&&(const PackMask& a, const PackMask& b) {
    PackMask out;
    for (int w = 0; w < W; ++w) out.bits[w] = a.bits[w] & b.bits[w];
    return out;
  }
  friend KOKKOS_FORCEINLINE_FUNCTION PackMask operator||(const PackMask& a, const PackMask& b) {
    PackMask out;
    for (int w = 0; w < W; ++w) out.bits[w] = a.bits[w] | b.bits[w];
    return out;
  }
  friend KOKKOS_FORCEINLINE_FUNCTION PackMask operator!(const PackMask& a) {
    PackMask out;
    for (int w = 0; w < W; ++w) out.bits[w] = ~a.bits[w];
    return out;
  }
#endif
};

/// W numbers abreast.
template <class T, int W>
struct Pack {
  using Register = typename detail::PackStorage<T, W>::type;
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

/// Numbers of the fits in a pack of W.
template <int W>
struct FitPack {
  std::int64_t number[W];
};

namespace detail {

template <class T>
struct PackTraits {
  static constexpr int size = 1;
  using Value = T;
  using Mask = bool;
  using Integer = int;
  using Fit = std::int64_t;
};
template <class T, int W>
struct PackTraits<Pack<T, W>> {
  static constexpr int size = W;
  using Value = T;
  using Mask = typename Pack<T, W>::Mask;
  using Integer = Pack<BitsOf<sizeof(T)>, W>;
  using Fit = FitPack<W>;
};

}  // namespace detail

/// Number of elements of a scalar type: 1 for a plain number.
template <class T>
inline constexpr int pack_size = detail::PackTraits<T>::size;
/// The plain number in an element of T.
template <class T>
using PackValue = typename detail::PackTraits<T>::Value;
/// Result of comparing two T: bool for plain numbers.
template <class T>
using MaskOf = typename detail::PackTraits<T>::Mask;
/// An integer in each element of T.
template <class T>
using IntegerOf = typename detail::PackTraits<T>::Integer;
/// The number of the fit in each element of T.
template <class T>
using FitOf = typename detail::PackTraits<T>::Fit;

/// The number in element w, and setting it.
template <class T>
requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
    [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T element(const T& x, int) {
  return x;
}
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T element(const Pack<T, W>& x, int w) {
  return x[w];
}
template <class T, class U>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION void set_element(T& x, int, U value) {
  x = static_cast<T>(value);
}
template <class T, int W, class U>
KOKKOS_FORCEINLINE_FUNCTION void set_element(Pack<T, W>& x, int w, U value) {
  x.set(w, static_cast<T>(value));
}
template <class Bits, int W>
KOKKOS_FORCEINLINE_FUNCTION void set_element(PackMask<Bits, W>& x, int w, bool value) {
  x.set(w, value);
}

/// Truth in element w.
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool element(bool mask, int) { return mask; }
template <class Bits, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool element(const PackMask<Bits, W>& mask, int w) {
  return mask[w];
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

/// True if the mask holds in some element; in none.
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool any(bool mask) { return mask; }
template <class Bits, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool any(const PackMask<Bits, W>& mask) {
  Bits bits = 0;
  for (int w = 0; w < W; ++w) {
    bits |= mask.bits[w];
  }
  return bits != 0;
}
template <class Mask>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool none(const Mask& mask) {
  return !any(mask);
}

/// Numbers from memory, which need not be aligned.
template <class T>
requires std::is_arithmetic_v<T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T load(const T* from) { return *from; }
template <class L>
requires(pack_size<L> >= 1 && !std::is_arithmetic_v<L>) [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION L
    load(const PackValue<L>* from) {
  L out;
#if RVFIT_VECTOR_TYPES
  __builtin_memcpy(&out.v, from, sizeof(out.v));
#else
  for (int w = 0; w < L::size; ++w) out.v[w] = from[w];
#endif
  return out;
}

/// Numbers to memory, which need not be aligned.
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

/// Pack of another type of number, converted.
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

}  // namespace rvfit
