// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Writing one FITS file: under a temporary name beside its place, with checksums, and renamed
/// when complete. A file of the final name is thus never half written.

#include <rvfit/io/fits/array_shape.hpp>
#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/detail/table_column.hpp>
#include <rvfit/io/fits/durable_rename.hpp>
#include <rvfit/io/fits/fits_file.hpp>
#include <rvfit/io/fits/fits_hdus.hpp>
#include <rvfit/io/fits/io_error.hpp>
#include <rvfit/io/fits/repeated.hpp>
#include <rvfit/io/fits/temporary_name.hpp>

#include <fitsio.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rvfit::io {

/// A FITS file being written; nothing is left of it unless `commit` is called.
class FitsOutput {
 public:
  /// Start a file with an empty primary HDU. @throws IoError  the folder cannot be written to
  explicit FitsOutput(std::string path)
      : path_(std::move(path)), place_(behind_links(path_)), temporary_(place_) {
    fitsfile* file = nullptr;
    int status = 0;
    fits_create_diskfile(&file, detail::literal_name(temporary_.path().string()).c_str(), &status);
    if (status != 0) {
      throw IoError(path_ + ": cannot be created" + detail::cfitsio_text(status));
    }
    file_.reset(file);
    fits_create_img(file_.get(), BYTE_IMG, 0, nullptr, &status);
    check("PRIMARY", status);
  }

  /// Add keywords to the header of the newest HDU.
  void write_keywords(const std::vector<Keyword>& keywords) {
    int status = 0;
    for (const Keyword& keyword : keywords) {
      const char* name = keyword.name.c_str();
      const char* comment = keyword.comment.c_str();
      std::visit(
          [&](const auto& value) {
            using Value = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<Value, std::string>) {
              fits_update_key_longstr(file_.get(), name, value.c_str(), comment, &status);
            } else if constexpr (std::is_same_v<Value, bool>) {
              fits_update_key_log(file_.get(), name, value ? 1 : 0, comment, &status);
            } else if constexpr (std::is_same_v<Value, double>) {
              fits_update_key_dbl(file_.get(), name, value, -15, comment, &status);
            } else {
              fits_update_key_lng(file_.get(), name, value, comment, &status);
            }
          },
          keyword.value);
      check(keyword.name, status);
    }
  }

  /// Add a COMMENT to the newest HDU.
  void write_comment(const std::string& text) {
    int status = 0;
    fits_write_comment(file_.get(), text.c_str(), &status);
    check("COMMENT", status);
  }

  /// Add an image HDU; `values` is row-major with the extents `shape`.
  template <class T>
  void write_image(const std::string& hdu, const std::vector<T>& values, const ArrayShape& shape,
                   const std::string& unit = {}) {
    const int number = create_image<T>(hdu, shape, unit);
    if (!values.empty()) {
      write_image_part(number, 0, values.size(), values.data());
    }
  }

  /// Add an image HDU of zeros, to be written later. @return  its number, for `write_image_rows`
  template <class T>
  int create_image(const std::string& hdu, const ArrayShape& shape, const std::string& unit = {}) {
    std::vector<LONGLONG> extents(shape.rbegin(), shape.rend());
    int status = 0;
    int number = 0;
    fits_create_imgll(file_.get(), image_type<T>(), static_cast<int>(extents.size()),
                      extents.data(), &status);
    check(hdu, status);
    fits_get_hdu_num(file_.get(), &number);
    images_[number] = hdu;
    write_keywords({{"EXTNAME", hdu, "name of this HDU"}});
    if (!unit.empty()) {
      write_keywords({{"BUNIT", unit, "unit of the values"}});
    }
    return number;
  }

  /// Write rows of an image, the numbers of its first axis, in any order, each `width` numbers.
  template <class T>
  void write_image_rows(int number, const std::vector<std::size_t>& rows, std::size_t width,
                        const T* values) {
    for_each_run(rows, [&](std::size_t first, std::size_t count) {
      write_image_part(number, rows[first] * width, count * width, values + first * width);
    });
  }

  /// Add a table HDU with one row per entry of its columns, each with TUNIT and TCOMM.
  void write_table(const std::string& hdu, const std::vector<Column>& columns) {
    detail::require_equal_rows(hdu, columns);
    detail::require_unique_names(hdu, columns);
    int status = 0;
    fits_create_tbl(file_.get(), BINARY_TBL, 0, 0, nullptr, nullptr, nullptr, hdu.c_str(), &status);
    check(hdu, status);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const Column& column = columns[c];
      const int number = static_cast<int>(c) + 1;
      fits_insert_col(file_.get(), number, const_cast<char*>(column.name.c_str()),
                      const_cast<char*>(detail::column_format(column).c_str()), &status);
      if (!detail::is_text(column) && column.shape.size() > 1) {
        std::vector<long> extents(column.shape.rbegin(), column.shape.rend());
        fits_write_tdim(file_.get(), number, static_cast<int>(extents.size()), extents.data(),
                        &status);
      }
      check(hdu + "." + column.name, status);
      write_keywords({{"TUNIT" + std::to_string(number), column.unit, "unit of " + column.name},
                      {"TCOMM" + std::to_string(number), column.comment, ""}});
    }
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (const auto* cells = std::get_if<StoredCells>(&columns[c].values)) {
        detail::write_cards(file_.get(), static_cast<int>(c) + 1, *cells, &status);
      }
    }
    fits_set_hdustruc(file_.get(), &status);
    check(hdu, status);
    write_rows(hdu, columns);
  }

  /// Add keywords of the input's primary header to that of the newest HDU, as they are there.
  void repeat_keywords(const Repeated& input) {
    if (!input.from) {
      return;
    }
    fitsfile* from = input.from->at("PRIMARY");
    for (const std::string& name : input.keywords) {
      char card[FLEN_CARD] = "";
      int status = 0;
      fits_read_card(from, name.c_str(), card, &status);
      if (status == KEY_NO_EXIST) {
        fits_clear_errmsg();
        continue;
      }
      fits_update_card(file_.get(), name.c_str(), card, &status);
      check(name, status);
    }
  }

  /// Add rows of the input's tables as HDUs of their own: every column, unit and keyword as it is.
  void repeat_tables(const Repeated& input) {
    for (const Repeated::Table& table : input.tables) {
      if (input.from && input.from->has(table.hdu)) {
        copy_rows(input.from->at(table.hdu), table);
      }
    }
  }

  /// Write the checksums, close, see that all is there, and give the file its name. CFITSIO's own word that
  /// it has closed a file well is not enough: its last block may be lost on a full disk.
  /// @throws IoError  for example: disk full
  void commit() {
    int status = 0;
    int hdus = 0;
    fits_get_num_hdus(file_.get(), &hdus, &status);
    for (int number = 1; number <= hdus; ++number) {
      fits_movabs_hdu(file_.get(), number, nullptr, &status);
      fits_write_chksum(file_.get(), &status);
    }
    check("checksums", status);
    fits_close_file(file_.release(), &status);
    check("closing", status);
    require_whole();
    durable_rename(temporary_.path(), place_);
  }

 private:
  /// Write the values of the newest HDU, a table, as many rows at a time as CFITSIO has buffers for: column by column, it
  /// would write and read the file once for each of them.
  void write_rows(const std::string& hdu, const std::vector<Column>& columns) {
    const std::size_t rows = columns.empty() ? 0 : detail::row_count(columns.front());
    int status = 0;
    long at_a_time = 1;
    fits_get_rowsize(file_.get(), &at_a_time, &status);
    check(hdu, status);
    const auto most = static_cast<std::size_t>(at_a_time);
    for (std::size_t first = 0; first < rows; first += most) {
      for (std::size_t c = 0; c < columns.size(); ++c) {
        detail::write_rows(file_.get(), static_cast<int>(c) + 1, columns[c], first,
                           std::min(most, rows - first), &status);
        check(hdu + "." + columns[c].name, status);
      }
    }
  }

  /// Write `count` numbers of an image from the `first` on.
  template <class T>
  void write_image_part(int number, std::size_t first, std::size_t count, const T* values) {
    int status = 0;
    fits_movabs_hdu(file_.get(), number, nullptr, &status);
    // CFITSIO takes what it writes through a pointer to non-const and leaves it unchanged.
    fits_write_img(file_.get(), detail::type_code<T>(), static_cast<LONGLONG>(first) + 1,
                   static_cast<LONGLONG>(count), const_cast<T*>(values), &status);
    check(images_.at(number), status);
  }

  /// Read the closed file as any reader would. @throws IoError  it is not as long as its headers say, or is
  /// not what was written
  void require_whole() const {
    std::error_code error;
    bool whole =
        std::filesystem::file_size(temporary_.path(), error) % detail::fits_block_bytes == 0;
    try {
      FitsHdus(temporary_.path().string()).verify_checksums();
    } catch (const IoError&) {
      whole = false;
    }
    if (!whole || error) {
      throw IoError(path_ + ": cannot be written as a whole, is the disk full?");
    }
  }

  /// Copy the header of a table, and some of its rows with what they have in the heap.
  void copy_rows(fitsfile* from, const Repeated::Table& table) {
    int status = 0;
    fits_copy_header(from, file_.get(), &status);
    fits_modify_key_lng(file_.get(), "NAXIS2", 0, "&", &status);
    fits_modify_key_lng(file_.get(), "PCOUNT", 0, "&", &status);
    fits_set_hdustruc(file_.get(), &status);
    for_each_run(table.rows, [&](std::size_t first, std::size_t count) {
      fits_copy_rows(from, file_.get(), static_cast<LONGLONG>(table.rows[first]) + 1,
                     static_cast<LONGLONG>(count), &status);
    });
    check(table.hdu, status);
  }

  void check(const std::string& what, int status) const {
    if (status != 0) {
      throw IoError(path_ + ": " + what + " cannot be written" + detail::cfitsio_text(status));
    }
  }

  template <class T>
  [[nodiscard]] static constexpr int image_type() {
    return std::is_same_v<T, float>    ? FLOAT_IMG
           : std::is_same_v<T, double> ? DOUBLE_IMG
                                       : 8 * static_cast<int>(sizeof(T));
  }

  std::string path_;
  std::filesystem::path place_;  ///< behind symbolic links
  TemporaryName temporary_;      // outlives file_
  detail::FitsPointer file_;
  std::map<int, std::string> images_;  ///< their names by number
};

}  // namespace rvfit::io
