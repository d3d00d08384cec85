// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads DESI `coadd-` and `spectra-` files. Wanted for each arm X of those asked for:
/// X_WAVELENGTH (N), X_FLUX, X_IVAR, X_MASK (R, N), X_RESOLUTION (R, D, N) if it is asked for, and the
/// table FIBERMAP with R rows; SCORES is optional; all other HDUs are passed over.

#include <rvfit/data/fill_empty_columns.hpp>
#include <rvfit/io/desi/desi_columns.hpp>
#include <rvfit/io/desi/desi_file.hpp>
#include <rvfit/io/fits/array_shape.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/text.hpp>
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

/// Whether to read the resolution matrices, eleven times as much as the flux.
enum class Resolution { skip, read };

namespace detail {

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
    desi_.columns = desi_identity(file_);
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
      arm.medium = whole.medium;
      const auto read = [&](auto& values, const char* part, std::size_t width) {
        values.resize(rows.size() * width);
        file_.read_image_rows(whole.label + part, rows, width, values.data(), OutOfRange::clamp);
      };
      std::vector<double> flux, ivar;
      read(flux, "_FLUX", pixels);
      read(ivar, "_IVAR", pixels);
      read(arm.mask, "_MASK", pixels);
      set_fluxes(arm, flux, ivar);
      if (diagonals_[a] > 0) {
        read(arm.resolution, "_RESOLUTION", diagonals_[a] * pixels);
        fill_empty_columns(arm.resolution, diagonals_[a], pixels);
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
    arm.name = "desi_" + lower_case(label);
    arm.wave = detail::read_grid(file_, label);
    arm.medium = Medium::vacuum;
    for (const char* part : {"_FLUX", "_IVAR", "_MASK"}) {
      file_.require_shape(label + part, {desi_.rows(), arm.pixels()});
    }
    diagonals_.push_back(resolution == Resolution::read
                             ? detail::require_diagonals(file_, label, desi_.rows(), arm.pixels())
                             : 0);
    desi_.flux_units.push_back(file_.keyword<std::string>(label + "_FLUX", "BUNIT").value_or(""));
    arm.snr = desi_recorded_snr(file_, label, desi_.rows());
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

}  // namespace rvfit::io
