// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// From a synthetic spectrum to ln T of all arms of an instrument: medium, line spread and pixels, normalisation.

#include "instrument.hpp"
#include "options.hpp"
#include "template_reader.hpp"
#include <rvfit/core/medium.hpp>
#include <rvfit/data/template_grid.hpp>
#include <rvfit/library/resample_template.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rvfit_library {

/// All arms of an instrument for spectra of the same wavelengths, again and again. Copies share what was prepared;
/// each has memory of its own to work in.
class ArmMaker {
 public:
  /// @param[in] templates  line spread that spectra have already
  /// @param[in] medium     of their wavelengths
  ArmMaker(const Instrument& instrument, const std::vector<rvfit::TemplateGrid>& grids,
           const LineSpread& templates, rvfit::Medium medium, Normalization normalization);

  /// Be ready for spectra of these wavelengths; with more than one thread, an arm each.
  /// @throws rvfit::InvalidArgument  they do not reach an arm
  void prepare(const Wavelengths& wave, int threads);

  /// ln T of all arms, one after another, or why there is none.
  struct Made {
    std::vector<float> ln_template;
    std::string fault;  ///< empty if all is well
  };

  /// Templates of some spectra, there until the next call. A fault is that the spectrum does not reach an arm, or is
  /// not positive there.
  [[nodiscard]] std::span<const Made> make(std::span<const TemplateSpectrum> spectra);

 private:
  void make_alike(std::span<const TemplateSpectrum> spectra, std::span<Made> made);
  [[nodiscard]] rvfit::TemplateResampler resampler(std::size_t a,
                                                   const std::vector<double>& wave) const;

  struct Prepared {
    Wavelengths wave;  ///< as in the file
    std::vector<rvfit::TemplateResampler> resamplers;
  };

  const Instrument& instrument_;
  const std::vector<rvfit::TemplateGrid>& grids_;
  LineSpread templates_;
  rvfit::Medium medium_;
  Normalization normalization_;
  std::shared_ptr<const Prepared> prepared_;
  std::vector<Made> made_;
  std::vector<std::vector<double>> arms_;  ///< one arm of some spectra
};

}  // namespace rvfit_library
