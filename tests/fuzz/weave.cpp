// SPDX-License-Identifier: MIT

/// @file
/// Spectra of WEAVE.

#include "memory_file.hpp"
#include <rvfit/io/weave/read_weave.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  rvfit::fuzz::read_or_refuse(bytes, count, [](const std::string& path) {
    static_cast<void>(rvfit::io::read_weave(path, {}));
  });
  return 0;
}
