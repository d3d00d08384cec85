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

/// Wavelengths that spectra share, increasing  [Angstrom].
using Wavelengths = std::shared_ptr<const std::vector<double>>;

/// A spectrum as it is in its file. One that is read into again keeps its memory.
struct TemplateSpectrum {
  Wavelengths wave;
  std::vector<double> flux;
  rvfit::Medium header_medium = rvfit::Medium::unknown;  ///< as its header says
};

/// Reads spectra, for several threads at a time. A file of many spectra stays open until another is wanted, and one row
/// is read of it, never more. Spectra of equal wavelengths share them where they follow each other.
class TemplateReader {
 public:
  /// Read the file of wavelengths, if there is one. @throws rvfit::io::IoError
  explicit TemplateReader(const Options& options);

  /// Read one. @throws rvfit::io::IoError  it cannot be read, or has a pixel that is not finite
  void read(const Template& which, TemplateSpectrum& spectrum);

 private:
  /// Flux of a FITS file, and its wavelengths if there is no file of them.
  void read_fits(const Template& which, TemplateSpectrum& spectrum, std::vector<double>& wave);
  void read_hdu(rvfit::io::FitsInput& file, const Template& which, TemplateSpectrum& spectrum,
                std::vector<double>& wave) const;
  [[nodiscard]] Wavelengths shared(std::vector<double> wave, const std::string& name);

  std::mutex rows_;  ///< of `open_`
  std::unique_ptr<rvfit::io::FitsInput> open_;
  std::string wave_file_;
  std::mutex waves_;  ///< of `wave_`
  Wavelengths wave_;  ///< of `wave_file_`, or of the spectrum before
};

/// The medium that a spectrum is in, told by the places of strong lines; unknown where it shows too few of them,
/// or they disagree.
[[nodiscard]] rvfit::Medium medium_of_lines(const TemplateSpectrum& spectrum);

}  // namespace rvfit_library
