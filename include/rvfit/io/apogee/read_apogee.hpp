// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads APOGEE's files of one star (www.sdss4.org/dr17/irspec/spectro_data), in vacuum:
///
/// - apVisit (asVisit): images of 3 chips x pixels, flux, error, mask and wavelength in HDUs 1 to 4,
///   wavelengths decreasing. Not corrected for the motion of the Earth: rv is that at the telescope, and
///   the header's correction BC is repeated in the table.
/// - apStar (asStar): images of spectra x pixels, or one spectrum, flux, error and mask in HDUs 1 to 3, on the
///   grid of CRVAL1 and CDELT1 in log10. The first spectrum is the combined one, which is read, or the third
///   and following, the visits. All are shifted to rest: rv is what is left.
///
/// A chip is an arm, CHIP_A (red), CHIP_B and CHIP_C (blue); an apStar spectrum is cut in the gaps between chips.

#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/header_columns.hpp>
#include <rvfit/io/mask_bits.hpp>
#include <rvfit/io/one_spectrum.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

/// Bits of APOGEE_PIXMASK (www.sdss4.org/dr17/algorithms/bitmasks). Those that matter are what APOGEE's own pipeline
/// leaves out, and SIG_SKYLINE, residuals of bright lines of the sky.
inline constexpr std::array apogee_mask_bits{
    MaskBit{"BADPIX", 0, true},          MaskBit{"CRPIX", 1, true},
    MaskBit{"SATPIX", 2, true},          MaskBit{"UNFIXABLE", 3, true},
    MaskBit{"BADDARK", 4, true},         MaskBit{"BADFLAT", 5, true},
    MaskBit{"BADERR", 6, true},          MaskBit{"NOSKY", 7, true},
    MaskBit{"LITTROW_GHOST", 8, false},  MaskBit{"PERSIST_HIGH", 9, false},
    MaskBit{"PERSIST_MED", 10, false},   MaskBit{"PERSIST_LOW", 11, false},
    MaskBit{"SIG_SKYLINE", 12, true},    MaskBit{"SIG_TELLURIC", 13, false},
    MaskBit{"NOT_ENOUGH_PSF", 14, true},
};

struct ApogeeOptions {
  std::array<std::string, 3> arms{"apogee", "apogee",
                                  "apogee"};  ///< of the emulator, for chips A, B, C
  bool visits = false;  ///< of an apStar file, instead of the combined spectrum
  std::int64_t mask_bits = bits_that_matter(apogee_mask_bits);
};

namespace detail {

/// One row of the images of a file, first .. first + count - 1 of its pixels.
[[nodiscard]] inline OneSpectrum read_apogee_row(FitsInput& file, std::size_t begin,
                                                 std::size_t count, std::int64_t mask_bits) {
  OneSpectrum spectrum;
  std::vector<double> error(count);
  std::vector<std::int64_t> mask(count);
  spectrum.flux.resize(count);
  file.read_image_part("1", begin, count, spectrum.flux.data());
  file.read_image_part("2", begin, count, error.data());
  file.read_image_part("3", begin, count, mask.data());
  spectrum.ivar = ivar_of_errors(std::move(error));
  spectrum.mask = masked_by(mask, mask_bits);
  return spectrum;
}

/// The chips of a visit.
[[nodiscard]] inline std::vector<SpectraArm> read_apogee_visit(FitsInput& file,
                                                               const ArrayShape& shape,
                                                               const ApogeeOptions& options) {
  std::vector<SpectraArm> arms;
  const auto waves = file.read_image<double>("4", shape);
  for (std::size_t chip = 0; chip < shape[0]; ++chip) {
    const std::size_t begin = chip * shape[1];
    OneSpectrum spectrum = read_apogee_row(file, begin, shape[1], options.mask_bits);
    const auto first = waves.begin() + static_cast<std::ptrdiff_t>(begin);
    spectrum.wave.assign(first, first + static_cast<std::ptrdiff_t>(shape[1]));
    for (double& wave : spectrum.wave) {
      wave = wave > 0 ? wave : std::numeric_limits<double>::quiet_NaN();
    }
    arms.push_back(arm_of(file, "4", {std::move(spectrum)}));
  }
  return arms;
}

/// The chips of the combined spectrum, or of the visits, of an apStar file.
[[nodiscard]] inline std::vector<SpectraArm> read_apogee_star(FitsInput& file,
                                                              const ArrayShape& shape,
                                                              const ApogeeOptions& options) {
  const std::size_t pixels = shape.back();
  const std::size_t rows = shape.size() == 2 ? shape[0] : 1;
  const double origin = file.require_keyword<double>("1", "CRVAL1");
  const double step = file.require_keyword<double>("1", "CDELT1");
  const double reference = file.keyword<double>("1", "CRPIX1").value_or(1.0);
  constexpr double most = 5.0, widest = 0.1;  // log10 of Angstrom
  if (!(origin > 0 && origin < most) || !(step > 0 && step < widest)) {
    file.fail("1", "has CRVAL1 " + std::to_string(origin) + " and CDELT1 " + std::to_string(step) +
                       ", expected log10 of Angstrom");
  }
  const std::size_t first_row = options.visits && rows > 2 ? 2 : 0;
  const std::size_t last_row = options.visits && rows > 2 ? rows : 1;
  // Red, middle and blue, which end within the gaps, 1.644 to 1.647 and 1.581 to 1.585 micrometers (SDSS DR10, "Using
  // APOGEE spectra", wavelength coverage and chip gaps; chips 1.647-1.696, 1.585-1.644, 1.514-1.581).
  constexpr std::array<std::array<double, 2>, 3> chips{
      {{16450.0, 17000.0}, {15840.0, 16450.0}, {15000.0, 15840.0}}};
  std::vector<SpectraArm> arms;
  for (const auto& [lower, upper] : chips) {
    std::vector<std::size_t> inside;
    for (std::size_t i = 0; i < pixels; ++i) {
      const double wave =
          std::pow(10.0, origin + step * (static_cast<double>(i) + 1.0 - reference));
      if (wave >= lower && wave < upper) {
        inside.push_back(i);
      }
    }
    std::vector<OneSpectrum> spectra;
    for (std::size_t row = first_row; row < last_row && inside.size() > 1; ++row) {
      spectra.push_back(
          read_apogee_row(file, row * pixels + inside.front(), inside.size(), options.mask_bits));
      for (const std::size_t i : inside) {
        spectra.back().wave.push_back(
            std::pow(10.0, origin + step * (static_cast<double>(i) + 1.0 - reference)));
      }
    }
    if (spectra.empty()) {
      file.fail("1", "has no pixels from " + std::to_string(lower) + " to " +
                         std::to_string(upper) + " Angstrom");
    }
    arms.push_back(arm_of(file, "1", std::move(spectra)));
  }
  return arms;
}

}  // namespace detail

/// Read a visit as one spectrum of three chips, a star as its combined spectrum or its visits.
/// @throws IoError  not a file of this kind
[[nodiscard]] inline Spectra read_apogee(const std::string& path, const ApogeeOptions& options) {
  FitsInput file(path);
  file.require_hdus({"1", "2", "3"});
  const ArrayShape shape = file.image_shape("1");
  for (const char* hdu : {"2", "3"}) {
    file.require_shape(hdu, shape);
  }
  Spectra spectra;
  spectra.path = path;
  const bool visit = shape.size() == 2 && shape[0] == 3 && file.has("4") &&
                     file.image_shape("4") == shape && !file.keyword<double>("1", "CRVAL1");
  if (!visit && (shape.empty() || shape.size() > 2 || shape.back() < 2)) {
    file.fail("1", "has " + shape_text(shape) +
                       " pixels, expected 3 chips x pixels, or spectra x pixels");
  }
  spectra.arms = visit ? detail::read_apogee_visit(file, shape, options)
                       : detail::read_apogee_star(file, shape, options);
  for (std::size_t chip = 0; chip < spectra.arms.size(); ++chip) {
    spectra.arms[chip].name = options.arms[chip];
    spectra.arms[chip].label = std::string("CHIP_") + "ABC"[chip];
    spectra.arms[chip].medium = Medium::vacuum;
    spectra.arms[chip].flux_unit = file.keyword<std::string>("1", "BUNIT").value_or("");
  }
  using Kind = HeaderColumn::Kind;
  spectra.columns = header_columns(
      file, "PRIMARY",
      {{"APOGEE_ID", {"OBJID"}, "Name in APOGEE", "", Kind::text},
       {"PLATE", {"PLATE"}, "Plate or field", "", Kind::text},
       {"MJD", {"MJD5", "MJD"}, "Modified Julian date"},
       {"FIBERID", {"FIBERID", "FIBER"}, "Fiber"},
       {"TARGET_RA", {"RA"}, "Right ascension", "deg", Kind::real},
       {"TARGET_DEC", {"DEC"}, "Declination", "deg", Kind::real},
       {"BC", {"BC"}, "Barycentric correction, not applied", "km/s", Kind::real},
       {"APOGEE_VRAD", {"VRAD", "VREL"}, "Velocity of APOGEE's pipeline", "km/s", Kind::real}},
      spectra.arms.front().snr.size());
  return spectra;
}

}  // namespace rvfit::io
