// SPDX-License-Identifier: MIT

/// @file
/// The settings of --config.

#include "core/config_file.hpp"
#include "targets.hpp"

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>

void rvfit::fuzz::settings(const std::uint8_t* bytes, std::size_t count) {
  std::istringstream stream(std::string(reinterpret_cast<const char*>(bytes), count));
  try {
    static_cast<void>(rvfit_programs::read_settings(stream));
  } catch (const std::invalid_argument&) {
    // A line that is no setting is refused.
  }
}
