// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads WEAVE's L1 files, as rvspecfit's program for them does (weave_fit.py): images X_DATA and X_IVAR of spectra x pixels with a linear wavelength solution, X being RED or BLUE, and the table FIBTABLE
/// with a row for each spectrum. A single or stacked file has one camera (CAMERA in the primary header); a
/// joint file has HDUs of both. X_DATA is in counts, and times X_SENSFUNC in flux: the continuum of a fit takes
/// either.
///
/// Arms are B and R, weave_b and weave_r in the emulator. Pixels without weight are bad; the files have no mask.
/// Wavelengths are in air, as those of rvspecfit's libraries for WEAVE. At low resolution the cameras cover 3660 to 6060 and
/// 5790 to 9590 Angstrom (Isaac Newton Group, "WEAVE: spectroscopy", www.ing.iac.es).

#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/text.hpp>
#include <rvfit/io/read_image.hpp>
#include <rvfit/io/spectra.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

struct WeaveOptions {
  std::string arm_b = "weave_b";  ///< of the emulator
  std::string arm_r = "weave_r";
  bool all_rows = false;  ///< also fibers on the sky
};

/// The spectra of a file, and which of them are of targets.
struct WeaveFile {
  Spectra spectra;
  std::vector<std::size_t> targets;  ///< all but those whose TARGUSE is S, sky
};

namespace detail {

/// Columns of FIBTABLE that tables of results repeat, those that there are.
inline constexpr std::array weave_columns{"TARGID",  "TARGSRVY", "TARGPROG", "TARGCAT", "CNAME",
                                          "FIBREID", "NSPEC",    "TARGRA",   "TARGDEC"};

}  // namespace detail

/// @throws IoError  not a file of this kind: no images of a camera, or no FIBTABLE of as many rows
[[nodiscard]] inline WeaveFile read_weave(const std::string& path, const WeaveOptions& options) {
  FitsInput file(path);
  file.require_hdus({"FIBTABLE"});
  const std::size_t rows = file.row_count("FIBTABLE");
  WeaveFile weave;
  weave.spectra.path = path;
  for (const char* camera : {"BLUE", "RED"}) {
    const std::string data = std::string(camera) + "_DATA";
    if (!file.has(data)) {
      continue;
    }
    file.require_hdus({std::string(camera) + "_IVAR"});
    ImageHdus hdus;
    hdus.flux = data;
    hdus.ivar = std::string(camera) + "_IVAR";
    SpectraArm arm = read_image_arm(file, hdus);
    if (arm.snr.size() != rows) {
      file.fail(data, "has " + std::to_string(arm.snr.size()) + " spectra, FIBTABLE has " +
                          std::to_string(rows) + " rows");
    }
    arm.label = std::string(1, camera[0]);
    arm.name = camera[0] == 'B' ? options.arm_b : options.arm_r;
    arm.medium = arm.medium == Medium::unknown ? Medium::air : arm.medium;
    weave.spectra.arms.push_back(std::move(arm));
  }
  if (weave.spectra.arms.empty()) {
    throw IoError(path + ": HDU 'RED_DATA' or 'BLUE_DATA' missing");
  }
  for (const char* name : detail::weave_columns) {
    if (file.has_column("FIBTABLE", name)) {
      weave.spectra.columns.push_back(file.read_any_column("FIBTABLE", name));
    }
  }
  std::vector<std::string> use(rows);
  if (!options.all_rows && file.has_column("FIBTABLE", "TARGUSE")) {
    use = file.read_column<std::string>("FIBTABLE", "TARGUSE");
  }
  for (std::size_t row = 0; row < rows; ++row) {
    if (upper_case(use[row]) != "S") {
      weave.targets.push_back(row);
    }
  }
  return weave;
}

}  // namespace rvfit::io
