// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Single spectra, each with wavelengths of its own, on their way into an arm.

#include <rvfit/io/detail/table_wavelengths.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/measured_snr.hpp>
#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

/// N pixels of one spectrum.
struct OneSpectrum {
  std::vector<double> wave;        ///< (N)  NaN where there is no pixel  [Angstrom]
  std::vector<double> flux;        ///< (N)                               [flux]
  std::vector<double> ivar;        ///< (N)                               [1 / flux^2]
  std::vector<std::int32_t> mask;  ///< (N)  bad where > 0
  std::vector<float> line_spread;  ///< (N)  sigma, or empty              [Angstrom]
};

/// 1 where any of some bits is set, else 0.
[[nodiscard]] inline std::vector<std::int32_t> masked_by(const std::vector<std::int64_t>& values,
                                                         std::int64_t bits) {
  std::vector<std::int32_t> mask(values.size());
  std::transform(values.begin(), values.end(), mask.begin(),
                 [bits](std::int64_t value) { return (value & bits) != 0 ? 1 : 0; });
  return mask;
}

/// Inverse variances of errors, 0 of those that are not positive.
[[nodiscard]] inline std::vector<double> ivar_of_errors(std::vector<double> errors) {
  for (double& value : errors) {
    value = value > 0 && std::isfinite(value) ? 1.0 / (value * value) : 0.0;
  }
  return errors;
}

/// Put pixels in the order of increasing wavelength: a spectrum whose first wavelength is above its last is
/// reversed, with all that belongs to it.
inline void put_in_order(OneSpectrum& spectrum) {
  if (detail::is_decreasing(spectrum.wave.data(), spectrum.wave.size())) {
    std::reverse(spectrum.wave.begin(), spectrum.wave.end());
    std::reverse(spectrum.flux.begin(), spectrum.flux.end());
    std::reverse(spectrum.ivar.begin(), spectrum.ivar.end());
    std::reverse(spectrum.mask.begin(), spectrum.mask.end());
    std::reverse(spectrum.line_spread.begin(), spectrum.line_spread.end());
  }
}

/// An arm of some spectra, in any order of wavelength: the shorter ones get pixels without weight.
///
/// @param[in] file, hdu  named in errors
/// @param[in] spectra    at least one
/// @throws IoError  wavelengths that are not monotonic, or none in a spectrum; vectors of different lengths
[[nodiscard]] inline SpectraArm arm_of(const FitsInput& file, const std::string& hdu,
                                       std::vector<OneSpectrum> spectra) {
  SpectraArm arm;
  std::vector<double> flux, ivar;
  std::size_t pixels = 0;
  for (const OneSpectrum& spectrum : spectra) {
    pixels = std::max(pixels, spectrum.wave.size());
  }
  for (OneSpectrum& spectrum : spectra) {
    const std::size_t own = spectrum.wave.size();
    if (own < 2 || spectrum.flux.size() != own || spectrum.ivar.size() != own ||
        spectrum.mask.size() != own ||
        (!spectrum.line_spread.empty() && spectrum.line_spread.size() != own)) {
      file.fail(hdu, "has " + std::to_string(own) + " wavelengths, " +
                         std::to_string(spectrum.flux.size()) + " fluxes, " +
                         std::to_string(spectrum.ivar.size()) +
                         " weights, expected as many of each, at least 2");
    }
    put_in_order(spectrum);
    const auto nan = std::numeric_limits<float>::quiet_NaN();
    spectrum.wave.resize(pixels, std::numeric_limits<double>::quiet_NaN());
    spectrum.flux.resize(pixels, 0.0);
    spectrum.ivar.resize(pixels, 0.0);
    spectrum.mask.resize(pixels, 1);
    const std::size_t row = flux.size() / pixels;
    const auto [first, last] = detail::fill_ends(file, hdu, row, spectrum.wave.data(), pixels);
    if (first == last) {
      file.fail(hdu, "spectrum " + std::to_string(row) + " has no wavelength");
    }
    if (!spectrum.line_spread.empty()) {
      spectrum.line_spread.resize(pixels, nan);
    }
    for (std::size_t i = 0; i < pixels; ++i) {
      if (i < first || i >= last) {
        spectrum.ivar[i] = 0.0;
        if (!spectrum.line_spread.empty()) {
          spectrum.line_spread[i] = nan;
        }
      }
    }
    const auto add = [](auto& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    add(arm.wave, spectrum.wave);
    add(flux, spectrum.flux);
    add(ivar, spectrum.ivar);
    add(arm.mask, spectrum.mask);
    add(arm.line_spread, spectrum.line_spread);
  }
  arm.wave_rows = spectra.size();
  set_fluxes(arm, flux, ivar);
  if (!arm.line_spread.empty() && arm.line_spread.size() != arm.flux.size()) {
    file.fail(hdu, "only some of its spectra tell their line spread");
  }
  arm.snr = measured_snr(arm);
  return arm;
}

/// A spectrum without good pixels, for a target that has fewer of an arm than others.
[[nodiscard]] inline OneSpectrum without_weight(OneSpectrum like) {
  std::fill(like.flux.begin(), like.flux.end(), 0.0);
  std::fill(like.ivar.begin(), like.ivar.end(), 0.0);
  return like;
}

}  // namespace rvfit::io
