// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads DESI `coadd-` and `spectra-` files. Wanted for each arm X of those asked for:
/// X_WAVELENGTH (N), X_FLUX, X_IVAR, X_MASK (R, N), and the table FIBERMAP with R rows; SCORES is
/// optional; X_RESOLUTION and all other HDUs are passed over.

#include <rvfit/io/column.hpp>
#include <rvfit/io/fits_input.hpp>
#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

using DesiArm = SpectraArm;

/// One file: R spectra and what its FIBERMAP says about them.
struct DesiFile : Spectra {
  std::vector<std::int64_t> target_id;     ///< (R)
  std::vector<std::string> object_type;    ///< (R) OBJTYPE
  std::vector<std::int64_t> fiber_status;  ///< (R) FIBERSTATUS, else COADD_FIBERSTATUS

  [[nodiscard]] std::size_t rows() const { return target_id.size(); }
};

namespace detail {

/// Median as numpy takes it; NaN of nothing. Reorders `values`.
[[nodiscard]] inline float median(std::vector<float>& values) {
  if (values.empty()) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  const float upper = *middle;
  return values.size() % 2 == 1 ? upper : (upper + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace detail

/// Median of flux sqrt(ivar) over the good pixels of each spectrum.
[[nodiscard]] inline std::vector<float> measured_snr(const DesiArm& arm) {
  const std::size_t pixels = arm.pixels();
  std::vector<float> snr;
  std::vector<float> good;
  for (std::size_t first = 0; first < arm.flux.size(); first += pixels) {
    good.clear();
    for (std::size_t i = first; i < first + pixels; ++i) {
      const float value = arm.flux[i] * std::sqrt(arm.ivar[i]);
      if (arm.ivar[i] > 0 && arm.mask[i] <= 0 && std::isfinite(value)) {
        good.push_back(value);
      }
    }
    snr.push_back(detail::median(good));
  }
  return snr;
}

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

[[nodiscard]] inline DesiArm read_desi_arm(FitsInput& file, const std::string& label,
                                           std::size_t rows) {
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
                                        const std::vector<std::string>& labels = {"B", "R", "Z"}) {
  FitsInput file(path);
  const std::string fibermap = "FIBERMAP";
  std::vector<std::string> wanted{fibermap};
  for (const std::string& label : labels) {
    for (const char* part : {"_WAVELENGTH", "_FLUX", "_IVAR", "_MASK"}) {
      wanted.push_back(label + part);
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
  desi.columns = detail::read_identity(file);
  for (const std::string& label : labels) {
    desi.arms.push_back(detail::read_desi_arm(file, label, desi.rows()));
  }
  return desi;
}

/// Rows that rvspecfit fits by default: all but sky fibers (OBJTYPE SKY), bad ones (BAD), and those
/// whose fiber status has other bits than 3 (restricted) and 20 (variable).
[[nodiscard]] inline std::vector<std::size_t> select_stars(const DesiFile& file) {
  constexpr std::int64_t harmless = (1 << 3) | (1 << 20);
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
