// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Brings spectra from what a file has to what a library of templates wants.

#include "program.hpp"
#include "spectra_settings.hpp"
#include <rvfit/emulator/emulator_data.hpp>

namespace rvfit_programs {

/// A reader whose wavelengths are in the library's medium. The arguments must outlive it.
///
/// | library | spectra | |
/// |---|---|---|
/// | unknown | any | taken as they are |
/// | known | the same | taken as they are |
/// | known | the other | converted (core/medium.hpp) |
/// | known | unknown | refused |
///
/// @throws rvfit::InvalidArgument  a medium is given for spectra where that of the library is unknown
[[nodiscard]] Reader matched_to_library(const Reader& read, const SpectraSettings& settings,
                                        const rvfit::EmulatorData& library);

}  // namespace rvfit_programs
