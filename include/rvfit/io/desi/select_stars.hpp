// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Rows of a DESI file that are fitted unless more is asked for.

#include <rvfit/io/desi/desi_file.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace rvfit::io {

/// Bits of a fiber status that rvspecfit accepts: 3 (restricted reach) and 20 (variable).
inline constexpr std::int64_t harmless_fiber_status = (1 << 3) | (1 << 20);

/// Rows that rvspecfit fits by default: all but sky fibers (OBJTYPE SKY), bad ones (BAD), and those
/// whose fiber status has other bits than the harmless ones.
[[nodiscard]] inline std::vector<std::size_t> select_stars(
    const DesiFile& file, std::int64_t harmless = harmless_fiber_status) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < file.rows(); ++row) {
    const std::string& type = file.object_type[row];
    if (type != "SKY" && type != "BAD" && (file.fiber_status[row] & ~harmless) == 0) {
      rows.push_back(row);
    }
  }
  return rows;
}

/// Every row.
[[nodiscard]] inline std::vector<std::size_t> select_all(const DesiFile& file) {
  std::vector<std::size_t> rows(file.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

}  // namespace rvfit::io
