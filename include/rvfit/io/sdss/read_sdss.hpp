// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads SDSS and BOSS `spec-PLATE-MJD-FIBER.fits` files: one star, the coadd of both cameras in HDU 1
/// with columns flux, loglam (log10 of vacuum Angstrom) and ivar. ivar is 0 where the pipeline
/// rejected a pixel in every exposure; and_mask also has remarks on pixels that are good, and is not
/// used.

#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/read_table.hpp>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace rvfit::io {

/// Read a file as one spectrum of an arm of the emulator.
/// @throws IoError  not a file of this kind
[[nodiscard]] inline Spectra read_sdss(const std::string& path, const std::string& arm) {
  TableColumns columns;
  columns.wave = "loglam";
  columns.flux = "flux";
  columns.ivar = "ivar";
  Spectra spectra = read_table(path, {{arm}}, columns);
  spectra.arms.front().medium = Medium::vacuum;
  FitsInput file(path);
  const auto add = [&](const char* name, const char* keyword, const char* comment) {
    spectra.columns.push_back(
        {name, "", comment,
         std::vector<std::int64_t>{file.require_keyword<std::int64_t>("PRIMARY", keyword)}});
  };
  add("PLATE", "PLATEID", "Plate");
  add("MJD", "MJD", "Modified Julian date");
  add("FIBERID", "FIBERID", "Fiber");
  for (const auto& [name, keyword, comment] :
       {std::tuple{"TARGET_RA", "PLUG_RA", "Right ascension of the fiber"},
        std::tuple{"TARGET_DEC", "PLUG_DEC", "Declination of the fiber"}}) {
    if (const auto value = file.keyword<double>("PRIMARY", keyword)) {
      spectra.columns.push_back({name, "deg", comment, std::vector<double>{*value}});
    }
  }
  return spectra;
}

}  // namespace rvfit::io
