// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The numerical core of the programs, behind a class without templates: precision is chosen at run
/// time, and only fitter_float.cpp and fitter_double.cpp see rvfit::Fitter.

#include "file_fit.hpp"
#include "fit_settings.hpp"
#include "summary.hpp"
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/io/spectra.hpp>

#include <functional>
#include <memory>
#include <string>

namespace rvfit_survey {

/// Told the fraction of the targets that are done.
using TellProgress = std::function<void(double)>;

/// Fits the targets of files, one file after another.
class SurveyFitter {
 public:
  SurveyFitter() = default;
  SurveyFitter(const SurveyFitter&) = delete;
  SurveyFitter& operator=(const SurveyFitter&) = delete;
  virtual ~SurveyFitter() = default;

  [[nodiscard]] virtual std::string execution_space() const = 0;
  /// Concurrency of the execution space.
  [[nodiscard]] virtual int threads() const = 0;

  /// Fit some targets of a file; the same bits whatever the others are, unless spectra have wavelengths
  /// of their own: then the same up to rounding and the tolerance of the solver.
  ///
  /// @param[in]     spectra  arms that the emulator has
  /// @param[in]     targets  T sets of rows of `spectra`
  /// @param[in,out] seconds  gains what the phases took, the mean over threads side by side
  /// @throws rvfit::InvalidArgument  the emulator lacks an arm or does not cover its wavelengths
  [[nodiscard]] virtual FileFit fit(const rvfit::io::Spectra& spectra,
                                    const rvfit::io::Targets& targets, Seconds& seconds,
                                    const TellProgress& tell) = 0;
};

/// A fitter on the default execution space. Kokkos must be initialised.
/// @throws rvfit::InvalidArgument  a fixed parameter that the emulator lacks
[[nodiscard]] std::unique_ptr<SurveyFitter> make_float_fitter(const rvfit::EmulatorData& emulator,
                                                              const FitSettings& settings);
/// The same, spectra and templates in double.
[[nodiscard]] std::unique_ptr<SurveyFitter> make_double_fitter(const rvfit::EmulatorData& emulator,
                                                               const FitSettings& settings);

}  // namespace rvfit_survey
