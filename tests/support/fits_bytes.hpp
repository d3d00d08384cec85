// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Headers changed byte by byte, to say what CFITSIO would refuse to write.

#include <cstddef>
#include <string>

namespace rvfit::test {

constexpr std::size_t fits_block = 2880;

/// The place of the header of an HDU whose name is `hdu`; that of the first HDU if it is empty.
[[nodiscard]] inline std::size_t header_of(const std::string& bytes, const std::string& hdu) {
  if (hdu.empty()) {
    return 0;
  }
  std::size_t place = bytes.find("EXTNAME = '" + hdu);
  while (place != 0 && bytes.compare(place, 9, "XTENSION=") != 0) {
    place -= 80;
  }
  return place;
}

/// Give a keyword of a header a value, in the column of numbers; one that is not there replaces the card
/// before END.
[[nodiscard]] inline std::string with_card(std::string bytes, const std::string& hdu,
                                           std::string keyword, std::string value) {
  keyword.resize(8, ' ');
  std::size_t place = header_of(bytes, hdu);
  while (bytes.compare(place, 8, keyword) != 0 && bytes.compare(place + 80, 8, "END     ") != 0) {
    place += 80;
  }
  std::string card = keyword + "= ";
  card += value.starts_with('\'') ? value : std::string(20 - value.size(), ' ') + value;
  card.resize(80, ' ');
  return bytes.replace(place, 80, card);
}

}  // namespace rvfit::test
