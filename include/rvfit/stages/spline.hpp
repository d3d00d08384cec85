// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Natural cubic spline on a uniform grid (in wavelength or its logarithm), in B-spline form.
///
/// With s the position in pixels, j = floor(s), u = s - j and B the cubic B-spline,
///
///   f(s) = sum_{m=-1..2} c_{j+m} B(u - m),     (c_{i-1} + 4 c_i + c_{i+1}) / 6 = y_i
///
/// The coefficients are a symmetric filter of the data: the inverse of (1, 4, 1) / 6 has the taps
/// sqrt(3) z^|k|, z = sqrt(3) - 2 (Unser, IEEE Signal Proc. Mag. 16, 22, 1999), which fall below
/// rounding after 14 pixels in float and 28 in double. Point reflection at the ends makes
/// c_{-1} - 2 c_0 + c_1 = 0 there: the natural spline. Its error for a function of grid step h is
/// 5/384 h^4 max|f''''| in the interior.

#include <rvfit/core/policy.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Taps on each side of the spline's coefficient filter.
template <class Real>
inline constexpr int spline_reach = sizeof(Real) == 4 ? 14 : 29;

/// Tap k >= 0 of the filter from data to coefficients.
[[nodiscard]] KOKKOS_INLINE_FUNCTION double spline_tap(int k) {
  constexpr double root3 = 1.73205080756887729353;
  double tap = root3;
  for (int n = 0; n < k; ++n) {
    tap *= root3 - 2.0;
  }
  return tap;
}

/// Weights of the four coefficients around a position.
template <class Real>
struct SplineWeights {
  Real value[4];
  Real slope[4];  ///< d value / d position
};

/// Weights of c_{j-1} .. c_{j+2} at position j + u, 0 <= u <= 1.
template <class Real>
[[nodiscard]] KOKKOS_INLINE_FUNCTION SplineWeights<Real> spline_weights(Real u) {
  constexpr Real sixth = Real(1) / Real(6);
  const Real v = Real(1) - u;
  const Real u2 = u * u;
  const Real v2 = v * v;
  return {{sixth * v2 * v, Real(2) / Real(3) - u2 * (Real(1) - Real(0.5) * u),
           Real(2) / Real(3) - v2 * (Real(1) - Real(0.5) * v), sixth * u2 * u},
          {Real(-0.5) * v2, u * (Real(1.5) * u - Real(2)), v * (Real(2) - Real(1.5) * v),
           Real(0.5) * u2}};
}

/// Position on the grid split into a pixel and a fraction; the last pixel serves its right end too.
/// Positions beyond the grid are clamped to it, NaN to its start.
struct SplinePosition {
  int pixel;
  double fraction;
};

[[nodiscard]] KOKKOS_INLINE_FUNCTION SplinePosition spline_position(double position, int size) {
  // Comparisons, not fmin and fmax, which are calls into the C library and no vector instructions.
  const double last = size - 1.0;
  const double above = position > 0.0 ? position : 0.0;
  const double inside = above < last ? above : last;
  const int pixel = Kokkos::min(static_cast<int>(inside), size - 2);
  return {pixel, inside - pixel};
}

/// Coefficients of a row are stored as c_{-1} .. c_{size}: two more than pixels.
inline constexpr int spline_padding = 1;

/// Complete a row of coefficients, c_0 .. c_{size-1} at `row + spline_padding`, by the natural end
/// conditions.
template <class Real>
KOKKOS_INLINE_FUNCTION void spline_ends(Real* row, int size) {
  row[0] = Real(2) * row[1] - row[2];
  row[size + 1] = Real(2) * row[size] - row[size - 1];
}

}  // namespace rvfit
