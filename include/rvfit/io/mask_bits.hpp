// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Bits of a survey's masks, by name.

#include <rvfit/io/fits/text.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace rvfit::io {

/// One bit.
struct MaskBit {
  const char* name;
  int bit;
  bool matters;  ///< makes a pixel bad, unless the user says otherwise
};

/// All that matter, as a number.
[[nodiscard]] inline std::int64_t bits_that_matter(std::span<const MaskBit> bits) {
  std::int64_t sum = 0;
  for (const MaskBit& bit : bits) {
    sum |= bit.matters ? std::int64_t{1} << bit.bit : 0;
  }
  return sum;
}

/// The number of a bit that is named, or given by its place; nothing for a name that is not known.
[[nodiscard]] inline std::optional<std::int64_t> bit_named(std::span<const MaskBit> bits,
                                                           const std::string& name) {
  for (const MaskBit& bit : bits) {
    if (upper_case(name) == bit.name) {
      return std::int64_t{1} << bit.bit;
    }
  }
  int place = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), place);
  constexpr int places = 63;
  if (error != std::errc{} || end != name.data() + name.size() || place < 0 || place >= places) {
    return std::nullopt;
  }
  return std::int64_t{1} << place;
}

}  // namespace rvfit::io
