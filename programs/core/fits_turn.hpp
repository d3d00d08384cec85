// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Threads that use CFITSIO take turns where it was not built for several (--enable-reentrant).

#include <fitsio.h>

#include <mutex>

namespace rvfit_programs {

/// Hold this while files are read or written.
[[nodiscard]] inline std::unique_lock<std::mutex> fits_turn() {
  static std::mutex mutex;
  static const bool reentrant = fits_is_reentrant() != 0;
  return reentrant ? std::unique_lock<std::mutex>() : std::unique_lock(mutex);
}

}  // namespace rvfit_programs
