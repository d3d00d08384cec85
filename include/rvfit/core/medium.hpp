// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Wavelengths in vacuum and in standard air (15 C, 1013.25 hPa, 0.045 % CO2),
///
///   wave_vacuum = n(wave_vacuum) wave_air,
///   n - 1 = 0.05792105 / (238.0185 - s^2) + 0.00167917 / (57.362 - s^2),   s = 1e4 / wave_vacuum [1 / micron]
///
/// (Ciddor 1996, Applied Optics 35, 1566, equation 1; SDSS and APOGEE use it, too). It holds from 2,300 A on.
/// Below 2,000 A wavelengths are in vacuum by convention, whatever the medium. Mistaking one for the other
/// shifts velocities by 82 to 89 km/s.

#include <rvfit/core/require.hpp>

#include <cmath>

namespace rvfit {

/// Wavelengths are measured in it.
enum class Medium { unknown, vacuum, air };

/// "vacuum", "air" or "unknown".
[[nodiscard]] inline const char* name_of(Medium medium) {
  return medium == Medium::vacuum ? "vacuum" : medium == Medium::air ? "air" : "unknown";
}

/// n of standard air; 1 below 2,000 A.  @param[in] wave  in vacuum  [Angstrom]
[[nodiscard]] inline double refractive_index(double wave) {
  if (!(wave >= 2000.0)) {
    return 1.0;
  }
  const double s = 1e4 / wave;
  return 1.0 + 0.05792105 / (238.0185 - s * s) + 0.00167917 / (57.362 - s * s);
}

/// @param[in] wave  in vacuum  [Angstrom]
[[nodiscard]] inline double air_of_vacuum(double wave) { return wave / refractive_index(wave); }

/// The inverse of `air_of_vacuum`, by iteration: each step gains five digits.
/// @param[in] wave  in air  [Angstrom]
[[nodiscard]] inline double vacuum_of_air(double wave) {
  double vacuum = wave;
  for (int n = 0; n < 5; ++n) {
    vacuum = wave * refractive_index(vacuum);
  }
  return vacuum;
}

/// A wavelength in another medium. @throws InvalidArgument  one of them is unknown
[[nodiscard]] inline double converted(double wave, Medium from, Medium to) {
  RVFIT_REQUIRE(from != Medium::unknown && to != Medium::unknown, "converted: from ", name_of(from),
                " to ", name_of(to));
  if (from == to) {
    return wave;
  }
  return to == Medium::air ? air_of_vacuum(wave) : vacuum_of_air(wave);
}

}  // namespace rvfit
