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

#include <rvfit/core/number_bits.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace rvfit {

namespace detail {

/// Call `loop(mask_of)`, where `mask_of(i)` is the mask of a pixel. An empty mask masks nothing.
template <class Loop>
void with_mask(std::span<const std::int32_t> mask, const Loop& loop) {
  if (mask.empty()) {
    loop([](std::size_t) { return 0; });
  } else {
    loop([bad = mask.data()](std::size_t i) { return bad[i]; });
  }
}

/// The nearest float; infinite beyond its range, which a cast need not be.
[[nodiscard]] inline float narrowed(double value) {
  const std::uint64_t most = number_bits(double{std::numeric_limits<float>::max()});
  const std::uint64_t infinite = number_bits(std::numeric_limits<double>::infinity());
  const std::uint64_t size = magnitude_bits(value);
  const std::uint64_t beyond =
      all_bits_if<double>(size > most) & all_bits_if<double>(size < infinite);
  return static_cast<float>(
      Kokkos::bit_cast<double>(number_bits(value) ^ (beyond & (size ^ infinite))));
}

}  // namespace detail

/// The unit of flux, a power of two, in which float holds one spectrum.
///
/// @param[in] flux  (N)                           [flux]
/// @param[in] ivar  (N)  inverse variance         [1 / flux^2]
/// @param[in] mask  (N)  bad where positive; empty if there is none
template <std::floating_point T>
[[nodiscard]] double flux_unit(std::span<const T> flux, std::span<const T> ivar,
                               std::span<const std::int32_t> mask) {
  NumberBits<T> bits = 0;
  detail::with_mask(mask, [&](const auto mask_of) {
    NumberBits<T> most = 0;
    for (std::size_t i = 0; i < flux.size(); ++i) {
      const NumberBits<T> here =
          number_bits(ivar[i]) & all_bits_if_good(flux[i], ivar[i], mask_of(i));
      most = here > most ? here : most;
    }
    bits = most;
  });
  const auto largest = static_cast<double>(Kokkos::bit_cast<T>(bits));
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
template <std::floating_point T>
[[nodiscard]] std::optional<std::size_t> narrow_spectrum(std::span<const T> flux,
                                                         std::span<const T> ivar,
                                                         std::span<const std::int32_t> mask,
                                                         double unit, float* narrow_flux,
                                                         float* narrow_ivar) {
  // Loops over vectors: whether a pixel is lost, and which is the first, are two questions.
  std::uint32_t lost = 0;
  const auto narrow = [&](const auto mask_of, const auto& flux_of, const auto& ivar_of) {
    std::uint32_t lost_here = 0;
    for (std::size_t i = 0; i < flux.size(); ++i) {
      const float to_flux = flux_of(i), to_ivar = ivar_of(i);
      // The inverse variance of a good pixel is not negative.
      const bool is_normal = number_bits(to_ivar) >= number_bits(std::numeric_limits<float>::min());
      const std::uint32_t holds = all_bits_if<float>(is_normal) & all_bits_if_finite(to_flux);
      const auto good = static_cast<std::uint32_t>(all_bits_if_good(flux[i], ivar[i], mask_of(i)));
      narrow_flux[i] = to_flux;
      narrow_ivar[i] = only_if(holds | ~good, to_ivar);
      lost_here |= good & ~holds;
    }
    lost = lost_here;
  };
  const double per_unit = 1.0 / unit;  // exact, as the unit's square is
  detail::with_mask(mask, [&](const auto& mask_of) {
    if (std::same_as<T, float> && unit == 1.0) {
      narrow(
          mask_of, [&](std::size_t i) { return static_cast<float>(flux[i]); },
          [&](std::size_t i) { return static_cast<float>(ivar[i]); });
    } else {
      narrow(
          mask_of,
          [&](std::size_t i) { return detail::narrowed(static_cast<double>(flux[i]) * per_unit); },
          [&](std::size_t i) {
            return detail::narrowed(static_cast<double>(ivar[i]) * unit * unit);
          });
    }
  });
  if (lost == 0) {
    return std::nullopt;
  }
  std::size_t first = 0;
  detail::with_mask(mask, [&](const auto& mask_of) {
    while (narrow_ivar[first] != 0.0F ||
           all_bits_if_good(flux[first], ivar[first], mask_of(first)) == 0) {
      ++first;
    }
  });
  return first;
}

}  // namespace rvfit
