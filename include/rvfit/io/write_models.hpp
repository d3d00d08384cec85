// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Writes best-fit models in rvspecfit's layout: X_WAVELENGTH (N) and X_MODEL (B, N) for each arm,
/// rows in the order of RVTAB (the exposures of a target that were fitted together follow each other),
/// X_WAVELENGTH (B, N) where every spectrum has its own, and FIBERMAP to tell whose they are.

#include <rvfit/io/column.hpp>
#include <rvfit/io/fits_output.hpp>
#include <rvfit/io/repeated.hpp>

#include <string>
#include <vector>

namespace rvfit::io {

/// Models of B spectra in one arm.
struct ModelArm {
  std::string label;          ///< B of B_MODEL
  std::vector<double> wave;   ///< (N), or (B, N) if `wave_rows` is B  [Angstrom]
  std::vector<float> model;   ///< (B, N)  template times continuum, 0 without a solution  [flux]
  std::size_t wave_rows = 1;  ///< 1: all spectra share their wavelengths
};

/// Write models, and rows of the input's tables, or `fibermap` where the input has none to repeat.
/// @throws IoError  nothing is left then
inline void write_models(const std::string& path, const std::vector<ModelArm>& arms,
                         const std::vector<Column>& fibermap, const std::vector<Keyword>& keywords,
                         const Repeated& input = {}) {
  FitsOutput file(path);
  file.write_keywords(keywords);
  file.repeat_keywords(input);
  for (const ModelArm& arm : arms) {
    const std::size_t pixels = arm.wave.size() / arm.wave_rows;
    file.write_image(arm.label + "_WAVELENGTH", arm.wave,
                     arm.wave_rows == 1 ? ArrayShape{pixels} : ArrayShape{arm.wave_rows, pixels},
                     "Angstrom");
    file.write_image(arm.label + "_MODEL", arm.model, {arm.model.size() / pixels, pixels});
  }
  if (input.from && input.from->has("FIBERMAP")) {
    file.repeat_tables(input);
  } else {
    file.write_table("FIBERMAP", fibermap);
  }
  file.commit();
}

}  // namespace rvfit::io
