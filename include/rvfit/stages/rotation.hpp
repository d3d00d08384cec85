// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Rotational broadening on a grid uniform in ln(wavelength).
///
/// A rigidly rotating star with linear limb darkening eps spreads every line over
/// x = dln(wave) c / vsini in [-1, 1] with the profile
///
///   G(x) = [2 (1 - eps) sqrt(1 - x^2) + (pi eps / 2) (1 - x^2)] / [pi (1 - eps / 3)]
///
/// (Gray, "The Observation and Analysis of Stellar Photospheres", 3rd ed., eq. 18.14). The spectrum
/// is taken as piecewise linear between its pixels, so that with R = vsini / (c step) pixels the tap
/// for an offset of k pixels is the profile averaged over a triangle,
///
///   W_k = int_{-1}^{1} tri(k - R x) G(x) dx,      tri(u) = max(0, 1 - |u|),
///
/// which is exact for that spectrum and continuous at vsini -> 0. The triangle broadens as well: below
/// about two pixels this kernel acts like a faster rotation than it says (rvspecfit's
/// compute_vsini_kernel, with which it agrees, does the same).

#include <rvfit/core/units.hpp>
#include <rvfit/stages/linear_stage.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Linear limb-darkening coefficient of the rotation profile, rvspecfit's value.
inline constexpr double limb_darkening = 0.6;

/// Furthest tap of the rotation kernel of `radius` = vsini / (c step) pixels, or of its derivative.
[[nodiscard]] KOKKOS_INLINE_FUNCTION int rotation_reach(double radius) {
  return static_cast<int>(Kokkos::floor(radius)) + 1;
}

namespace detail {

/// Antiderivatives of G(x) and x G(x), constant outside [-1, 1].
struct RotationPrimitive {
  double profile;
  double moment;
};

KOKKOS_INLINE_FUNCTION RotationPrimitive rotation_primitive(double x) {
  constexpr double pi = 3.14159265358979323846;
  constexpr double norm = pi * (1.0 - limb_darkening / 3.0);
  constexpr double round_part = 2.0 * (1.0 - limb_darkening) / norm;
  constexpr double flat_part = 0.5 * pi * limb_darkening / norm;
  x = Kokkos::fmin(Kokkos::fmax(x, -1.0), 1.0);
  const double y2 = 1.0 - x * x;
  const double y = Kokkos::sqrt(y2);
  return {round_part * 0.5 * (x * y + Kokkos::asin(x)) + flat_part * (x - x * x * x / 3.0),
          -round_part * y2 * y / 3.0 + flat_part * (0.5 * x * x - 0.25 * x * x * x * x)};
}

}  // namespace detail

/// Tap W_k and dW_k/dR for an offset of k >= 0 pixels and a radius R >= 0.
///
/// With F_n(u) the integral of x^n G from -1 to u, the triangle's three corners give
/// W_k = sum_s c_s [(k + s) F_0(x_s) - R F_1(x_s)], x_s = (k + s) / R, c = (1, -2, 1), s = -1, 0, 1;
/// the terms from differentiating x_s vanish, so that dW_k/dR = -sum_s c_s F_1(x_s).
/// As R -> 0 the kernel is (1 - m R, m R / 2) with m the mean of |x|.
[[nodiscard]] KOKKOS_INLINE_FUNCTION KernelTap rotation_tap(int k, double radius) {
  // Below this radius the corners of the triangle outside the profile are exact in floating point
  // only through the limit.
  constexpr double smallest = 1e-9;
  const double r = Kokkos::fmax(radius, smallest);
  KernelTap tap{0.0, 0.0};
  for (int s = -1; s <= 1; ++s) {
    const double corner = s == 0 ? -2.0 : 1.0;
    const auto f = detail::rotation_primitive((k + s) / r);
    tap.value += corner * ((k + s) * f.profile - r * f.moment);
    tap.slope -= corner * f.moment;
  }
  return tap;
}

/// Rotation as rvspecfit has it; owns vsini.
struct Rotation {
  [[nodiscard]] static std::optional<Parameter> parameter(const BroadeningOptions& options) {
    if (options.rotation != RotationKernel::piecewise_linear) {
      return std::nullopt;
    }
    return vsini_parameter(options);
  }
  /// Slow rotators, and every fourth template a fast one.
  [[nodiscard]] static double start(int n) { return n % 4 == 3 ? 80.0 : 5.0; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double support(double radius) { return radius; }

  template <class Real>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static int reach(double radius) {
    return rotation_reach(radius);
  }

  template <class Real, class Member>
  KOKKOS_INLINE_FUNCTION static void fill(const Member& member, double radius,
                                          const KernelTaps& taps) {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, rotation_reach(radius) + 1), [&](int k) {
      const KernelTap tap = rotation_tap(k, radius);
      taps.value[k] = tap.value;
      taps.slope[k] = tap.slope;
    });
    member.team_barrier();
  }

  /// The parameter vsini, which every kernel of rotation owns.
  [[nodiscard]] static Parameter vsini_parameter(const BroadeningOptions& options) {
    return {
        .name = "vsini", .unit = "km/s", .lower = 0.0, .upper = options.max_vsini, .scale = 10.0};
  }
};
static_assert(LinearStage<Rotation>);

}  // namespace rvfit
