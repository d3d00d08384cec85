// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Looks at the bytes of a header before CFITSIO does. When CFITSIO 4.2 moves to an HDU it allocates TFIELDS
/// columns, whatever their number, and divides by ZTILEn, the extents of a compressed image's tiles: a
/// damaged number ends the program before any check of the parsed header.

#include <rvfit/io/fits/io_error.hpp>

#include <fitsio.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

/// Reads bytes from where ffmbyt has moved to; exported by CFITSIO, declared in its fitsio2.h.
extern "C" int ffgbyt(fitsfile* file, LONGLONG count, void* buffer, int* status);

namespace rvfit::io::detail {

/// Whether the value of a keyword of the current HDU is longer than any number. CFITSIO 4.2 writes its message
/// about a long text that is no whole number beyond the end of a buffer (ffc2j). The header is read from its
/// beginning here and by who reads the keyword next: it may be there twice.
[[nodiscard]] inline bool is_long_text(fitsfile* file, const std::string& keyword) {
  constexpr std::size_t longest_number = 24;  // -1.2345678901234567E-123
  char value[FLEN_VALUE] = "";
  char card[FLEN_CARD] = "";
  int status = 0;
  fits_read_record(file, 0, card, &status);
  fits_read_keyword(file, keyword.c_str(), value, nullptr, &status);
  int ignored = 0;
  fits_read_record(file, 0, card, &ignored);
  fits_clear_errmsg();
  return status == 0 && std::string(value).size() > longest_number;
}

/// Numbers that CFITSIO uses as it finds them. A name that ends in 'n' stands for NAME1, NAME2, ..
struct HeaderLimit {
  std::string_view name;
  double lowest, highest;
};

inline constexpr HeaderLimit header_limits[] = {
    {"TFIELDS", 0, 999},  // FITS standard 4.0, section 7.3.1
    {"ZNAXIS", 0, 6},     // the most that CFITSIO's arrays hold
    {"ZNAXISn", 0, 2147483647},
    {"ZTILEn", 1, 2147483647},
};

/// Whether a keyword is the one that a limit is for.
[[nodiscard]] inline bool is_limited(std::string_view keyword, const HeaderLimit& limit) {
  if (!limit.name.ends_with('n')) {
    return keyword == limit.name;
  }
  const std::string_view stem = limit.name.substr(0, limit.name.size() - 1);
  return keyword.starts_with(stem) && keyword.size() > stem.size() &&
         keyword.find_first_not_of("0123456789", stem.size()) == std::string_view::npos;
}

/// The value of a card as text, without its comment.
[[nodiscard]] inline std::string_view value_text(std::string_view card) {
  std::string_view value = card.substr(10, card.find('/', 10) - 10);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value.substr(0, value.find_last_not_of(' ') + 1);
}

inline constexpr std::size_t card_size = 80;
using HeaderBlock = std::array<char, 36 * card_size>;

/// Check the numbers of a header that CFITSIO has not parsed yet. A header that ends too early is left to
/// CFITSIO's own words.
///
/// @param[in] number  of the HDU, from 1, for messages
/// @param[in] read    fills the next block of the header; false if there is none
/// @throws IoError  a number outside its limits
template <class Read>
void require_sane_cards(const std::string& path, int number, const Read& read) {
  HeaderBlock block{};
  while (read(block)) {
    for (std::size_t first = 0; first < block.size(); first += card_size) {
      const std::string_view card(block.data() + first, card_size);
      const std::string_view keyword = card.substr(0, card.substr(0, 8).find_last_not_of(' ') + 1);
      if (keyword == "END") {
        return;
      }
      const auto limit =
          std::find_if(std::begin(header_limits), std::end(header_limits),
                       [&](const HeaderLimit& each) { return is_limited(keyword, each); });
      if (limit == std::end(header_limits) || card.substr(8, 2) != "= ") {
        continue;
      }
      const std::string_view text = value_text(card);
      double value = 0;
      const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
      if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() ||
          !(value >= limit->lowest && value <= limit->highest)) {
        throw IoError(path + ": truncated or damaged: HDU " + std::to_string(number) + ": " +
                      std::string(keyword) + " is " + std::string(text) + ", expected " +
                      std::to_string(static_cast<long long>(limit->lowest)) + " to " +
                      std::to_string(static_cast<long long>(limit->highest)));
      }
    }
  }
}

/// The same of an HDU behind the first. @param[in] start  its first byte
inline void require_sane_header(const std::string& path, fitsfile* file, int number,
                                LONGLONG start) {
  constexpr int report_end_of_file = 0;  // REPORT_EOF of fitsio2.h
  require_sane_cards(path, number, [&](HeaderBlock& block) {
    int status = 0;
    ffmbyt(file, start, report_end_of_file, &status);
    ffgbyt(file, static_cast<LONGLONG>(block.size()), block.data(), &status);
    start += static_cast<LONGLONG>(block.size());
    if (status != 0) {
      fits_clear_errmsg();
    }
    return status == 0;
  });
}

/// The same of the first header, before CFITSIO opens the file: a primary header begins with SIMPLE, and it would take
/// any other for that of an extension.
/// @throws IoError  not FITS, or a number outside its limits
template <class Read>
void require_sane_primary(const std::string& path, const Read& read) {
  bool is_first = true;
  require_sane_cards(path, 1, [&](HeaderBlock& block) {
    const bool there = read(block);
    if (std::exchange(is_first, false) &&
        !std::string_view(block.data(), card_size).starts_with("SIMPLE  =")) {
      throw IoError(path + ": cannot be read as a FITS file: does not begin with SIMPLE");
    }
    return there;
  });
}

}  // namespace rvfit::io::detail
