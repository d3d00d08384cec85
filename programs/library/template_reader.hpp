// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Pixels of synthetic spectra, one spectrum after another.

#include "templates.hpp"
#include <rvfit/core/medium.hpp>
#include <rvfit/io/fits/fits_input.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace rvfit_library {

/// A spectrum as it is in its file.
struct TemplateSpectrum {
  std::vector<double> wave;  ///< increasing  [Angstrom]
  std::vector<double> flux;
  rvfit::Medium header_medium = rvfit::Medium::unknown;  ///< as its header says
};

/// Reads spectra, for several threads at a time. A file of many spectra stays open until another is wanted, and one row
/// is read of it, never more.
class TemplateReader {
 public:
  /// Read the file of wavelengths, if there is one. @throws rvfit::io::IoError
  explicit TemplateReader(const Options& options);

  /// Read one. @throws rvfit::io::IoError  it cannot be read, or has a pixel that is not finite
  [[nodiscard]] TemplateSpectrum read(const Template& which);

 private:
  [[nodiscard]] TemplateSpectrum read_fits(const Template& which);

  std::mutex fits_;  ///< CFITSIO is for one at a time
  std::unique_ptr<rvfit::io::FitsInput> open_;
  std::string wave_file_;
  std::vector<double> wave_;  ///< of `wave_file_`
};

/// The medium that a spectrum is in, told by the places of strong lines; unknown where it shows too few of them,
/// or they disagree.
[[nodiscard]] rvfit::Medium medium_of_lines(const TemplateSpectrum& spectrum);

}  // namespace rvfit_library
