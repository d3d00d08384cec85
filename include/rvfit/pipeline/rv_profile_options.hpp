// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Options of the posterior of rv (pipeline/rv_profile.hpp).

namespace rvfit {

/// Velocities of a window (docs/decisions/0010-starts-are-screened-twice.md).
inline constexpr int rv_window_points = 9;

/// Windows that are tried for one posterior.
inline constexpr int max_rv_windows = 6;

struct RvProfileOptions {
  bool enabled = true;  ///< else the moments are NaN
};

}  // namespace rvfit
