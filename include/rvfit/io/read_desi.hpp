// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads DESI `coadd-` and `spectra-` files. Wanted for each arm X of those asked for:
/// X_WAVELENGTH (N), X_FLUX, X_IVAR, X_MASK (R, N), X_RESOLUTION (R, D, N) if it is asked for, and the
/// table FIBERMAP with R rows; SCORES is optional; all other HDUs are passed over.

#include <rvfit/io/column.hpp>
#include <rvfit/io/fits_input.hpp>
#include <rvfit/io/measured_snr.hpp>
#include <rvfit/io/spectra.hpp>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

using DesiArm = SpectraArm;

/// Whether to read the resolution matrices, eleven times as much as the flux.
enum class Resolution { skip, read };

/// One file: R spectra and what its FIBERMAP says about them.
struct DesiFile : Spectra {
  std::vector<std::int64_t> target_id;     ///< (R)
  std::vector<std::string> object_type;    ///< (R) OBJTYPE
  std::vector<std::int64_t> fiber_status;  ///< (R) FIBERSTATUS, else COADD_FIBERSTATUS
  std::vector<std::int64_t> exposure_id;   ///< (R) EXPID, empty where there is none
  std::shared_ptr<FitsInput> tables;       ///< FIBERMAP, SCORES and EXP_FIBERMAP as they are

  [[nodiscard]] std::size_t rows() const { return target_id.size(); }
};

namespace detail {

/// S/N of one arm as the pipeline measured it, or empty if SCORES has none.
/// The order of preference is rvspecfit's.
[[nodiscard]] inline std::vector<float> recorded_snr(FitsInput& file, const std::string& label,
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

/// X_RESOLUTION (R, D, N) for any odd D.
[[nodiscard]] inline std::vector<float> read_resolution(FitsInput& file, const std::string& label,
                                                        std::size_t rows, std::size_t pixels) {
  const std::string hdu = label + "_RESOLUTION";
  const ArrayShape shape = file.image_shape(hdu);
  if (shape.size() != 3 || shape[0] != rows || shape[1] % 2 != 1 || shape[2] != pixels) {
    file.fail(hdu, "has " + shape_text(shape) + " pixels, expected " + std::to_string(rows) +
                       " x an odd number x " + std::to_string(pixels));
  }
  return file.read_image<float>(hdu, shape, OutOfRange::clamp);
}

[[nodiscard]] inline DesiArm read_desi_arm(FitsInput& file, const std::string& label,
                                           std::size_t rows, Resolution resolution) {
  DesiArm arm;
  arm.label = label;
  arm.name = "desi_" + lower_case(label);
  const std::string wave = label + "_WAVELENGTH";
  const ArrayShape grid = file.image_shape(wave);
  if (grid.size() != 1 || grid[0] < 2) {
    file.fail(wave, "has " + shape_text(grid) + " pixels, expected one row of them");
  }
  arm.wave = file.read_image<double>(wave, grid);
  for (std::size_t i = 0; i < arm.wave.size(); ++i) {
    const double before = i == 0 ? 0.0 : arm.wave[i - 1];
    if (!(arm.wave[i] > before) || !std::isfinite(arm.wave[i])) {
      file.fail(wave, "pixel " + std::to_string(i) + " is " + std::to_string(arm.wave[i]) +
                          " after " + std::to_string(before) + ", expected increasing wavelengths");
    }
  }
  const ArrayShape shape{rows, grid[0]};
  arm.flux = file.read_image<float>(label + "_FLUX", shape, OutOfRange::clamp);
  arm.ivar = file.read_image<float>(label + "_IVAR", shape, OutOfRange::clamp);
  arm.mask = file.read_image<std::int32_t>(label + "_MASK", shape, OutOfRange::clamp);
  if (resolution == Resolution::read) {
    arm.resolution = read_resolution(file, label, rows, grid[0]);
  }
  arm.snr = recorded_snr(file, label, rows);
  if (arm.snr.empty()) {
    arm.snr = measured_snr(arm);
  }
  return arm;
}

/// Read the columns of FIBERMAP that are there, in the order of rvspecfit's table.
[[nodiscard]] inline std::vector<Column> read_identity(FitsInput& file) {
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

}  // namespace detail

/// Read the arms `labels` ("B", "R", "Z") of a DESI file.
/// @throws IoError  an HDU or column that is missing, extents that differ, a wavelength grid that
///                  does not increase, a file without rows
[[nodiscard]] inline DesiFile read_desi(const std::string& path,
                                        const std::vector<std::string>& labels = {"B", "R", "Z"},
                                        Resolution resolution = Resolution::skip) {
  FitsInput file(path);
  const std::string fibermap = "FIBERMAP";
  std::vector<std::string> wanted{fibermap};
  for (const std::string& label : labels) {
    for (const char* part : {"_WAVELENGTH", "_FLUX", "_IVAR", "_MASK"}) {
      wanted.push_back(label + part);
    }
    if (resolution == Resolution::read) {
      wanted.push_back(label + "_RESOLUTION");
    }
  }
  file.require_hdus(wanted);
  DesiFile desi;
  desi.path = path;
  desi.target_id = file.read_column<std::int64_t>(fibermap, "TARGETID");
  if (desi.rows() == 0) {
    file.fail(fibermap, "has 0 rows, expected at least one spectrum");
  }
  desi.object_type = file.read_column<std::string>(fibermap, "OBJTYPE");
  desi.fiber_status = file.read_column<std::int64_t>(
      fibermap, file.has_column(fibermap, "FIBERSTATUS") ? "FIBERSTATUS" : "COADD_FIBERSTATUS");
  if (file.has_column(fibermap, "EXPID")) {
    desi.exposure_id = file.read_column<std::int64_t>(fibermap, "EXPID");
  }
  desi.columns = detail::read_identity(file);
  for (const std::string& label : labels) {
    desi.arms.push_back(detail::read_desi_arm(file, label, desi.rows(), resolution));
  }
  desi.tables = std::make_shared<FitsInput>(file.excerpt({fibermap, "SCORES", "EXP_FIBERMAP"}));
  return desi;
}

/// Bits of a fiber status that rvspecfit accepts: 3 (restricted reach) and 20 (variable).
inline constexpr std::int64_t harmless_fiber_status = (1 << 3) | (1 << 20);

/// Rows that rvspecfit fits by default: all but sky fibers (OBJTYPE SKY), bad ones (BAD), and those
/// whose fiber status has other bits than the harmless ones.
[[nodiscard]] inline std::vector<std::size_t> select_stars(
    const DesiFile& file, std::int64_t harmless = harmless_fiber_status) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < file.rows(); ++row) {
    const std::string& type = file.object_type[row];
    if (type != "SKY" && type != "BAD" && (file.fiber_status[row] & ~harmless) == 0) {
      rows.push_back(row);
    }
  }
  return rows;
}

/// Every row.
[[nodiscard]] inline std::vector<std::size_t> select_all(const DesiFile& file) {
  std::vector<std::size_t> rows(file.rows());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    rows[row] = row;
  }
  return rows;
}

}  // namespace rvfit::io
