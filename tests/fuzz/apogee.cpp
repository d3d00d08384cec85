// SPDX-License-Identifier: MIT

/// @file
/// A spectrum of APOGEE.

#include "memory_file.hpp"
#include "targets.hpp"
#include <rvfit/io/apogee/read_apogee.hpp>

void rvfit::fuzz::apogee(const std::uint8_t* bytes, std::size_t count) {
  rvfit::fuzz::read_or_refuse(bytes, count, [](const std::string& path) {
    static_cast<void>(rvfit::io::read_apogee(path, {}));
  });
}
