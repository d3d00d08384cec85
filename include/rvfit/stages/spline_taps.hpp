// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Sums over the four coefficients around each of a few positions on a row.
///
/// The coefficients of neighbouring positions are neither neighbours nor a fixed distance apart, and a
/// gather of single numbers costs more than the arithmetic. Here a register takes the four neighbours
/// of one position as they lie in memory, and the sums of four positions come out of a transposition.

#include <rvfit/core/vector_register.hpp>

#include <Kokkos_Core.hpp>

#include <cstring>

namespace rvfit {

namespace detail {

#if RVFIT_VECTOR_TYPES && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define RVFIT_SHUFFLES 1
#endif
#endif
#if !defined(RVFIT_SHUFFLES)
#define RVFIT_SHUFFLES 0
#endif

#if RVFIT_SHUFFLES
template <class Real>
using Quad = typename VectorRegister<Real, 4>::type;

template <class Real>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Quad<Real> load_quad(const Real* from) {
  Quad<Real> quad;
  std::memcpy(&quad, from, sizeof(quad));
  return quad;
}

/// The sums of the numbers in each of four registers.
template <class Quad>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Quad sum_each(Quad a, Quad b, Quad c, Quad d) {
  const Quad ab =
      __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Quad cd =
      __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
  return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}
#endif

}  // namespace detail

/// result[w] = sum_m weight[w][m] row[pixel[w] + m], m = 0 .. 3, w = 0 .. Width - 1.
template <int Width, class Real>
KOKKOS_INLINE_FUNCTION void spline_sums(const Real (&weight)[Width][4], const int (&pixel)[Width],
                                        const Real* row, Real* result) {
#if RVFIT_SHUFFLES
  if constexpr (Width % 4 == 0 && 4 * sizeof(Real) <= detail::register_bytes) {
    for (int w = 0; w < Width; w += 4) {
      const auto term = [&](int n) {
        return detail::load_quad(weight[w + n]) * detail::load_quad(row + pixel[w + n]);
      };
      const auto sums = detail::sum_each(term(0), term(1), term(2), term(3));
      std::memcpy(result + w, &sums, sizeof(sums));
    }
    return;
  }
#endif
  for (int w = 0; w < Width; ++w) {
    const Real* c = row + pixel[w];
    result[w] =
        (weight[w][0] * c[0] + weight[w][2] * c[2]) + (weight[w][1] * c[1] + weight[w][3] * c[3]);
  }
}

}  // namespace rvfit
