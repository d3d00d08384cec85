// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The only physical constant, and the relativistic Doppler shift. Wavelengths are in Angstrom,
/// velocities in km/s, positive when the star recedes.

#include <Kokkos_MathematicalFunctions.hpp>

namespace rvfit {

/// Speed of light [km/s] (exact).
inline constexpr double speed_of_light = 299792.458;

/// Rest wavelength over observed wavelength, sqrt((1 - b) / (1 + b)) with b = rv / c.
KOKKOS_INLINE_FUNCTION double rest_over_observed(double rv) {
  const double beta = rv / speed_of_light;
  return Kokkos::sqrt((1.0 - beta) / (1.0 + beta));
}

/// ln(rest_over_observed(rv)) = -atanh(rv / c).
KOKKOS_INLINE_FUNCTION double log_doppler(double rv) { return -Kokkos::atanh(rv / speed_of_light); }

/// d log_doppler / d rv = -1 / (c (1 - b^2))   [1 / (km/s)].
KOKKOS_INLINE_FUNCTION double log_doppler_derivative(double rv) {
  const double beta = rv / speed_of_light;
  return -1.0 / (speed_of_light * (1.0 - beta * beta));
}

}  // namespace rvfit
