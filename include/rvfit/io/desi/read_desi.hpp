// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads DESI `coadd-` and `spectra-` files. Wanted for each arm X of those asked for:
/// X_WAVELENGTH (N), X_FLUX, X_IVAR (R, N), X_RESOLUTION (R, D, N) if it is asked for, and the
/// table FIBERMAP with R rows; X_MASK (R, N) and SCORES are optional; all other HDUs are passed over. A file need
/// not have every arm; the arms of one with a merged spectrum, BRZ, are its parts.

#include <rvfit/io/desi/desi_columns.hpp>
#include <rvfit/io/desi/desi_file.hpp>
#include <rvfit/io/desi/detail/desi_pixels.hpp>
#include <rvfit/io/fits/array_shape.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/text.hpp>
#include <rvfit/io/measured_snr.hpp>
#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <future>
#include <iterator>
#include <memory>
#include <numeric>
#include <optional>
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

/// The pixels first .. last - 1 of a merged spectrum that a camera is taken for: those in the middle of where two
/// cameras overlap (5760 .. 5800 and 7520 .. 7620 Angstrom) part them.
[[nodiscard]] inline std::pair<std::size_t, std::size_t> camera_pixels(
    const std::vector<double>& wave, const std::string& label) {
  constexpr double b_to_r = 5780.0;
  constexpr double r_to_z = 7570.0;
  const auto place = [&](double limit) {
    return static_cast<std::size_t>(std::lower_bound(wave.begin(), wave.end(), limit) -
                                    wave.begin());
  };
  return {label == "B"   ? 0
          : label == "R" ? place(b_to_r)
                         : place(r_to_z),
          label == "B"   ? place(b_to_r)
          : label == "R" ? place(r_to_z)
                         : wave.size()};
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
    const std::vector<std::string> here = require_hdus(labels, resolution);
    const std::string fibermap = "FIBERMAP";
    desi_.path = path;
    desi_.target_id = file_.read_column<std::int64_t>(fibermap, "TARGETID");
    if (desi_.rows() == 0) {
      file_.fail(fibermap, "has 0 rows, expected at least one spectrum");
    }
    desi_.object_type = file_.has_column(fibermap, "OBJTYPE")
                            ? file_.read_column<std::string>(fibermap, "OBJTYPE")
                            : std::vector<std::string>(desi_.rows());
    desi_.fiber_status = file_.read_column<std::int64_t>(
        fibermap, file_.has_column(fibermap, "FIBERSTATUS") ? "FIBERSTATUS" : "COADD_FIBERSTATUS");
    if (file_.has_column(fibermap, "EXPID")) {
      desi_.exposure_id = file_.read_column<std::int64_t>(fibermap, "EXPID");
    }
    desi_.columns = desi_identity(file_);
    for (const std::string& label : here) {
      add_arm(label, label, resolution);
    }
    if (here.empty()) {
      for (const std::string& label : labels) {
        add_arm(label, merged, resolution);
      }
    }
    desi_.tables = std::make_shared<FitsInput>(
        file_.excerpt({fibermap, "SCORES", "EXP_FIBERMAP", "REDSHIFTS"}));
  }

  /// All but the pixels, S/N where SCORES has them.
  [[nodiscard]] const DesiFile& tables() const { return desi_; }

  /// Spectra of some rows, best in increasing order, S/N measured where SCORES has none. Of many rows, each arm is read by a
  /// thread of its own if the file can be opened for each.
  /// @throws IoError  the file is damaged
  [[nodiscard]] std::vector<DesiArm> read(const std::vector<std::size_t>& rows) {
    std::vector<DesiArm> arms(desi_.arms.size());
    if (rows.size() >= many_rows && open_for_others() && read_side_by_side(rows, arms)) {
      return arms;
    }
    for (std::size_t a = 0; a < arms.size(); ++a) {
      arms[a] = read_arm(file_, a, rows);
    }
    return arms;
  }

 private:
  /// The name of the arm that desispec merges all cameras to.
  static constexpr const char* merged = "BRZ";

  /// Rows that pay for threads and descriptors. A batch of a device has more; one of a host, whose cores fit meanwhile, fewer.
  static constexpr std::size_t many_rows = 512;

  /// Open the file for the threads of all arms but the first. @return  whether it is
  [[nodiscard]] bool open_for_others() {
    while (others_.size() + 1 < desi_.arms.size()) {
      std::optional<FitsInput> again = file_.opened_again();
      if (!again) {
        return false;
      }
      others_.push_back(std::move(*again));
    }
    return true;
  }

  /// Read each arm in a thread of its own.
  /// @return  false if one of them failed: one thread alone, which is next, comes upon the first fault and says so
  [[nodiscard]] bool read_side_by_side(const std::vector<std::size_t>& rows,
                                       std::vector<DesiArm>& arms) {
    std::vector<std::future<void>> threads;  // each is waited for when it is destroyed
    try {
      for (std::size_t a = 1; a < arms.size(); ++a) {
        threads.push_back(std::async(std::launch::async, [this, a, &rows, &arms] {
          arms[a] = read_arm(others_[a - 1], a, rows);
        }));
      }
      arms[0] = read_arm(file_, 0, rows);
      for (std::future<void>& thread : threads) {
        thread.get();
      }
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  /// Arm `a` of some rows.
  [[nodiscard]] DesiArm read_arm(FitsInput& file, std::size_t a,
                                 const std::vector<std::size_t>& rows) const {
    const DesiArm& whole = desi_.arms[a];
    DesiArm arm;
    arm.name = whole.name;
    arm.label = whole.label;
    arm.wave = whole.wave;
    arm.medium = whole.medium;
    detail::read_pixels(file, places_[a], rows, arm);
    if (whole.snr.empty()) {
      arm.snr = measured_snr(arm);
    } else {
      for (const std::size_t row : rows) {
        arm.snr.push_back(whole.snr[row]);
      }
    }
    return arm;
  }

  /// The arms that are there, of those asked for; none if there is a merged one alone.
  /// @throws IoError  naming the HDUs that an arm lacks, or all arms
  [[nodiscard]] std::vector<std::string> require_hdus(const std::vector<std::string>& labels,
                                                      Resolution resolution) {
    const std::vector<std::string> parts{"_WAVELENGTH", "_FLUX", "_IVAR"};
    const auto is_here = [&](const std::string& label) {
      return std::any_of(parts.begin(), parts.end(),
                         [&](const std::string& part) { return file_.has(label + part); });
    };
    std::vector<std::string> here;
    std::copy_if(labels.begin(), labels.end(), std::back_inserter(here), is_here);
    std::vector<std::string> wanted{"FIBERMAP"};
    for (const std::string& label : !here.empty()     ? here
                                    : is_here(merged) ? std::vector<std::string>{merged}
                                                      : labels) {
      for (const std::string& part : parts) {
        wanted.push_back(label + part);
      }
      if (resolution == Resolution::read) {
        wanted.push_back(label + "_RESOLUTION");
      }
    }
    file_.require_hdus(wanted);
    return here;
  }

  /// Add the arm `label`, whose HDUs are called `hdus`; nothing if a merged spectrum has no such pixels.
  void add_arm(const std::string& label, const std::string& hdus, Resolution resolution) {
    DesiArm arm;
    arm.label = label;
    arm.name = "desi_" + lower_case(label);
    arm.wave = detail::read_grid(file_, hdus);
    arm.medium = Medium::vacuum;
    const std::size_t width = arm.pixels();
    detail::DesiPixels place{hdus, width, 0, file_.has(hdus + "_MASK"), 0, false};
    for (const char* part : {"_FLUX", "_IVAR", "_MASK"}) {
      if (part != std::string("_MASK") || place.masked) {
        file_.require_shape(hdus + part, {desi_.rows(), width});
      }
    }
    place.in_float = file_.is_float_image(hdus + "_FLUX") && file_.is_float_image(hdus + "_IVAR");
    if (resolution == Resolution::read) {
      place.diagonals = detail::require_diagonals(file_, hdus, desi_.rows(), width);
    }
    if (hdus == merged) {
      const auto [first, last] = detail::camera_pixels(arm.wave, label);
      if (last < first + 2) {
        return;
      }
      place.first = first;
      detail::cut(arm.wave, width, first, last - first);
    }
    arm.flux_unit = file_.keyword<std::string>(hdus + "_FLUX", "BUNIT").value_or("");
    arm.snr = desi_recorded_snr(file_, label, desi_.rows());
    places_.push_back(std::move(place));
    desi_.arms.push_back(std::move(arm));
  }

  FitsInput file_;
  std::vector<FitsInput> others_;  ///< the same file for all arms but the first, of many rows
  DesiFile desi_;                  ///< without pixels
  std::vector<detail::DesiPixels> places_;
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
