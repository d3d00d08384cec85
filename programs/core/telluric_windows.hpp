// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Wavelengths where the Earth's atmosphere absorbs: the bands of O2 and H2O of Hinkle, Wallace and Livingston
/// (2003, BAAS 35, 1260, an atlas of the transmission above Kitt Peak) where the transmission at the resolution of
/// a survey falls below about 0.95. In vacuum, observed from the ground.

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
