// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The kernel on a uniform grid of a convolution with a symmetric profile that may be narrower than a pixel.
///
/// Between its pixels the template is the quintic spline sum_j c_j B(s - j). With the profile g(x) of width r pixels,
/// the convolved spline has at pixel i the value sum_j c_j b_{i-j}, so that its kernel on pixels is
///
///   h = q * b,   b_k = int B(k - r x) g(x) dx,   q = the inverse of B's samples (1, 26, 66, 26, 1) / 120
///
/// In Fourier space that is a mean of the profile's transform over the images of a frequency, which the spline
/// weighs with (w / (2 pi - w))^6: exact in w -> 0 and good to 1e-3 of its effect at w = 1 per pixel, where line
/// spreads that a grid samples well have little left. (Linear interpolation weighs with (w / (2 pi - w))^2: it
/// adds a triangle two pixels wide to every profile.) As r -> 0 the kernel is the identity, and its
/// tangent is linear in r.
///
/// b is a sum over the panels between B's knots of Gauss and Legendre's rule of eight points in a variable t in
/// which g(x) dx/dt is smooth. (Splines: Unser, IEEE Signal Proc. Mag. 16, 22, 1999.)

#include <rvfit/stages/linear_stage.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Quintic B-spline at u, its support |u| < 3, and its derivative.
[[nodiscard]] KOKKOS_INLINE_FUNCTION KernelTap quintic_spline(double u) {
  const double x = Kokkos::abs(u);
  const double sign = u < 0.0 ? -1.0 : 1.0;
  if (x < 1.0) {
    const double y = x * x;
    return {(66.0 + y * (-60.0 + y * (30.0 - 10.0 * x))) / 120.0,
            sign * x * (-120.0 + y * (120.0 - 50.0 * x)) / 120.0};
  }
  if (x < 2.0) {
    return {(51.0 + x * (75.0 + x * (-210.0 + x * (150.0 + x * (-45.0 + 5.0 * x))))) / 120.0,
            sign * (75.0 + x * (-420.0 + x * (450.0 + x * (-180.0 + 25.0 * x)))) / 120.0};
  }
  if (x < 3.0) {
    const double y = 3.0 - x;
    const double y4 = y * y * y * y;
    return {y4 * y / 120.0, -sign * y4 / 24.0};
  }
  return {0.0, 0.0};
}

/// Taps on each side of the inverse of the quintic spline's samples, to rounding.
template <class Real>
inline constexpr int quintic_reach = sizeof(Real) == 4 ? 20 : 44;

/// Tap k >= 0 of that inverse: sum over the two poles z of 120 z^(k+1) / p'(z), p = z^4 + 26 z^3 + 66 z^2 + 26 z + 1.
[[nodiscard]] KOKKOS_INLINE_FUNCTION double quintic_inverse_tap(int k) {
  constexpr double poles[] = {-0.43057534709997379, -0.043096288203264654};
  double tap = 0.0;
  for (const double z : poles) {
    const double slope = 26.0 + z * (132.0 + z * (78.0 + 4.0 * z));
    double power = 120.0 * z / slope;
    for (int n = 0; n < k; ++n) {
      power *= z;
    }
    tap += power;
  }
  return tap;
}

/// A symmetric profile g(x) of unit width and unit integral, given by a variable t from 0 to `end()` on x >= 0.
template <class Profile>
concept SmoothProfile = requires(double t, double x) {
  { Profile::end() } -> std::same_as<double>;       ///< t of the profile's end
  { Profile::x(t) } -> std::same_as<double>;        ///< increasing, 0 at 0
  { Profile::t(x) } -> std::same_as<double>;        ///< its inverse, `end()` beyond the end
  { Profile::density(t) } -> std::same_as<double>;  ///< g(x) dx/dt
  {
    Profile::longest_panel()
    } -> std::same_as<double>;  ///< of t, that the rule integrates to rounding
};

namespace detail {

/// b_k and db_k/dr of a profile of width r > 0 or 0.
template <SmoothProfile Profile>
[[nodiscard]] KOKKOS_INLINE_FUNCTION KernelTap sampled_profile(int k, double r) {
  constexpr double node[] = {0.18343464249564980, 0.52553240991632899, 0.79666647741362674,
                             0.96028985649753623};
  constexpr double weight[] = {0.36268378337836198, 0.31370664587788729, 0.22238103445337447,
                               0.10122853629037626};
  constexpr int most_panels = 4096;
  const double last = r * Profile::x(Profile::end());
  // Only panels within three pixels of k show B: on x >= 0 those of k, and of -k where k < 3.
  double pixel = k > 3 ? k - 3.0 : 0.0;
  double begin = r > 0.0 ? Profile::t(pixel / r) : 0.0;
  KernelTap tap{0.0, 0.0};
  for (int panel = 0; panel < most_panels && begin < Profile::end() && pixel < k + 3.0; ++panel) {
    const bool whole = !(pixel + 1.0 < last);
    const double knot = whole ? Profile::end() : Profile::t((pixel + 1.0) / r);
    const double end = Kokkos::min(knot, begin + Profile::longest_panel());
    pixel += end < knot ? 0.0 : 1.0;
    const double middle = 0.5 * (begin + end), half = 0.5 * (end - begin);
    for (int n = 0; n < 8; ++n) {
      const double t = middle + (n % 2 == 0 ? half : -half) * node[n / 2];
      const double x = Profile::x(t);
      const double share = half * weight[n / 2] * Profile::density(t);
      const KernelTap right = quintic_spline(k - r * x), left = quintic_spline(k + r * x);
      tap.value += share * (right.value + left.value);
      tap.slope += share * x * (left.slope - right.slope);
    }
    begin = end;
  }
  return tap;
}

}  // namespace detail

/// Furthest tap of h for a profile that ends at `last` pixels.
template <class Real>
[[nodiscard]] KOKKOS_INLINE_FUNCTION int spline_convolution_reach(double last) {
  return static_cast<int>(Kokkos::floor(last)) + 3 + quintic_reach<Real>;
}

/// Fill the kernel h of a profile of width r pixels, and its derivative by r, by a whole team.
template <class Real, SmoothProfile Profile, class Member>
KOKKOS_INLINE_FUNCTION void spline_convolution(const Member& member, double r,
                                               const KernelTaps& taps) {
  constexpr int inverse_reach = quintic_reach<Real>;
  const int reach = spline_convolution_reach<Real>(r * Profile::x(Profile::end()));
  const int samples = reach - inverse_reach;
  double* b = taps.work;
  double* slope = b + samples + 1;
  double* q = slope + samples + 1;
  Kokkos::parallel_for(Kokkos::TeamThreadRange(member, samples + 1), [&](int k) {
    const KernelTap tap = detail::sampled_profile<Profile>(k, r);
    b[k] = tap.value;
    slope[k] = tap.slope;
  });
  Kokkos::parallel_for(Kokkos::TeamThreadRange(member, inverse_reach + 1),
                       [&](int k) { q[k] = quintic_inverse_tap(k); });
  member.team_barrier();
  Kokkos::parallel_for(Kokkos::TeamThreadRange(member, reach + 1), [&](int k) {
    taps.value[k] = detail::convolved(k, b, samples, q, inverse_reach);
    taps.slope[k] = detail::convolved(k, slope, samples, q, inverse_reach);
  });
  member.team_barrier();
}

}  // namespace rvfit
