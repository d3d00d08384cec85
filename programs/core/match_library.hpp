// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Brings spectra from what a file has to what a library of templates and the user want.

#include "options.hpp"
#include "program.hpp"
#include <rvfit/emulator/emulator_data.hpp>

namespace rvfit_programs {

/// A reader whose spectra can be fitted with a library. The arguments must outlive it.
///
/// Wavelengths are brought to the library's medium:
///
/// | library | spectra | |
/// |---|---|---|
/// | unknown | any | taken as they are |
/// | known | the same | taken as they are |
/// | known | the other | converted (core/medium.hpp) |
/// | known | unknown | refused |
///
/// Pixels that are not wanted become bad, and are left out where no spectrum of the file has others
/// beyond them. A line spread stays only where it can be applied: the library tells its own, and there are no
/// matrices.
///
/// @throws rvfit::InvalidArgument  a medium is given for spectra where that of the library is unknown
[[nodiscard]] Reader matched_to_library(const Reader& read, const Options& options,
                                        const rvfit::EmulatorData& library);

/// Names of the arms of a library, with commas between them.
[[nodiscard]] std::string names_of_arms(const rvfit::EmulatorData& library);

}  // namespace rvfit_programs
