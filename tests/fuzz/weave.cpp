// SPDX-License-Identifier: MIT

/// @file
/// Spectra of WEAVE.

#include "memory_file.hpp"
#include "targets.hpp"
#include <rvfit/io/weave/read_weave.hpp>

void rvfit::fuzz::weave(const std::uint8_t* bytes, std::size_t count) {
  rvfit::fuzz::read_or_refuse(bytes, count, [](const std::string& path) {
    static_cast<void>(rvfit::io::read_weave(path, {}));
  });
}
