// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads LAMOST's files of one star (www.lamost.org, description of a data release), in vacuum and heliocentric:
///
/// - low resolution, `spec-*.fits`: an image of 5 rows, flux, inverse variance, wavelength, and-mask and
///   or-mask, in the primary HDU; or, since DR8, a table COADD of one row with vectors FLUX, IVAR, WAVELENGTH,
///   ANDMASK. One arm.
/// - medium resolution, `med-*.fits`: tables COADD_B and COADD_R, then the exposures, B-84107311 and so on; a
///   pixel a row, or one row of vectors. Arms B and R. Wavelengths are LOGLAM or WAVELENGTH, decreasing in
///   red exposures. Inverse variances of exposures come without a cosmic-ray rejection: spikes are not
///   masked.
///
/// Bits of the masks: 1 bad CCD pixel, 2 bad profile in extraction, 3 no sky, 4 sky too bright, 5 trace
/// beyond the CCD, 6 no good data. All but the fourth, a remark, make a pixel bad.

#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/header_columns.hpp>
#include <rvfit/io/mask_bits.hpp>
#include <rvfit/io/one_spectrum.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

inline constexpr std::array lamost_mask_bits{
    MaskBit{"BADCCD", 0, true},     MaskBit{"BADPROFILE", 1, true}, MaskBit{"NOSKY", 2, true},
    MaskBit{"BRIGHTSKY", 3, false}, MaskBit{"BADCENTER", 4, true},  MaskBit{"NODATA", 5, true},
};

struct LamostOptions {
  std::string arm = "lamost";   ///< of the emulator, for low resolution
  std::string arm_b = "mrs_b";  ///< for medium resolution
  std::string arm_r = "mrs_r";
  std::string camera;      ///< "B" or "R", of medium resolution; empty: both
  bool exposures = false;  ///< of medium resolution, instead of the coadds
  std::int64_t mask_bits = bits_that_matter(lamost_mask_bits);
};

namespace detail {

/// Low resolution as an image.
[[nodiscard]] inline OneSpectrum read_lamost_image(FitsInput& file, std::int64_t mask_bits) {
  const std::string hdu = "PRIMARY";
  const ArrayShape shape = file.image_shape(hdu);
  constexpr std::size_t parts = 5;
  if (shape.size() != 2 || shape[0] < parts) {
    file.fail(hdu, "has " + shape_text(shape) +
                       " pixels, expected 5 rows: flux, inverse variance, wavelength, masks");
  }
  const auto row = [&]<class T>(std::size_t n, std::vector<T>& values) {
    values.resize(shape[1]);
    if (!values.empty()) {
      file.read_image_part(hdu, n * shape[1], shape[1], values.data());
    }
  };
  OneSpectrum spectrum;
  std::vector<std::int64_t> mask;
  row(0, spectrum.flux);
  row(1, spectrum.ivar);
  row(2, spectrum.wave);
  row(3, mask);
  spectrum.mask = masked_by(mask, mask_bits);
  for (double& wave : spectrum.wave) {
    wave = wave > 0 ? wave : std::numeric_limits<double>::quiet_NaN();
  }
  return spectrum;
}

/// A table of one spectrum, whose columns are vectors or not.
[[nodiscard]] inline OneSpectrum read_lamost_table(FitsInput& file, const std::string& hdu,
                                                   std::int64_t mask_bits) {
  const auto name_of = [&](std::initializer_list<const char*> names) -> std::string {
    std::string list;
    for (const char* name : names) {
      if (file.has_column(hdu, name)) {
        return name;
      }
      list += (list.empty() ? "" : " or ") + std::string(name);
    }
    file.fail(hdu, "has no column " + list);
  };
  OneSpectrum spectrum;
  const std::string flux = name_of({"FLUX"});
  const std::size_t rows = file.row_count(hdu), width = file.column_width(hdu, flux);
  if (rows != 1 && width != 1) {
    file.fail(hdu, "has " + std::to_string(rows) + " rows of " + std::to_string(width) +
                       " fluxes, expected one spectrum");
  }
  spectrum.flux = file.read_matrix<double>(hdu, flux);
  spectrum.ivar = file.read_matrix<double>(hdu, name_of({"IVAR"}));
  spectrum.wave = read_wavelengths(file, hdu, name_of({"LOGLAM", "WAVELENGTH", "WAVE"}));
  spectrum.mask = masked_by(
      file.read_matrix<std::int64_t>(hdu, name_of({"ANDMASK", "PIXMASK", "MASK"})), mask_bits);
  return spectrum;
}

/// Medium resolution: coadds or exposures, an arm for each camera.
[[nodiscard]] inline std::vector<SpectraArm> read_lamost_medium(FitsInput& file,
                                                                const LamostOptions& options) {
  std::map<char, std::vector<OneSpectrum>> cameras;  // B before R
  for (int n = 1; file.has(std::to_string(n)); ++n) {
    const std::string hdu = std::to_string(n);
    const std::string name = upper_case(file.keyword<std::string>(hdu, "EXTNAME").value_or(""));
    const bool coadd = name == "COADD_B" || name == "COADD_R";
    const bool exposure = name.starts_with("B-") || name.starts_with("R-");
    if (options.exposures ? exposure : coadd) {
      const char camera = coadd ? name.back() : name.front();
      if (options.camera.empty() || options.camera[0] == camera) {
        cameras[camera].push_back(read_lamost_table(file, hdu, options.mask_bits));
      }
    }
  }
  if (cameras.empty()) {
    file.fail("1", options.exposures ? "is not followed by exposures, HDUs named B-.. or R-.."
                                     : "is not followed by HDUs named COADD_B or COADD_R");
  }
  std::size_t most = 0;
  for (const auto& [camera, spectra] : cameras) {
    most = std::max(most, spectra.size());
  }
  std::vector<SpectraArm> arms;
  for (auto& [camera, spectra] : cameras) {
    while (spectra.size() < most) {
      spectra.push_back(without_weight(spectra.back()));
    }
    arms.push_back(arm_of(file, "1", std::move(spectra)));
    arms.back().label = camera;
    arms.back().name = camera == 'B' ? options.arm_b : options.arm_r;
  }
  return arms;
}

}  // namespace detail

/// Read a file of low resolution as one spectrum, one of medium resolution as coadds or exposures of both
/// cameras.
/// @throws IoError  not a file of this kind
[[nodiscard]] inline Spectra read_lamost(const std::string& path, const LamostOptions& options) {
  FitsInput file(path);
  Spectra spectra;
  spectra.path = path;
  const bool image = !file.image_shape("PRIMARY").empty();
  if (image || file.has("COADD")) {
    if (options.exposures) {
      file.fail("PRIMARY", "is of low resolution, which has no exposures");
    }
    spectra.arms.push_back(
        arm_of(file, image ? "PRIMARY" : "COADD",
               {image ? detail::read_lamost_image(file, options.mask_bits)
                      : detail::read_lamost_table(file, "COADD", options.mask_bits)}));
    spectra.arms[0].name = options.arm;
    spectra.arms[0].label = upper_case(options.arm);
  } else {
    spectra.arms = detail::read_lamost_medium(file, options);
  }
  const bool vacuum = file.keyword<bool>("PRIMARY", "VACUUM").value_or(true);
  for (SpectraArm& arm : spectra.arms) {
    arm.medium = vacuum ? Medium::vacuum : Medium::air;
  }
  using Kind = HeaderColumn::Kind;
  spectra.columns = header_columns(file, "PRIMARY",
                                   {{"OBSID", {"OBSID"}, "Number of the spectrum"},
                                    {"LMJD", {"LMJD"}, "Local modified Julian day"},
                                    {"PLANID", {"PLANID"}, "Plan", "", Kind::text},
                                    {"SPID", {"SPID"}, "Spectrograph"},
                                    {"FIBERID", {"FIBERID"}, "Fiber"},
                                    {"TARGET_RA", {"RA"}, "Right ascension", "deg", Kind::real},
                                    {"TARGET_DEC", {"DEC"}, "Declination", "deg", Kind::real}},
                                   spectra.arms.front().snr.size());
  return spectra;
}

}  // namespace rvfit::io
