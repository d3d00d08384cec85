// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Columns of DESI's tables: identities of FIBERMAP, which a table of results repeats, and S/N of SCORES.

#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_input.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace rvfit::io {

/// FIBER of coadds that have it in EXP_FIBERMAP alone: that of the first exposure of a target, -1 without one.
/// @throws IoError  columns of another kind
[[nodiscard]] inline std::vector<std::int32_t> fiber_of_first_exposure(FitsInput& file) {
  const std::string exposures = "EXP_FIBERMAP";
  const auto id = file.read_column<std::int64_t>(exposures, "TARGETID");
  const auto fiber = file.read_column<std::int32_t>(exposures, "FIBER");
  std::unordered_map<std::int64_t, std::int32_t> of_target;
  for (std::size_t row = 0; row < id.size(); ++row) {
    of_target.emplace(id[row], fiber[row]);
  }
  std::vector<std::int32_t> fibers;
  for (const std::int64_t target : file.read_column<std::int64_t>("FIBERMAP", "TARGETID")) {
    const auto found = of_target.find(target);
    fibers.push_back(found == of_target.end() ? -1 : found->second);
  }
  return fibers;
}

/// Identities of the spectra: those columns of FIBERMAP that are there, in the order of rvspecfit's table.
[[nodiscard]] inline std::vector<Column> desi_identity(FitsInput& file) {
  const std::string hdu = "FIBERMAP";
  std::vector<Column> columns;
  const auto add = [&]<class T>(T, const char* name, const char* unit, const char* comment) {
    if (file.has_column(hdu, name)) {
      Column column = file.read_any_column(hdu, name);
      if (!std::holds_alternative<StoredCells>(column.values)) {
        column.values = file.read_column<T>(hdu, name);
      }
      columns.push_back({name, unit, comment, std::move(column.values)});
    }
  };
  if (!file.has_column(hdu, "FIBER") && file.has("EXP_FIBERMAP") &&
      file.has_column("EXP_FIBERMAP", "FIBER") && file.has_column("EXP_FIBERMAP", "TARGETID")) {
    columns.push_back({"FIBER", "", "Fiber number, first exposure", fiber_of_first_exposure(file)});
  }
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
