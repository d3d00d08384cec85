// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Spectra are prepared in float, whose range inverse variances leave where fluxes are in erg / s / cm^2
/// / Angstrom. So each spectrum is scaled in double, before anything is narrowed, by a power of two:
///
///   flux = unit flux',   ivar = ivar' / unit^2,   unit = 1 where 2^-64 <= max ivar < 2^64,
///                                                 else such that 1 <= max ivar' < 4
///
/// A power of two changes no digit, so what a fit finds does not depend on the unit of flux
/// (docs/decisions/0016-flux-has-any-unit.md).

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace rvfit {

namespace detail {

/// Whether a pixel is to be fitted, as far as its numbers say. An empty mask masks nothing.
template <class T>
[[nodiscard]] bool is_good_pixel(std::span<const T> flux, std::span<const T> ivar,
                                 std::span<const std::int32_t> mask, std::size_t i) {
  return ivar[i] > 0 && std::isfinite(ivar[i]) && std::isfinite(flux[i]) &&
         (mask.empty() || mask[i] <= 0);
}

/// The nearest float; infinite beyond its range, which a cast need not be.
[[nodiscard]] inline float narrowed(double value) {
  constexpr double most = std::numeric_limits<float>::max();
  constexpr float infinite = std::numeric_limits<float>::infinity();
  return value > most ? infinite : value < -most ? -infinite : static_cast<float>(value);
}

}  // namespace detail

/// The unit of flux, a power of two, in which float holds one spectrum.
///
/// @param[in] flux  (N)                           [flux]
/// @param[in] ivar  (N)  inverse variance         [1 / flux^2]
/// @param[in] mask  (N)  bad where positive; empty if there is none
template <class T>
[[nodiscard]] double flux_unit(std::span<const T> flux, std::span<const T> ivar,
                               std::span<const std::int32_t> mask) {
  double largest = 0.0;
  for (std::size_t i = 0; i < flux.size(); ++i) {
    const auto value = static_cast<double>(ivar[i]);
    if (value > largest && detail::is_good_pixel(flux, ivar, mask, i)) {
      largest = value;
    }
  }
  constexpr int usual = 64;
  const int exponent = largest > 0.0 ? std::ilogb(largest) : 0;
  // The floor of half the exponent, also of a negative one.
  return exponent >= -usual && exponent < usual ? 1.0 : std::ldexp(1.0, -(exponent >> 1));
}

/// Bring one spectrum to a unit and to float. A good pixel that float does not hold even so, beside the best
/// pixel of its spectrum, gets no weight.
///
/// @param[in]  unit         of `flux_unit`
/// @param[out] narrow_flux  (N)  NaN and infinite as they are                 [unit]
/// @param[out] narrow_ivar  (N)  not positive, NaN and infinite as they are   [1 / unit^2]
/// @return                  the first good pixel that float does not hold, if there is one
template <class T>
[[nodiscard]] std::optional<std::size_t> narrow_spectrum(std::span<const T> flux,
                                                         std::span<const T> ivar,
                                                         std::span<const std::int32_t> mask,
                                                         double unit, float* narrow_flux,
                                                         float* narrow_ivar) {
  std::optional<std::size_t> lost;
  for (std::size_t i = 0; i < flux.size(); ++i) {
    narrow_flux[i] = detail::narrowed(static_cast<double>(flux[i]) / unit);
    narrow_ivar[i] = detail::narrowed(static_cast<double>(ivar[i]) * unit * unit);
    const bool holds =
        narrow_ivar[i] >= std::numeric_limits<float>::min() && std::isfinite(narrow_flux[i]);
    if (!holds && detail::is_good_pixel(flux, ivar, mask, i)) {
      narrow_ivar[i] = 0.0F;
      lost = lost ? lost : i;
    }
  }
  return lost;
}

}  // namespace rvfit
