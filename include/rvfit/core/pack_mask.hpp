// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// PackMask<Bits, W> is the result of comparing two packs. Code that is written for plain numbers and for
/// packs takes a mask by `element`, `any` and `none`, which take a bool as well.

#include <rvfit/core/vector_register.hpp>

#include <Kokkos_Core.hpp>

#include <concepts>

namespace rvfit {

/// One truth value in each of W elements. Bits is the integer of the size of the numbers compared.
template <class Bits, int W>
struct PackMask {
  using Register = typename detail::VectorRegister<Bits, W>::type;
  Register bits;  ///< 0 or -1

  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool operator[](int w) const { return bits[w] != 0; }
  KOKKOS_FORCEINLINE_FUNCTION void set(int w, bool value) { bits[w] = value ? Bits(-1) : Bits(0); }

  /// A mask holds several answers, so that code cannot branch on it.
  template <std::same_as<bool> B>
  KOKKOS_FUNCTION explicit operator B() const {
    static_assert(sizeof(B) == 0,
                  "a branch on the parameters of several fits at once: write "
                  "rvfit::select(condition, a, b), or "
                  "say `static constexpr bool packs = false;` in the model");
    return false;
  }

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

/// Truth in element w.
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool element(bool mask, int) { return mask; }
template <class Bits, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool element(const PackMask<Bits, W>& mask, int w) {
  return mask[w];
}
/// Set element w.
template <class Bits, int W>
KOKKOS_FORCEINLINE_FUNCTION void set_element(PackMask<Bits, W>& x, int w, bool value) {
  x.set(w, value);
}

/// True if the mask holds in at least one element.
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool any(bool mask) { return mask; }
template <class Bits, int W>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool any(const PackMask<Bits, W>& mask) {
#if RVFIT_VECTOR_TYPES
  // Halves are joined in registers; elements would leave them one by one.
  if constexpr (W % 2 == 0 && W > 2) {
    PackMask<Bits, W / 2> half[2];
    __builtin_memcpy(half, &mask, sizeof(mask));
    return any(half[0] || half[1]);
  }
#endif
  Bits bits = 0;
  for (int w = 0; w < W; ++w) {
    bits |= mask.bits[w];
  }
  return bits != 0;
}
/// True if the mask holds in no element.
template <class Mask>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION bool none(const Mask& mask) {
  return !any(mask);
}

}  // namespace rvfit
