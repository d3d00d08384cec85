// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The cells of a column as a file has them, bytes and keywords: whatever kind of column it is (scaled or
/// unsigned integers, with a number that stands for none, bits, complex numbers, vectors), a copy says the same.

#include <rvfit/io/fits/fits_file.hpp>
#include <rvfit/io/fits/io_error.hpp>

#include <fitsio.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

/// R cells of `row_bytes` bytes each, in a file's order of bytes.
struct StoredCells {
  std::string format;  ///< TFORM
  std::size_t row_bytes = 0;
  std::vector<unsigned char> bytes;                        ///< (R, row_bytes)
  std::vector<std::pair<std::string, std::string>> cards;  ///< TZERO, TNULL, TDIM ..: name, card

  [[nodiscard]] std::size_t rows() const { return row_bytes == 0 ? 0 : bytes.size() / row_bytes; }

  /// Some of them. @param[in] rows  in the order wanted
  [[nodiscard]] StoredCells take(const std::vector<std::size_t>& rows) const {
    StoredCells taken{format, row_bytes, {}, cards};
    for (const std::size_t row : rows) {
      const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(row * row_bytes);
      taken.bytes.insert(taken.bytes.end(), first, first + static_cast<std::ptrdiff_t>(row_bytes));
    }
    return taken;
  }
};

namespace detail {

/// Keywords besides TTYPE, TFORM, TUNIT and TCOMM that say what the cells of a column mean.
inline constexpr const char* cell_keywords[] = {"TSCAL", "TZERO", "TNULL", "TDIM", "TDISP"};

/// The card of KEYWORDn in the current HDU, empty without one.
[[nodiscard]] inline std::string card_of(fitsfile* file, const std::string& keyword, int number) {
  char card[FLEN_CARD] = "";
  int status = 0;
  fits_read_card(file, (keyword + std::to_string(number)).c_str(), card, &status);
  fits_clear_errmsg();
  return status == 0 ? card : "";
}

/// Whether the numbers of a column are not simply those that are stored.
[[nodiscard]] inline bool is_scaled(fitsfile* file, int number) {
  return !card_of(file, "TSCAL", number).empty() || !card_of(file, "TZERO", number).empty() ||
         !card_of(file, "TNULL", number).empty();
}

/// Read column `number` of the current HDU, a binary table. `status` is CFITSIO's.
[[nodiscard]] inline StoredCells read_stored(fitsfile* file, int number, std::size_t rows,
                                             int* status) {
  StoredCells cells;
  char format[FLEN_VALUE] = "";
  fits_read_key(file, TSTRING, ("TFORM" + std::to_string(number)).c_str(), format, nullptr, status);
  cells.format = format;
  int columns = 0;
  fits_get_num_cols(file, &columns, status);
  const tcolumn* column = file->Fptr->tableptr + (number - 1);
  const LONGLONG end = number < columns ? column[1].tbcol : file->Fptr->rowlength;
  cells.row_bytes = static_cast<std::size_t>(end - column->tbcol);
  cells.bytes.resize(rows * cells.row_bytes);
  for (std::size_t row = 0; row < rows; ++row) {
    fits_read_tblbytes(file, static_cast<LONGLONG>(row) + 1, column->tbcol + 1, end - column->tbcol,
                       cells.bytes.data() + row * cells.row_bytes, status);
  }
  for (const char* keyword : cell_keywords) {
    if (std::string card = card_of(file, keyword, number); !card.empty()) {
      cells.cards.emplace_back(keyword, std::move(card));
    }
  }
  return cells;
}

/// Write the keywords of cells to the header of column `number`, which is there already.
inline void write_cards(fitsfile* file, int number, const StoredCells& cells, int* status) {
  for (const auto& [keyword, card] : cells.cards) {
    std::string name = keyword + std::to_string(number);
    std::string moved = card;
    fits_delete_key(file, name.c_str(), status);
    if (*status == KEY_NO_EXIST) {
      fits_clear_errmsg();
      *status = 0;
    }
    name.resize(8, ' ');
    moved.replace(0, name.size(), name);
    fits_write_record(file, moved.c_str(), status);
  }
}

/// Write the bytes of some rows of column `number` of the current HDU.
inline void write_stored(fitsfile* file, int number, const StoredCells& cells, std::size_t first,
                         std::size_t count, int* status) {
  const LONGLONG place = file->Fptr->tableptr[number - 1].tbcol + 1;
  for (std::size_t row = first; row < first + count; ++row) {
    // CFITSIO takes what it writes through a pointer to non-const and leaves it unchanged.
    fits_write_tblbytes(
        file, static_cast<LONGLONG>(row) + 1, place, static_cast<LONGLONG>(cells.row_bytes),
        const_cast<unsigned char*>(cells.bytes.data()) + row * cells.row_bytes, status);
  }
}

}  // namespace detail
}  // namespace rvfit::io
