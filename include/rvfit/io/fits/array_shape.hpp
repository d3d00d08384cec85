// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Extents of an array in memory and in messages.

#include <cstddef>
#include <string>
#include <vector>

namespace rvfit::io {

/// Extents of an array, slowest first: {rows, pixels}. FITS counts the other way round.
using ArrayShape = std::vector<std::size_t>;

/// "200 x 2751", or "no data".
[[nodiscard]] inline std::string shape_text(const ArrayShape& shape) {
  std::string text;
  for (const std::size_t extent : shape) {
    text += (text.empty() ? "" : " x ") + std::to_string(extent);
  }
  return text.empty() ? "no data" : text;
}

/// Number of elements; none without extents.
[[nodiscard]] inline std::size_t element_count(const ArrayShape& shape) {
  std::size_t count = 1;
  for (const std::size_t extent : shape) {
    count *= extent;
  }
  return shape.empty() ? 0 : count;
}

}  // namespace rvfit::io
