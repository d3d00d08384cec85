// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Every count of a header is held against the size of the file before anything uses it: axes, groups,
/// parameters, the heap of a table and the entries in it, columns, tiles. Otherwise one damaged number makes
/// CFITSIO's offsets wrap around, so that it walks in circles, or asks for more memory than there is.
///
/// Sizes are those of the FITS standard 4.0 (Pence et al. 2010, A&A 524, A42, and later), sections 4.4.1.1
/// and 7.3:
///
///   bytes of data = |BITPIX| / 8 * GCOUNT * (PCOUNT + NAXIS1 * .. * NAXISm)

#include <rvfit/io/fits/detail/raw_header.hpp>
#include <rvfit/io/fits/io_error.hpp>

#include <fitsio.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rvfit::io::detail {

/// The counts of the current HDU of a file. Each member throws an IoError that names the keyword at fault.
class HduCounts {
 public:
  /// @param[in] size  bytes of the file, unpacked
  HduCounts(const std::string& path, fitsfile* file, const std::string& hdu, LONGLONG size)
      : path_(path), file_(file), hdu_(hdu), size_(size) {}

  /// Bytes of the data without the padding behind them, after all counts are looked at.
  [[nodiscard]] LONGLONG data_bytes() {
    const LONGLONG cell = std::abs(integer("BITPIX").value_or(8)) / 8;
    const LONGLONG axes = count("NAXIS", 0, 999);
    const LONGLONG parameters = count("PCOUNT", 0, size_);
    const LONGLONG groups = count("GCOUNT", 1, size_);
    LONGLONG numbers = axes > 0 ? 1 : 0;
    for (LONGLONG n = 1; n <= axes; ++n) {
      const std::string name = "NAXIS" + std::to_string(n);
      const LONGLONG extent = count(name, 0, size_);
      if (!(n == 1 && extent == 0 && axes > 1 && groups > 1)) {  // NAXIS1 = 0: random groups
        numbers = product(numbers, extent, "NAXIS1 .. " + name);
      }
    }
    if (parameters > most_bytes - numbers) {
      fail("PCOUNT and the axes count more than any file holds");
    }
    const LONGLONG bytes = product(product(numbers + parameters, groups, "GCOUNT and the axes"),
                                   cell, "BITPIX and the axes");
    if (text("XTENSION") == "BINTABLE") {
      require_columns();
      require_tiles();
    }
    return bytes;
  }

 private:
  static constexpr LONGLONG most_bytes = std::numeric_limits<LONGLONG>::max() / 4;

  [[noreturn]] void fail(const std::string& what) const {
    throw IoError(path_ + ": truncated or damaged: " + hdu_text(hdu_) + ": " + what);
  }

  [[nodiscard]] std::optional<LONGLONG> integer(const std::string& name) const {
    if (is_long_text(file_, name)) {
      fail(name + " is a long text, a whole number was expected");
    }
    LONGLONG value = 0;
    int status = 0;
    fits_read_key(file_, TLONGLONG, name.c_str(), &value, nullptr, &status);
    if (status == KEY_NO_EXIST) {
      fits_clear_errmsg();
      return std::nullopt;
    }
    if (status != 0) {
      fail(name + " is no whole number" + cfitsio_text(status));
    }
    return value;
  }

  [[nodiscard]] std::string text(const std::string& name) const {
    char value[FLEN_VALUE] = "";
    int status = 0;
    fits_read_key(file_, TSTRING, name.c_str(), value, nullptr, &status);
    fits_clear_errmsg();
    return status == 0 ? std::string(value).substr(0, std::string(value).find_last_not_of(' ') + 1)
                       : std::string();
  }

  /// A keyword that counts something, `absent` where there is none.
  [[nodiscard]] LONGLONG count(const std::string& name, LONGLONG absent, LONGLONG most) const {
    const LONGLONG value = integer(name).value_or(absent);
    if (value < 0 || value > std::max(most, LONGLONG{1})) {
      fail(name + " is " + std::to_string(value) + ", the file has " + std::to_string(size_) +
           " bytes");
    }
    return value;
  }

  [[nodiscard]] LONGLONG product(LONGLONG a, LONGLONG b, const std::string& what) const {
    if (b != 0 && a > most_bytes / b) {
      fail(what + " count more than any file holds");
    }
    return a * b;
  }

  /// Bytes of one element of a TFORM's letter; of a bit, whose count is rounded up, none.
  [[nodiscard]] static LONGLONG bytes_of(char letter) {
    constexpr std::string_view letters = "LBAIJEKDCPMQ";
    constexpr LONGLONG bytes[] = {1, 1, 1, 2, 4, 4, 8, 8, 8, 8, 16, 16};
    const std::size_t place = letters.find(letter);
    return place == std::string_view::npos ? 0 : bytes[place];
  }

  /// No column is longer than a row, and no entry reaches over the end of the heap.
  void require_columns() const {
    const LONGLONG row = count("NAXIS1", 0, size_);
    const LONGLONG rows = count("NAXIS2", 0, size_);
    const LONGLONG table = product(row, rows, "NAXIS1 and NAXIS2");
    const LONGLONG whole = table + count("PCOUNT", 0, size_);
    const LONGLONG heap = integer("THEAP").value_or(table);
    if (heap < table || heap > whole) {
      fail("THEAP is " + std::to_string(heap) + ", expected " + std::to_string(table) + " to " +
           std::to_string(whole));
    }
    const LONGLONG columns = count("TFIELDS", 0, 999);
    if (file_->Fptr->hdutype != BINARY_TBL || columns != file_->Fptr->tfield) {
      fail("TFIELDS is " + std::to_string(columns) + ", and the header has it or XTENSION twice");
    }
    for (LONGLONG n = 1; n <= columns; ++n) {
      const std::string name = "TFORM" + std::to_string(n);
      const std::string form = text(name);
      const std::size_t digits = std::min(form.find_first_not_of("0123456789"), form.size());
      const std::string number = form.substr(0, digits);
      const char letter = digits < form.size() ? form[digits] : '\0';
      const bool bits = letter == 'X';
      constexpr std::size_t most_digits = 15;
      const LONGLONG repeat = number.empty()                ? 1
                              : number.size() > most_digits ? most_bytes
                                                            : std::stoll(number);
      if ((bits ? repeat / 8 : repeat) > row || (repeat * bytes_of(letter) > row && !bits)) {
        fail(std::string(name)
                 .append(" is '")
                 .append(form)
                 .append("', a row has ")
                 .append(std::to_string(row))
                 .append(" bytes"));
      }
      if ((letter == 'P' || letter == 'Q') && repeat > 0 && digits + 1 < form.size()) {
        require_entries(static_cast<int>(n), rows, whole - heap, form[digits + 1]);
      }
    }
  }

  /// Entries of a column of variable length.
  void require_entries(int column, LONGLONG rows, LONGLONG heap, char letter) const {
    std::vector<LONGLONG> lengths(static_cast<std::size_t>(rows));
    std::vector<LONGLONG> starts(lengths.size());
    int status = 0;
    if (rows > 0) {
      fits_read_descriptsll(file_, column, 1, rows, lengths.data(), starts.data(), &status);
    }
    if (status != 0) {
      fits_clear_errmsg();
      return;  // beyond the end of a truncated file, which is said elsewhere
    }
    const LONGLONG bytes = bytes_of(letter);
    for (std::size_t n = 0; n < lengths.size(); ++n) {
      const bool inside = lengths[n] >= 0 && starts[n] >= 0 && starts[n] <= heap &&
                          (bytes == 0 ? lengths[n] / 8 <= heap - starts[n]
                                      : lengths[n] <= (heap - starts[n]) / bytes);
      if (!inside && lengths[n] != 0) {
        fail("row " + std::to_string(n + 1) + " of column " + std::to_string(column) + " has " +
             std::to_string(lengths[n]) + " elements from byte " + std::to_string(starts[n]) +
             " of a heap of " + std::to_string(heap));
      }
    }
  }

  /// A compressed image has as many tiles as rows, and is not larger than its bytes could unpack to.
  void require_tiles() const {
    if (text("ZIMAGE") != "T") {
      return;
    }
    // PLIO, the most compact of the methods, has 4095 numbers of 4 bytes in 2 bytes.
    constexpr LONGLONG most_compact = 8192;
    const LONGLONG most = product(size_, most_compact, "the file's bytes");
    const LONGLONG axes = count("ZNAXIS", 0, 999);
    LONGLONG image = 4;
    LONGLONG tile = 4;
    LONGLONG tiles = axes > 0 ? 1 : 0;
    for (LONGLONG n = 1; n <= axes; ++n) {
      const std::string number = std::to_string(n);
      const LONGLONG extent = count("ZNAXIS" + number, 0, most);
      const LONGLONG side =
          std::max<LONGLONG>(count("ZTILE" + number, n == 1 ? extent : 1, most), 1);
      image = product(image, extent, "ZNAXIS1 .. ZNAXIS" + number);
      tile =
          product(tile, std::min(side, std::max<LONGLONG>(extent, 1)), "ZTILE1 .. ZTILE" + number);
      tiles = product(tiles, extent / side + (extent % side != 0 ? 1 : 0), "the tiles");
    }
    if (image > most || tile > most) {
      fail("ZNAXISn and ZTILEn count " + std::to_string(std::max(image, tile) / 4) +
           " pixels, the file has " + std::to_string(size_) + " bytes");
    }
    if (const LONGLONG rows = count("NAXIS2", 0, size_); tiles != rows) {
      fail("has " + std::to_string(tiles) + " tiles by ZNAXISn and ZTILEn, and " +
           std::to_string(rows) + " rows of them");
    }
  }

  const std::string& path_;
  fitsfile* file_;
  const std::string& hdu_;
  LONGLONG size_;
};

}  // namespace rvfit::io::detail
