// SPDX-License-Identifier: MIT

/// @file
/// A file of redshifts, for targets that it has, that it has not, and that come twice.

#include "memory_file.hpp"
#include "targets.hpp"
#include <rvfit/io/desi/read_redrock.hpp>

void rvfit::fuzz::redrock(const std::uint8_t* bytes, std::size_t count) {
  rvfit::fuzz::read_or_refuse(bytes, count, [](const std::string& path) {
    const std::vector<std::int64_t> targets{1, 3, 99, 3};
    static_cast<void>(rvfit::io::read_redrock({path, "REDSHIFTS"}, targets).columns());
  });
}
