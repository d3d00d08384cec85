// SPDX-License-Identifier: MIT

/// @file
/// A spectrum of LAMOST.

#include "memory_file.hpp"
#include "targets.hpp"
#include <rvfit/io/lamost/read_lamost.hpp>

void rvfit::fuzz::lamost(const std::uint8_t* bytes, std::size_t count) {
  rvfit::fuzz::read_or_refuse(bytes, count, [](const std::string& path) {
    static_cast<void>(rvfit::io::read_lamost(path, {}));
  });
}
