// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Broadening by a Gaussian of a width of its own, the same in velocity at every wavelength: macroturbulence taken
/// as isotropic, or a resolving power that is not known, R = c / (2 sqrt(2 ln 2) vgauss) beyond the templates' own.
/// The parameter vgauss is its standard deviation; g(x) = exp(-x^2 / 2) / sqrt(2 pi) is cut at six of them and
/// convolved with the spline that the template is (spline_convolution.hpp).

#include <rvfit/stages/spline_convolution.hpp>

namespace rvfit {

/// The Gaussian of unit standard deviation.
struct GaussianProfile {
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double end() { return 6.0; }
  /// One standard deviation.
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double longest_panel() { return 1.0; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double x(double t) { return t; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double t(double x) { return Kokkos::fmin(x, end()); }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double density(double t) {
    constexpr double norm = 0.39894228118861574;  // 1 / (sqrt(2 pi) erf(6 / sqrt(2)))
    return norm * Kokkos::exp(-0.5 * t * t);
  }
};

/// The stage; owns vgauss [km/s].
struct GaussianBroadening {
  [[nodiscard]] static std::optional<Parameter> parameter(const BroadeningOptions& options) {
    if (!(options.max_vgauss > 0.0)) {
      return std::nullopt;
    }
    return Parameter{
        .name = "vgauss", .unit = "km/s", .lower = 0.0, .upper = options.max_vgauss, .scale = 10.0};
  }
  [[nodiscard]] static double start(int) { return 10.0; }
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static double support(double sigma) {
    return sigma * GaussianProfile::end();
  }

  template <class Real>
  [[nodiscard]] KOKKOS_INLINE_FUNCTION static int reach(double sigma) {
    return spline_convolution_reach<Real>(support(sigma));
  }
  template <class Real, class Member>
  KOKKOS_INLINE_FUNCTION static void fill(const Member& member, double sigma,
                                          const KernelTaps& taps) {
    spline_convolution<Real, GaussianProfile>(member, sigma, taps);
  }
};
static_assert(LinearStage<GaussianBroadening>);

}  // namespace rvfit
