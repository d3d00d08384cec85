// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads spectra from an image with a wavelength solution in its header: a row of pixels, or R rows. Errors,
/// variances or inverse variances, and a mask, are images of the same shape in HDUs of their own.

#include <rvfit/io/detail/wave_solution.hpp>
#include <rvfit/io/fits/array_shape.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/line_spread.hpp>
#include <rvfit/io/one_spectrum.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

/// HDUs of an arm, by name or number.
struct ImageHdus {
  std::string flux = "PRIMARY";
  std::string error = {};  ///< one of these three
  std::string variance = {};
  std::string ivar = {};
  std::string mask = {};        ///< none, unless it is named
  std::int64_t mask_bits = -1;  ///< bits that make a pixel bad; -1: any value but 0
  std::string wave_unit = {};   ///< empty: the header's
  std::string systematic = {};  ///< errors that are added in quadrature; empty: none
};

/// Whether an HDU is an image.
[[nodiscard]] inline bool is_image(FitsInput& file, const std::string& hdu) {
  const auto kind = file.keyword<std::string>(hdu, "XTENSION");  // the primary HDU has none
  return !kind || *kind == "IMAGE" || file.keyword<bool>(hdu, "ZIMAGE").value_or(false);
}

/// Read one arm of R spectra.
/// @throws IoError  an image that is missing or has another shape, or no wavelength solution
[[nodiscard]] inline SpectraArm read_image_arm(FitsInput& file, const ImageHdus& hdus) {
  const ArrayShape shape = file.image_shape(hdus.flux);
  const auto is_one = [](std::size_t extent) { return extent == 1; };
  if (shape.empty() || shape.back() < 2 ||
      (shape.size() > 2 && !std::all_of(shape.begin(), shape.end() - 2, is_one)) ||
      element_count(shape) == 0) {
    file.fail(hdus.flux,
              "has " + shape_text(shape) + " pixels, expected a spectrum or rows of them");
  }
  const std::size_t pixels = shape.back(), rows = element_count(shape) / pixels;
  SpectraArm arm;
  arm.flux_unit = file.keyword<std::string>(hdus.flux, "BUNIT").value_or("");
  arm.wave = detail::solved_wavelengths(file, hdus.flux, pixels, hdus.wave_unit);
  arm.medium = detail::solved_medium(file, hdus.flux);
  std::vector<double> flux = file.read_image<double>(hdus.flux, shape), ivar;
  if (!hdus.error.empty()) {
    ivar = ivar_of_errors(file.read_image<double>(hdus.error, shape));
  } else if (!hdus.variance.empty()) {
    ivar = file.read_image<double>(hdus.variance, shape);
    for (double& value : ivar) {
      value = value > 0 && std::isfinite(value) ? 1.0 / value : 0.0;
    }
  } else if (!hdus.ivar.empty()) {
    ivar = file.read_image<double>(hdus.ivar, shape);
  } else {
    file.fail(hdus.flux,
              "is an image, whose errors are in another HDU: --error-hdu, --variance-hdu "
              "or --ivar-hdu names it");
  }
  if (!hdus.systematic.empty()) {
    add_errors(ivar, file.read_image<double>(hdus.systematic, shape));
  }
  arm.mask.assign(flux.size(), 0);
  if (!hdus.mask.empty()) {
    arm.mask = masked_by(file.read_image<std::int64_t>(hdus.mask, shape), hdus.mask_bits);
  }
  if (arm.wave.front() > arm.wave.back()) {
    const auto reverse = [&](auto& matrix) {
      for (auto first = matrix.begin(); first != matrix.end();
           first += static_cast<std::ptrdiff_t>(pixels)) {
        std::reverse(first, first + static_cast<std::ptrdiff_t>(pixels));
      }
    };
    reverse(arm.wave);
    reverse(flux);
    reverse(ivar);
    reverse(arm.mask);
  }
  arm.snr.resize(rows);
  set_fluxes(arm, flux, ivar);
  arm.snr = measured_snr(arm);
  return arm;
}

}  // namespace rvfit::io
