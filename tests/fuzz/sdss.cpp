// SPDX-License-Identifier: MIT

/// @file
/// A spectrum of SDSS.

#include "memory_file.hpp"
#include "targets.hpp"
#include <rvfit/io/sdss/read_sdss.hpp>

void rvfit::fuzz::sdss(const std::uint8_t* bytes, std::size_t count) {
  rvfit::fuzz::read_or_refuse(bytes, count, [](const std::string& path) {
    static_cast<void>(rvfit::io::read_sdss(path, {}));
  });
}
