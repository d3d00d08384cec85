// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The plain number in a scalar that a model is run with: for look-ups in a table and other steps that have
/// no derivative.

#include <rvfit/core/dual.hpp>
#include <rvfit/core/pack.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// The number itself, or the value of a dual without its derivatives. Of packs it is a Pack, whose
/// element w is `element(value_of(x), w)`.
template <class T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T value_of(const T& x) {
  return x;
}
template <class T, int N>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T value_of(const Dual<T, N>& x) {
  return x.value;
}

/// f of the plain number in each element of x, a constant: its derivatives are 0.
///
/// @code{.cpp}
///   // The interval of x in a table of n nodes at 0, 1 ..: a whole number, one for each element.
///   const auto k = elementwise(x, [n](double v) {
///     return Kokkos::fmax(0.0, Kokkos::fmin(Kokkos::floor(v), n - 2.0));  // of NaN, too
///   });
///   const auto left = elementwise(k, [&](double v) { return table(static_cast<int>(v)); });
/// @endcode
template <class T, class F>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION auto elementwise(const T& x, const F& f) {
  auto out = value_of(x);
  for (int w = 0; w < pack_size<decltype(out)>; ++w) {
    set_element(out, w, f(element(out, w)));
  }
  return out;
}

}  // namespace rvfit
