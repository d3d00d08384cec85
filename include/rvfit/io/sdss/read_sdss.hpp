// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads `spec-` files of SDSS, SEGUE, BOSS, eBOSS and SDSS-V's BOSS spectrograph: one star, the coadd of both
/// cameras in HDU 1 with columns flux, loglam (log10 of vacuum Angstrom), ivar, and_mask and wdisp. Files that
/// are not `lite` have the exposures of each camera in HDUs of their own, named after it (B1-00104927-..),
/// with mask instead of and_mask. SDSS-V's have a spectrum of both cameras for each exposure, MJD_EXP_59147-00 and
/// so on, by its day and number, on the wavelengths of the coadd (idlspec2d, rm_combine_script.pro and its like).
/// Wavelengths are heliocentric.
///
/// wdisp is the line spread, sigma in pixels of 1e-4 in log10: 69 km/s in a coadd. It is measured on arc
/// lamps, pixel included (Smee et al. 2013, AJ 146, 32).

#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/header_columns.hpp>
#include <rvfit/io/line_spread.hpp>
#include <rvfit/io/one_spectrum.hpp>
#include <rvfit/io/sdss/sdss_mask.hpp>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

struct SdssOptions {
  std::string arm = "sdss1";  ///< of the emulator
  bool exposures = false;     ///< those of each camera instead of the coadd
  std::int64_t mask_bits = bits_that_matter(sdss_mask_bits);
};

namespace detail {

/// The spectrum of an HDU with a pixel a row.
[[nodiscard]] inline OneSpectrum read_sdss_hdu(FitsInput& file, const std::string& hdu,
                                               std::int64_t mask_bits) {
  OneSpectrum spectrum;
  for (const char* column : {"flux", "loglam", "ivar"}) {
    if (!file.has_column(hdu, column)) {
      file.fail(hdu, std::string("has no column ") + column);
    }
  }
  spectrum.wave = read_wavelengths(file, hdu, "loglam");
  spectrum.flux = file.read_column<double>(hdu, "flux");
  spectrum.ivar = file.read_column<double>(hdu, "ivar");
  spectrum.mask.assign(spectrum.wave.size(), 0);
  for (const char* mask : {"and_mask", "mask"}) {
    if (file.has_column(hdu, mask)) {
      spectrum.mask = masked_by(file.read_column<std::int64_t>(hdu, mask), mask_bits);
      break;
    }
  }
  if (file.has_column(hdu, "wdisp")) {
    const auto given = file.read_column<double>(hdu, "wdisp");
    spectrum.line_spread.resize(given.size());
    spread_sigmas(SpreadKind::sigma_pixels, given.data(), given.size(), spectrum.wave.data(),
                  given.size(), spectrum.line_spread.data());
  }
  return spectrum;
}

/// 'b' or 'r', the camera of an exposure's HDU, 'a' of one of both; 0 for other HDUs.
[[nodiscard]] inline char sdss_camera(const std::string& name) {
  if (upper_case(name).starts_with("MJD_EXP_")) {
    return 'a';
  }
  const bool is_exposure =
      name.size() > 3 && std::isdigit(static_cast<unsigned char>(name[1])) && name[2] == '-';
  const auto camera = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
  return is_exposure && (camera == 'b' || camera == 'r') ? camera : '\0';
}

/// The exposures, an arm for each camera or one of both; a camera that has fewer gets some without weight.
[[nodiscard]] inline std::vector<SpectraArm> read_sdss_exposures(FitsInput& file,
                                                                 const SdssOptions& options) {
  const std::string order = "bra";
  std::vector<OneSpectrum> cameras[3];
  for (int n = 1; file.has(std::to_string(n)); ++n) {
    const std::string hdu = std::to_string(n);
    const auto name = file.keyword<std::string>(hdu, "EXTNAME").value_or("");
    const char camera = name.empty() ? '\0' : sdss_camera(name);
    if (camera != '\0') {
      cameras[order.find(camera)].push_back(read_sdss_hdu(file, hdu, options.mask_bits));
    }
  }
  const std::size_t most = std::max({cameras[0].size(), cameras[1].size(), cameras[2].size()});
  if (most == 0) {
    file.fail(
        "1",
        "is not followed by exposures, expected HDUs named B1-.., R1-.. or MJD_EXP_..: a lite "
        "file?");
  }
  std::vector<SpectraArm> arms;
  for (const std::size_t camera : {0U, 1U, 2U}) {
    if (!cameras[camera].empty()) {
      while (cameras[camera].size() < most) {
        cameras[camera].push_back(without_weight(cameras[camera].back()));
      }
      arms.push_back(arm_of(file, "1", std::move(cameras[camera])));
      arms.back().label = camera == 2 ? upper_case(options.arm) : camera == 0 ? "B" : "R";
    }
  }
  return arms;
}

}  // namespace detail

/// Read a file as one spectrum of an arm of the emulator, or as E exposures of the arms B and R (of SDSS-V of one),
/// all shown by that arm of the emulator.
/// @throws IoError  not a file of this kind, or one without exposures
[[nodiscard]] inline Spectra read_sdss(const std::string& path, const SdssOptions& options) {
  FitsInput file(path);
  Spectra spectra;
  spectra.path = path;
  if (options.exposures) {
    spectra.arms = detail::read_sdss_exposures(file, options);
  } else {
    file.require_hdus({"1"});
    spectra.arms.push_back(
        arm_of(file, "1", {detail::read_sdss_hdu(file, "1", options.mask_bits)}));
    spectra.arms.front().label = upper_case(options.arm);
    spectra.arms.front().wave_rows = 1;
  }
  for (SpectraArm& arm : spectra.arms) {
    arm.name = options.arm;
    arm.medium = Medium::vacuum;
    arm.flux_unit = file.keyword<std::string>("PRIMARY", "BUNIT").value_or("");
  }
  using Kind = HeaderColumn::Kind;
  spectra.columns = header_columns(
      file, "PRIMARY",
      {{"PLATE", {"PLATEID", "PLATE"}, "Plate"},
       {"FIELD", {"FIELDID", "FIELD"}, "Field"},
       {"MJD", {"MJD"}, "Modified Julian date"},
       {"FIBERID", {"FIBERID", "FIBER"}, "Fiber"},
       {"CATALOGID", {"CATALOGID"}, "Number in SDSS-V's catalogue"},
       {"SDSS_ID", {"SDSS_ID"}, "Number in SDSS"},
       {"TARGET_RA", {"PLUG_RA", "RACAT", "RA"}, "Right ascension of the fiber", "deg", Kind::real},
       {"TARGET_DEC",
        {"PLUG_DEC", "DECCAT", "DEC"},
        "Declination of the fiber",
        "deg",
        Kind::real}},
      spectra.arms.front().snr.size());
  return spectra;
}

}  // namespace rvfit::io
