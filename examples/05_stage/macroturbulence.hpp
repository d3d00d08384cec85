// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A stage of one's own: radial and tangential macroturbulence of a star's disk (Gray 2005, ch. 17), of equal areas and
/// velocities, g(x) = 2 / sqrt(pi) [exp(-x^2) - sqrt(pi) x erfc(x)], x = v / vmac.

#include <rvfit/stages/spline_convolution.hpp>

#include <Kokkos_Core.hpp>

#include <optional>

/// g of unit width. Its cusp is at 0; on either side it is smooth in x itself.
struct MacroturbulenceProfile {
  KOKKOS_INLINE_FUNCTION static double end() { return 5.0; }  // 1e-13 of the light lies beyond
  KOKKOS_INLINE_FUNCTION static double longest_panel() { return 0.5; }
  KOKKOS_INLINE_FUNCTION static double x(double t) { return t; }
  KOKKOS_INLINE_FUNCTION static double t(double x) { return Kokkos::fmin(x, end()); }
  KOKKOS_INLINE_FUNCTION static double density(double x) {
    return 1.1283791670955126 * Kokkos::exp(-x * x) - 2.0 * x * Kokkos::erfc(x);
  }
};

/// Owns vmac [km/s]; always on.
struct Macroturbulence {
  static std::optional<rvfit::Parameter> parameter(const rvfit::BroadeningOptions&) {
    return rvfit::Parameter{
        .name = "vmac", .unit = "km/s", .lower = 0.0, .upper = 100.0, .scale = 10.0};
  }
  static double start(int) { return 10.0; }
  KOKKOS_INLINE_FUNCTION static double support(double width) {
    return width * MacroturbulenceProfile::end();
  }

  template <class Real>
  KOKKOS_INLINE_FUNCTION static int reach(double width) {
    return rvfit::spline_convolution_reach<Real>(support(width));
  }
  template <class Real, class Member>
  KOKKOS_INLINE_FUNCTION static void fill(const Member& member, double width,
                                          const rvfit::KernelTaps& taps) {
    rvfit::spline_convolution<Real, MacroturbulenceProfile>(member, width, taps);
  }
};
static_assert(rvfit::LinearStage<Macroturbulence>);
