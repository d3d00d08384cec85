// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The numerical core of the programs, behind a class without templates: precision is chosen at run
/// time, and only fitter_float.cpp and fitter_double.cpp see rvfit::Fitter.

#include "batch.hpp"
#include "fit_settings.hpp"
#include "summary.hpp"
#include <rvfit/data/parameters.hpp>
#include <rvfit/data/prepare_options.hpp>
#include <rvfit/emulator/emulator_data.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace rvfit_programs {

/// Fits batches, several side by side.
class SurveyFitter {
 public:
  SurveyFitter() = default;
  SurveyFitter(const SurveyFitter&) = delete;
  SurveyFitter& operator=(const SurveyFitter&) = delete;
  virtual ~SurveyFitter() = default;

  [[nodiscard]] virtual std::string execution_space() const = 0;
  /// Threads of the execution space, 0 on a device.
  [[nodiscard]] virtual int threads() const = 0;
  /// Batches that can be fitted side by side.
  [[nodiscard]] virtual std::size_t workers() const = 0;
  /// Targets of a batch, of so many in all.
  [[nodiscard]] virtual std::size_t batch_size(std::size_t targets) const = 0;
  /// Parameters of a fit with one velocity.
  [[nodiscard]] virtual const rvfit::ParameterSet& parameters() const = 0;

  /// Observed wavelengths that templates of an arm reach at every rv within its bounds; empty (lower >= upper) if there are
  /// none.
  [[nodiscard]] virtual rvfit::WaveRange covered(const std::string& arm) const = 0;

  /// Fit a batch; the same bits for a target whatever the others are, unless spectra have wavelengths of
  /// their own: then the same up to rounding and the tolerance of the solver. Plans and arrays are kept
  /// from one batch to the next while arms, wavelengths and the number of exposures stay.
  ///
  /// @param[in]     worker   below `workers()`; different ones may be called at the same time
  /// @param[in]     batch    of arms that the emulator has, not empty
  /// @param[in,out] seconds  gains what the phases took
  /// @throws rvfit::InvalidArgument  the emulator lacks an arm or does not cover its wavelengths
  [[nodiscard]] virtual BatchFit fit(std::size_t worker, const Batch& batch, Seconds& seconds) = 0;
};

/// A fitter on the default execution space. Kokkos must be initialised.
/// @throws rvfit::InvalidArgument  a fixed parameter that the emulator lacks
[[nodiscard]] std::unique_ptr<SurveyFitter> make_float_fitter(const rvfit::EmulatorData& emulator,
                                                              const FitSettings& settings);
/// The same, spectra and templates in double.
[[nodiscard]] std::unique_ptr<SurveyFitter> make_double_fitter(const rvfit::EmulatorData& emulator,
                                                               const FitSettings& settings);

}  // namespace rvfit_programs
