// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Wavelengths where the Earth's atmosphere absorbs strongly: the bands of O2 (gamma, B, A) and of H2O, in vacuum, for spectra
/// from the ground. Round numbers around the heads of the bands, within the wider regions that LCO's FLOYDS pipeline
/// (banzai-floyds, telluric_utils.py, by TelFit, Gullikson et al. 2014, AJ 148, 53) lists: O2 6220-6400, 6800-7100
/// and 7580-7770, H2O 7100-7500, 7800-8690 and 8730-10550. No atlas was measured for them: weak lines lie outside.

#include <array>

namespace rvfit_programs {

struct TelluricWindow {
  const char* name;
  double lower;  ///< [Angstrom]
  double upper;  ///< [Angstrom]
};

inline constexpr std::array telluric_windows{
    TelluricWindow{"O2-gamma", 6276.0, 6320.0}, TelluricWindow{"O2-B", 6867.0, 6946.0},
    TelluricWindow{"H2O-7200", 7164.0, 7325.0}, TelluricWindow{"O2-A", 7590.0, 7720.0},
    TelluricWindow{"H2O-8200", 8130.0, 8350.0}, TelluricWindow{"H2O-9000", 8940.0, 9240.0},
    TelluricWindow{"H2O-9400", 9245.0, 9850.0},
};

}  // namespace rvfit_programs
