// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A vector register as a number: Lanes<T, W> holds W numbers that go through the same arithmetic, each
/// as it would alone. Code written once for a scalar type runs for one problem or for W abreast;
/// where it would branch it selects, and asks `any` or `none` before work that no lane needs.

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
struct LaneStorage {
  using type __attribute__((vector_size(W * sizeof(T)))) = T;
};
#else
template <class T, int W>
struct LaneStorage {
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
inline constexpr int native_lanes = detail::register_bytes / static_cast<int>(sizeof(T));

/// Truth of a statement in each of W lanes; Bits is an integer of the size of the numbers compared.
template <class Bits, int W>
struct LaneMask {
  using Register = typename detail::LaneStorage<Bits, W>::type;
  Register bits;  ///< 0 or -1

  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool operator[](int w) const { return bits[w] != 0; }
  KOKKOS_FORCEINLINE_FUNCTION void set(int w, bool value) { bits[w] = value ? Bits(-1) : Bits(0); }

#if RVFIT_VECTOR_TYPES
  friend KOKKOS_FORCEINLINE_FUNCTION LaneMask operator&&(const LaneMask& a, const LaneMask& b) {
    return {a.bits & b.bits};
  }
  friend KOKKOS_FORCEINLINE_FUNCTION LaneMask operator||(const LaneMask& a, const LaneMask& b) {
    return {a.bits | b.bits};
  }
  friend KOKKOS_FORCEINLINE_FUNCTION LaneMask operator!(const LaneMask& a) { return {~a.bits}; }
#else
  friend KOKKOS_FORCEINLINE_FUNCTION LaneMask operator&&(const LaneMask& a, const LaneMask& b) {
    LaneMask out;
    for (int w = 0; w < W; ++w) out.bits[w] = a.bits[w] & b.bits[w];
    return out;
  }
  friend KOKKOS_FORCEINLINE_FUNCTION LaneMask operator||(const LaneMask& a, const LaneMask& b) {
    LaneMask out;
    for (int w = 0; w < W; ++w) out.bits[w] = a.bits[w] | b.bits[w];
    return out;
  }
  friend KOKKOS_FORCEINLINE_FUNCTION LaneMask operator!(const LaneMask& a) {
    LaneMask out;
    for (int w = 0; w < W; ++w) out.bits[w] = ~a.bits[w];
    return out;
  }
#endif
};

/// W numbers abreast.
template <class T, int W>
struct Lanes {
  using Register = typename detail::LaneStorage<T, W>::type;
  using Mask = LaneMask<detail::BitsOf<sizeof(T)>, W>;
  static constexpr int size = W;

  Register v;

  Lanes() = default;
  /// The same number in all lanes.
  template <class U>
  requires std::is_arithmetic_v<U>
      // NOLINTNEXTLINE(google-explicit-constructor): numbers mix with lanes as in formulas.
      KOKKOS_FORCEINLINE_FUNCTION Lanes(U number) {
    const T value = static_cast<T>(number);
#if RVFIT_VECTOR_TYPES
    v = value - Register{};
#else
    for (int w = 0; w < W; ++w) v[w] = value;
#endif
  }
  KOKKOS_FORCEINLINE_FUNCTION static Lanes of(const Register& v) {
    Lanes out;
    out.v = v;
    return out;
  }

  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T operator[](int w) const { return v[w]; }
  KOKKOS_FORCEINLINE_FUNCTION void set(int w, T value) { v[w] = value; }

#if RVFIT_VECTOR_TYPES
#define RVFIT_LANES_ARITHMETIC(op)                                                       \
  friend KOKKOS_FORCEINLINE_FUNCTION Lanes operator op(const Lanes& a, const Lanes& b) { \
    return of(a.v op b.v);                                                               \
  }
#define RVFIT_LANES_COMPARISON(op)                                                      \
  friend KOKKOS_FORCEINLINE_FUNCTION Mask operator op(const Lanes& a, const Lanes& b) { \
    return {a.v op b.v};                                                                \
  }
#else
#define RVFIT_LANES_ARITHMETIC(op)                                                       \
  friend KOKKOS_FORCEINLINE_FUNCTION Lanes operator op(const Lanes& a, const Lanes& b) { \
    Lanes out;                                                                           \
    for (int w = 0; w < W; ++w) out.v[w] = a.v[w] op b.v[w];                             \
    return out;                                                                          \
  }
#define RVFIT_LANES_COMPARISON(op)                                                      \
  friend KOKKOS_FORCEINLINE_FUNCTION Mask operator op(const Lanes& a, const Lanes& b) { \
    Mask out;                                                                           \
    for (int w = 0; w < W; ++w) out.set(w, a.v[w] op b.v[w]);                           \
    return out;                                                                         \
  }
#endif
  RVFIT_LANES_ARITHMETIC(+)
  RVFIT_LANES_ARITHMETIC(-)
  RVFIT_LANES_ARITHMETIC(*)
  RVFIT_LANES_ARITHMETIC(/)
  RVFIT_LANES_COMPARISON(<)
  RVFIT_LANES_COMPARISON(>)
  RVFIT_LANES_COMPARISON(<=)
  RVFIT_LANES_COMPARISON(>=)
  RVFIT_LANES_COMPARISON(==)
  RVFIT_LANES_COMPARISON(!=)
#undef RVFIT_LANES_ARITHMETIC
#undef RVFIT_LANES_COMPARISON

  friend KOKKOS_FORCEINLINE_FUNCTION Lanes operator-(const Lanes& a) { return T(-1) * a; }
  friend KOKKOS_FORCEINLINE_FUNCTION Lanes operator+(const Lanes& a) { return a; }
  KOKKOS_FORCEINLINE_FUNCTION Lanes& operator+=(const Lanes& b) { return *this = *this + b; }
  KOKKOS_FORCEINLINE_FUNCTION Lanes& operator-=(const Lanes& b) { return *this = *this - b; }
  KOKKOS_FORCEINLINE_FUNCTION Lanes& operator*=(const Lanes& b) { return *this = *this * b; }
  KOKKOS_FORCEINLINE_FUNCTION Lanes& operator/=(const Lanes& b) { return *this = *this / b; }
};

/// Numbers of the fits in W lanes.
template <int W>
struct FitLanes {
  std::int64_t number[W];
};

namespace detail {

template <class T>
struct LaneTraits {
  static constexpr int lanes = 1;
  using Value = T;
  using Mask = bool;
  using Integer = int;
  using Fit = std::int64_t;
};
template <class T, int W>
struct LaneTraits<Lanes<T, W>> {
  static constexpr int lanes = W;
  using Value = T;
  using Mask = typename Lanes<T, W>::Mask;
  using Integer = Lanes<BitsOf<sizeof(T)>, W>;
  using Fit = FitLanes<W>;
};

}  // namespace detail

/// Number of lanes of a scalar type: 1 for a plain number.
template <class T>
inline constexpr int lanes_of = detail::LaneTraits<T>::lanes;
/// The plain number in a lane of T.
template <class T>
using LaneValue = typename detail::LaneTraits<T>::Value;
/// Result of comparing two T: bool for plain numbers.
template <class T>
using MaskOf = typename detail::LaneTraits<T>::Mask;
/// An integer in each lane of T.
template <class T>
using IntegerOf = typename detail::LaneTraits<T>::Integer;
/// The number of the fit in each lane of T.
template <class T>
using FitOf = typename detail::LaneTraits<T>::Fit;

/// The number in lane w, and setting it.
template <class T>
requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
    [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T lane(const T& x, int) {
  return x;
}
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T lane(const Lanes<T, W>& x, int w) {
  return x[w];
}
template <class T, class U>
requires std::is_arithmetic_v<T> KOKKOS_FORCEINLINE_FUNCTION void set_lane(T& x, int, U value) {
  x = static_cast<T>(value);
}
template <class T, int W, class U>
KOKKOS_FORCEINLINE_FUNCTION void set_lane(Lanes<T, W>& x, int w, U value) {
  x.set(w, static_cast<T>(value));
}
template <class Bits, int W>
KOKKOS_FORCEINLINE_FUNCTION void set_lane(LaneMask<Bits, W>& x, int w, bool value) {
  x.set(w, value);
}

/// Truth in lane w.
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool lane(bool mask, int) { return mask; }
template <class Bits, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool lane(const LaneMask<Bits, W>& mask, int w) {
  return mask[w];
}

/// x where the mask holds, else y.
template <class T>
requires std::is_arithmetic_v<T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T select(bool mask, T x, T y) { return mask ? x : y; }
template <class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Lanes<T, W> select(const typename Lanes<T, W>::Mask& mask,
                                                             const Lanes<T, W>& x,
                                                             const Lanes<T, W>& y) {
#if RVFIT_VECTOR_TYPES
  return Lanes<T, W>::of(mask.bits ? x.v : y.v);
#else
  Lanes<T, W> out;
  for (int w = 0; w < W; ++w) out.v[w] = mask[w] ? x.v[w] : y.v[w];
  return out;
#endif
}

/// True if the mask holds in some lane; in none.
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool any(bool mask) { return mask; }
template <class Bits, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool any(const LaneMask<Bits, W>& mask) {
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
requires(lanes_of<L> >= 1 && !std::is_arithmetic_v<L>) [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION L
    load(const LaneValue<L>* from) {
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
KOKKOS_FORCEINLINE_FUNCTION void store(const Lanes<T, W>& x, T* to) {
#if RVFIT_VECTOR_TYPES
  __builtin_memcpy(to, &x.v, sizeof(x.v));
#else
  for (int w = 0; w < W; ++w) to[w] = x.v[w];
#endif
}

/// Lanes of another type of number, converted.
template <class To, class T>
requires std::is_arithmetic_v<T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION To lane_cast(T x) { return static_cast<To>(x); }
template <class To, class T, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION To lane_cast(const Lanes<T, W>& x) {
  if constexpr (std::is_same_v<To, Lanes<T, W>>) {
    return x;
  } else {
#if RVFIT_VECTOR_TYPES
    return To::of(__builtin_convertvector(x.v, typename To::Register));
#else
    To out;
    for (int w = 0; w < W; ++w) out.set(w, static_cast<LaneValue<To>>(x[w]));
    return out;
#endif
  }
}

}  // namespace rvfit
