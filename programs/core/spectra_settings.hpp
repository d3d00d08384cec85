// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Treatment of the spectra of a run, whatever file they come from.

#include <rvfit/core/medium.hpp>

namespace rvfit_programs {

struct SpectraSettings {
  rvfit::Medium medium = rvfit::Medium::unknown;          ///< unknown: as the reader says
  rvfit::Medium library_medium = rvfit::Medium::unknown;  ///< if the library does not say
};

}  // namespace rvfit_programs
