// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads DESI `coadd-` and `spectra-` files. Wanted for each arm X of those asked for:
/// X_WAVELENGTH (N), X_FLUX, X_IVAR, X_MASK (R, N), X_RESOLUTION (R, D, N) if it is asked for, and the
/// table FIBERMAP with R rows; SCORES is optional; all other HDUs are passed over.

#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/measured_snr.hpp>
#include <rvfit/io/spectra.hpp>

#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
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

/// D of X_RESOLUTION (R, D, N), odd.
[[nodiscard]] inline std::size_t require_diagonals(FitsInput& file, const std::string& label,
                                                   std::size_t rows, std::size_t pixels) {
  const std::string hdu = label + "_RESOLUTION";
  const ArrayShape shape = file.image_shape(hdu);
  if (shape.size() != 3 || shape[0] != rows || shape[1] % 2 != 1 || shape[2] != pixels) {
    file.fail(hdu, "has " + shape_text(shape) + " pixels, expected " + std::to_string(rows) +
                       " x an odd number x " + std::to_string(pixels));
  }
  return shape[1];
}

/// X_WAVELENGTH. @throws IoError  more than one row, or wavelengths that do not increase
[[nodiscard]] inline std::vector<double> read_grid(FitsInput& file, const std::string& label) {
  const std::string hdu = label + "_WAVELENGTH";
  const ArrayShape grid = file.image_shape(hdu);
  if (grid.size() != 1 || grid[0] < 2) {
    file.fail(hdu, "has " + shape_text(grid) + " pixels, expected one row of them");
  }
  std::vector<double> wave = file.read_image<double>(hdu, grid);
  for (std::size_t i = 0; i < wave.size(); ++i) {
    const double before = i == 0 ? 0.0 : wave[i - 1];
    if (!(wave[i] > before) || !std::isfinite(wave[i])) {
      file.fail(hdu, "pixel " + std::to_string(i) + " is " + std::to_string(wave[i]) + " after " +
                         std::to_string(before) + ", expected increasing wavelengths");
    }
  }
  return wave;
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

/// A DESI file open for reading: what its tables say is read at once, its spectra some rows at a time.
class DesiInput {
 public:
  /// @param[in] labels  arms to read, "B", "R", "Z"
  /// @throws IoError  an HDU or column that is missing, extents that differ, a wavelength grid that
  ///                  does not increase, a file without rows
  explicit DesiInput(const std::string& path,
                     const std::vector<std::string>& labels = {"B", "R", "Z"},
                     Resolution resolution = Resolution::skip)
      : file_(path) {
    require_hdus(labels, resolution);
    const std::string fibermap = "FIBERMAP";
    desi_.path = path;
    desi_.target_id = file_.read_column<std::int64_t>(fibermap, "TARGETID");
    if (desi_.rows() == 0) {
      file_.fail(fibermap, "has 0 rows, expected at least one spectrum");
    }
    desi_.object_type = file_.read_column<std::string>(fibermap, "OBJTYPE");
    desi_.fiber_status = file_.read_column<std::int64_t>(
        fibermap, file_.has_column(fibermap, "FIBERSTATUS") ? "FIBERSTATUS" : "COADD_FIBERSTATUS");
    if (file_.has_column(fibermap, "EXPID")) {
      desi_.exposure_id = file_.read_column<std::int64_t>(fibermap, "EXPID");
    }
    desi_.columns = detail::read_identity(file_);
    for (const std::string& label : labels) {
      add_arm(label, resolution);
    }
    desi_.tables = std::make_shared<FitsInput>(file_.excerpt({fibermap, "SCORES", "EXP_FIBERMAP"}));
  }

  /// All but the pixels, S/N where SCORES has them.
  [[nodiscard]] const DesiFile& tables() const { return desi_; }

  /// Spectra of some rows, best in increasing order, S/N measured where SCORES has none.
  /// @throws IoError  the file is damaged
  [[nodiscard]] std::vector<DesiArm> read(const std::vector<std::size_t>& rows) {
    std::vector<DesiArm> arms;
    for (std::size_t a = 0; a < desi_.arms.size(); ++a) {
      const DesiArm& whole = desi_.arms[a];
      const std::size_t pixels = whole.pixels();
      DesiArm arm;
      arm.name = whole.name;
      arm.label = whole.label;
      arm.wave = whole.wave;
      const auto read = [&](auto& values, const char* part, std::size_t width) {
        values.resize(rows.size() * width);
        file_.read_image_rows(whole.label + part, rows, width, values.data(), OutOfRange::clamp);
      };
      read(arm.flux, "_FLUX", pixels);
      read(arm.ivar, "_IVAR", pixels);
      read(arm.mask, "_MASK", pixels);
      if (diagonals_[a] > 0) {
        read(arm.resolution, "_RESOLUTION", diagonals_[a] * pixels);
      }
      if (whole.snr.empty()) {
        arm.snr = measured_snr(arm);
      } else {
        for (const std::size_t row : rows) {
          arm.snr.push_back(whole.snr[row]);
        }
      }
      arms.push_back(std::move(arm));
    }
    return arms;
  }

 private:
  void require_hdus(const std::vector<std::string>& labels, Resolution resolution) {
    std::vector<std::string> wanted{"FIBERMAP"};
    for (const std::string& label : labels) {
      for (const char* part : {"_WAVELENGTH", "_FLUX", "_IVAR", "_MASK"}) {
        wanted.push_back(label + part);
      }
      if (resolution == Resolution::read) {
        wanted.push_back(label + "_RESOLUTION");
      }
    }
    file_.require_hdus(wanted);
  }

  void add_arm(const std::string& label, Resolution resolution) {
    DesiArm arm;
    arm.label = label;
    arm.name = "desi_" + detail::lower_case(label);
    arm.wave = detail::read_grid(file_, label);
    for (const char* part : {"_FLUX", "_IVAR", "_MASK"}) {
      file_.require_shape(label + part, {desi_.rows(), arm.pixels()});
    }
    diagonals_.push_back(resolution == Resolution::read
                             ? detail::require_diagonals(file_, label, desi_.rows(), arm.pixels())
                             : 0);
    arm.snr = detail::recorded_snr(file_, label, desi_.rows());
    desi_.arms.push_back(std::move(arm));
  }

  FitsInput file_;
  DesiFile desi_;                       ///< without pixels
  std::vector<std::size_t> diagonals_;  ///< D of each arm, 0 where they are not wanted
};

/// Read the arms `labels` ("B", "R", "Z") of a DESI file as a whole. @throws IoError  as `DesiInput`
[[nodiscard]] inline DesiFile read_desi(const std::string& path,
                                        const std::vector<std::string>& labels = {"B", "R", "Z"},
                                        Resolution resolution = Resolution::skip) {
  DesiInput input(path, labels, resolution);
  DesiFile desi = input.tables();
  std::vector<std::size_t> rows(desi.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  desi.arms = input.read(rows);
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
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

}  // namespace rvfit::io
