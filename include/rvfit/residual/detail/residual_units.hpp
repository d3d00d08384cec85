// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Units that keep the squares of a fit's numbers within the range of its type. A fit whose data or weights lie
/// outside the fourth roots of that range is worked on as f k, y k, w h and theta_p / c_p, with powers of two k, h
/// and c_p, so that nothing is rounded; its objective is (k h)^2 F.

#include <rvfit/core/pack.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit::detail {

/// Units of one fit, or of one in each element of T. All are 1 where `used` is false.
template <class T, int N>
struct ResidualUnits {
  T data;          ///< k
  T weight;        ///< h
  T parameter[N];  ///< c_p
  MaskOf<T> used;

  /// sqrt of the unit of the objective.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION T root_of_value() const { return data * weight; }
};

/// The greatest power of two up to x; 1 where x is not positive and finite.
template <class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION T power_of_two(T x) {
  return x > T(0) && Kokkos::isfinite(x) ? Kokkos::exp2(Kokkos::floor(Kokkos::log2(x))) : T(1);
}

/// True where x and its square are far from the ends of T's range, and where it is 0.
template <class T>
[[nodiscard]] KOKKOS_INLINE_FUNCTION bool is_handy(T x) {
  constexpr T most = sizeof(T) == 4 ? T(1e9) : T(1e75);
  return x == T(0) || (x < most && x > T(1) / most);
}

}  // namespace rvfit::detail
