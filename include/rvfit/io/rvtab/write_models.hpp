// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Writes best-fit models in rvspecfit's layout: X_WAVELENGTH (N) and X_MODEL (B, N) for each arm,
/// rows in the order of RVTAB (the exposures of a target that were fitted together follow each other),
/// X_WAVELENGTH (B, N) where every spectrum has its own, and a table that tells whose they are: the
/// input's, or FIBERMAP, which is rvspecfit's name for it.

#include <rvfit/core/require.hpp>
#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/fits/repeated.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace rvfit::io {

/// An arm of which models are written.
struct ModelArm {
  std::string label;         ///< B of B_MODEL
  std::size_t pixels;        ///< N
  std::vector<double> wave;  ///< (N)  [Angstrom]; empty where every spectrum has its own
};

/// Models of B spectra, written some rows at a time: no more than these are in memory.
class ModelsOutput {
 public:
  /// Start a file with its images, all zero. @throws IoError  it cannot be written
  ModelsOutput(const std::string& path, const std::vector<ModelArm>& arms, std::size_t rows,
               const std::vector<Keyword>& keywords, const Repeated& input = {})
      : file_(path) {
    file_.write_keywords(keywords);
    file_.repeat_keywords(input);
    for (const ModelArm& arm : arms) {
      const bool shared = !arm.wave.empty();
      Hdus hdus{arm.pixels, 0, 0};
      const std::string name = arm.label + "_WAVELENGTH";
      if (shared) {
        file_.write_image(name, arm.wave, {arm.pixels}, "Angstrom");
      } else {
        hdus.wave = file_.create_image<double>(name, {rows, arm.pixels}, "Angstrom");
      }
      hdus.model = file_.create_image<float>(arm.label + "_MODEL", {rows, arm.pixels});
      arms_.push_back(hdus);
    }
  }

  /// Write rows of an arm.
  ///
  /// @param[in] rows   (R)  of B, in any order
  /// @param[in] model  (R, N)  template times continuum, 0 without a solution  [flux]
  /// @param[in] wave   (R, N)  [Angstrom], where every spectrum has its own
  void write(std::size_t arm, const std::vector<std::size_t>& rows, const std::vector<float>& model,
             const std::vector<double>& wave = {}) {
    const Hdus& hdus = arms_[arm];
    RVFIT_REQUIRE(model.size() == rows.size() * hdus.pixels &&
                      wave.size() == (hdus.wave > 0 ? model.size() : 0),
                  "ModelsOutput: ", rows.size(), " rows of ", hdus.pixels, " pixels, given ",
                  model.size(), " numbers and ", wave.size(), " wavelengths");
    file_.write_image_rows(hdus.model, rows, hdus.pixels, model.data());
    if (hdus.wave > 0) {
      file_.write_image_rows(hdus.wave, rows, hdus.pixels, wave.data());
    }
  }

  /// Add rows of the input's tables, or the table FIBERMAP of `identities` if it has none of them, and give
  /// the file its name. @throws IoError  nothing is left then
  void commit(const std::vector<Column>& identities, const Repeated& input = {}) {
    const bool repeats = std::any_of(
        input.tables.begin(), input.tables.end(),
        [&](const Repeated::Table& table) { return input.from && input.from->has(table.hdu); });
    if (repeats) {
      file_.repeat_tables(input);
    } else {
      file_.write_table("FIBERMAP", identities);
    }
    file_.commit();
  }

 private:
  struct Hdus {
    std::size_t pixels;
    int wave;  ///< 0 where it is written already
    int model;
  };

  FitsOutput file_;
  std::vector<Hdus> arms_;
};

}  // namespace rvfit::io
