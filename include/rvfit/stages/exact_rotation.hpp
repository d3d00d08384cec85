// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Rotation without the triangle that rotation.hpp adds: the profile G of Gray (2005), eq. 18.14, convolved with the
/// spline that the template is (spline_convolution.hpp). In t, x = sin t,
///
///   G(x) dx/dt = [2 (1 - eps) cos^2 t + (pi eps / 2) cos^3 t] / [pi (1 - eps / 3)],   0 <= t <= pi / 2
///
/// The kernel begins with vsini^2: where a star hardly rotates vsini has a large error, as it should.

#include <rvfit/stages/rotation.hpp>
#include <rvfit/stages/spline_convolution.hpp>

namespace rvfit {

/// G of unit width; x = vsini in units of the star's.
struct RotationProfile {
  static constexpr double pi = 3.14159265358979323846;

  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double end() { return 0.5 * pi; }
  /// Panels so short that the rule integrates products of the spline and the profile to rounding.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double longest_panel() { return pi / 8.0; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double x(double t) { return Kokkos::sin(t); }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double t(double x) {
    return Kokkos::asin(Kokkos::fmin(x, 1.0));
  }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double density(double t) {
    const double y = Kokkos::cos(t);
    return (2.0 * (1.0 - limb_darkening) + 0.5 * pi * limb_darkening * y) * y * y /
           (pi * (1.0 - limb_darkening / 3.0));
  }
};

/// Rotation by the exact kernel; owns vsini.
struct ExactRotation {
  [[nodiscard]] static std::optional<Parameter> parameter(const BroadeningOptions& options) {
    if (options.rotation != RotationKernel::exact) {
      return std::nullopt;
    }
    return Rotation::vsini_parameter(options);
  }
  [[nodiscard]] static double start(int n) { return Rotation::start(n); }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double support(double radius) { return radius; }

  template <class Real>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static int reach(double radius) {
    return spline_convolution_reach<Real>(radius);
  }
  template <class Real, class Member>
  KOKKOS_INLINE_FUNCTION static void fill(const Member& member, double radius,
                                          const KernelTaps& taps) {
    spline_convolution<Real, RotationProfile>(member, radius, taps);
  }
};
static_assert(LinearStage<ExactRotation>);

}  // namespace rvfit
