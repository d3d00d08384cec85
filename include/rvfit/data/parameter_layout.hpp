// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The columns of theta that a model of a star's spectrum has: first the labels of the template library, then the
/// widths of the broadening stages that are on (vsini ..), then the velocities, one or one for each exposure.

#include <rvfit/core/require.hpp>

namespace rvfit {

/// Positions of parameters in theta and in gradients; made once by the model.
struct ParameterLayout {
  int labels = 0;      ///< labels of the library: columns 0 .. labels - 1
  int widths = 0;      ///< widths of broadening stages [km/s], the next columns
  int velocities = 1;  ///< velocities [km/s], the last columns; 1: all exposures share it

  [[nodiscard]] int size() const { return labels + widths + velocities; }

  /// Column of the width number s. @throws InvalidArgument  there is none
  [[nodiscard]] int width(int s = 0) const {
    RVFIT_REQUIRE(s >= 0 && s < widths, "ParameterLayout: width ", s, " of ", widths);
    return labels + s;
  }

  /// Column of the rv of an exposure. @throws InvalidArgument  an exposure that has none
  [[nodiscard]] int rv(int exposure = 0) const {
    RVFIT_REQUIRE(velocities == 1 || (exposure >= 0 && exposure < velocities),
                  "ParameterLayout: exposure ", exposure, " of ", velocities, " velocities");
    return labels + widths + (velocities == 1 ? 0 : exposure);
  }

  // Jets of a template have a lane for its value and one for each tangent, in the order of the columns, with the
  // one velocity that shifts it last.

  /// Lanes of the library's own templates.
  [[nodiscard]] int library_lanes() const { return 1 + labels; }
  /// Lanes after broadening.
  [[nodiscard]] int broadened_lanes() const { return library_lanes() + widths; }
  /// Lanes on observed pixels.
  [[nodiscard]] int observed_lanes() const { return broadened_lanes() + 1; }
};

}  // namespace rvfit
