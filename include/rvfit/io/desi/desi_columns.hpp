// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Columns of DESI's tables: identities of FIBERMAP, which a table of results repeats, and S/N of SCORES.

#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_input.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::io {

/// Identities of the spectra: those columns of FIBERMAP that are there, in the order of rvspecfit's table.
[[nodiscard]] inline std::vector<Column> desi_identity(FitsInput& file) {
  const std::string hdu = "FIBERMAP";
  std::vector<Column> columns;
  const auto add = [&]<class T>(T, const char* name, const char* unit, const char* comment) {
    if (file.has_column(hdu, name)) {
      columns.push_back({name, unit, comment, file.read_column<T>(hdu, name)});
    }
  };
  add(std::int32_t{}, "FIBER", "", "Fiber number");
  add(std::int64_t{}, "REF_ID", "", "Identifier in the reference catalogue");
  add(std::string{}, "REF_CAT", "", "Reference catalogue");
  add(double{}, "TARGET_RA", "deg", "Right ascension of the target");
  add(double{}, "TARGET_DEC", "deg", "Declination of the target");
  add(std::int64_t{}, "TARGETID", "", "DESI target identifier");
  add(std::int64_t{}, "EXPID", "", "DESI exposure identifier");
  return columns;
}

/// S/N of one arm as the pipeline measured it, or empty if SCORES has none.
/// The order of preference is rvspecfit's.
/// @throws IoError  SCORES has not `rows` rows
[[nodiscard]] inline std::vector<float> desi_recorded_snr(FitsInput& file, const std::string& label,
                                                          std::size_t rows) {
  const std::string hdu = "SCORES";
  for (const char* prefix : {"MEDIAN_CALIB_SNR_", "MEDIAN_COADD_SNR_", "MEDIAN_COADD_FLUX_SNR_"}) {
    if (file.has(hdu) && file.has_column(hdu, prefix + label)) {
      auto snr = file.read_column<float>(hdu, prefix + label);
      if (snr.size() != rows) {
        file.fail(hdu, "has " + std::to_string(snr.size()) + " rows, FIBERMAP has " +
                           std::to_string(rows));
      }
      return snr;
    }
  }
  return {};
}

}  // namespace rvfit::io
