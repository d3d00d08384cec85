// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reading one FITS file: HDUs by name, images and columns with checked extents, keywords.
/// Compressed files (.gz) and tile-compressed images are read like any other.

#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/detail/open_fits.hpp>
#include <rvfit/io/fits/fits_file.hpp>
#include <rvfit/io/fits/io_error.hpp>

#include <fitsio.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rvfit::io {

/// What to do with a stored number that the type in memory cannot hold.
enum class OutOfRange { refuse, clamp };

/// A FITS file open for reading. Every failure is an IoError that names the file and the HDU.
class FitsInput {
 public:
  /// Open, list the HDUs, and check that the file is as long as its headers say.
  /// @throws IoError  missing, not FITS, or truncated
  explicit FitsInput(std::string path) : path_(std::move(path)), file_(detail::open_fits(path_)) {
    detail::require_unpacked_size(path_, file_.get());
    numbers_ = detail::list_hdus(path_, file_.get());
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  /// Whether there is an HDU of this name ("PRIMARY" for the first) or number ("1" for the first
  /// after that). Everywhere an HDU is wanted, either will do.
  [[nodiscard]] bool has(const std::string& hdu) { return number_of(hdu) > 0; }

  /// @throws IoError  naming every HDU of the list that is missing
  void require_hdus(const std::vector<std::string>& names) {
    std::string missing;
    for (const std::string& name : names) {
      if (!has(name)) {
        missing += (missing.empty() ? "'" : ", '") + name + "'";
      }
    }
    if (!missing.empty()) {
      throw IoError(path_ + ": HDU " + missing + " missing");
    }
  }

  /// Check CHECKSUM and DATASUM of every HDU that has them.
  /// @throws IoError  one that is wrong
  void verify_checksums() {
    for (const auto& [name, number] : numbers_) {
      move_to(name);
      int data = 0;
      int whole = 0;
      int status = 0;
      fits_verify_chksum(file_.get(), &data, &whole, &status);
      if (status != 0 || data < 0 || whole < 0) {
        fail(name, "checksum is wrong, the file is damaged", status);
      }
    }
  }

  /// Extents of an image, slowest first; empty without data.
  [[nodiscard]] ArrayShape image_shape(const std::string& hdu) {
    move_to(hdu);
    int type = 0;
    int axes = 0;
    std::array<LONGLONG, 8> extents{};
    int status = 0;
    fits_get_img_paramll(file_.get(), static_cast<int>(extents.size()), &type, &axes,
                         extents.data(), &status);
    if (status != 0 || axes > static_cast<int>(extents.size())) {
      fail(hdu, "an image was expected", status);
    }
    ArrayShape shape;
    for (int axis = axes; axis-- > 0;) {
      shape.push_back(static_cast<std::size_t>(extents[static_cast<std::size_t>(axis)]));
    }
    return shape;
  }

  /// @throws IoError  an image has another shape; both are named
  void require_shape(const std::string& hdu, const ArrayShape& expected) {
    const ArrayShape shape = image_shape(hdu);
    if (shape != expected) {
      fail(hdu, "has " + detail::shape_text(shape) + " pixels, expected " +
                    detail::shape_text(expected));
    }
  }

  /// Read an image of a known shape, row-major, converted to T. NaN stays NaN.
  /// @throws IoError  another shape, with both
  template <class T>
  [[nodiscard]] std::vector<T> read_image(const std::string& hdu, const ArrayShape& expected,
                                          OutOfRange policy = OutOfRange::refuse) {
    require_shape(hdu, expected);
    std::vector<T> values(detail::element_count(expected));
    if (!values.empty()) {
      read_image_part(hdu, 0, values.size(), values.data(), policy);
    }
    return values;
  }

  /// Read `count` numbers of an image from the `first` on, in row-major order, to `out`. NaN stays NaN.
  template <class T>
  void read_image_part(const std::string& hdu, std::size_t first, std::size_t count, T* out,
                       OutOfRange policy = OutOfRange::refuse) {
    move_to(hdu);
    int status = 0;
    int any_null = 0;
    fits_read_img(file_.get(), detail::type_code<T>(), static_cast<LONGLONG>(first) + 1,
                  static_cast<LONGLONG>(count), nullptr, out, &any_null, &status);
    if (status == NUM_OVERFLOW && policy == OutOfRange::clamp) {
      fits_clear_errmsg();  // CFITSIO has stored the nearest value that T can hold
      status = 0;
    }
    if (status != 0) {
      fail(hdu, "pixels cannot be read", status);
    }
  }

  /// Read rows of an image, the numbers of its first axis, in any order, each `width` numbers, to `out`.
  template <class T>
  void read_image_rows(const std::string& hdu, const std::vector<std::size_t>& rows,
                       std::size_t width, T* out, OutOfRange policy = OutOfRange::refuse) {
    for_each_run(rows, [&](std::size_t first, std::size_t count) {
      read_image_part(hdu, rows[first] * width, count * width, out + first * width, policy);
    });
  }

  /// Rows of a table.
  [[nodiscard]] std::size_t row_count(const std::string& table) {
    move_to(table);
    LONGLONG rows = 0;
    int status = 0;
    fits_get_num_rowsll(file_.get(), &rows, &status);
    if (status != 0) {
      fail(table, "a table was expected", status);
    }
    return static_cast<std::size_t>(rows);
  }

  [[nodiscard]] bool has_column(const std::string& table, const std::string& column) {
    move_to(table);
    return column_number(column) > 0;
  }

  /// Read a column with one value a row: T is a number, bool (a logical column) or std::string
  /// (without trailing blanks).
  /// @throws IoError  no such column, or of another kind
  template <class T>
  [[nodiscard]] std::vector<T> read_column(const std::string& table, const std::string& column) {
    const std::size_t rows = row_count(table);
    const int number = column_number(column);
    if (number == 0) {
      fail(table, "has no column " + column);
    }
    int type = 0;
    LONGLONG repeat = 0;
    LONGLONG width = 0;
    int status = 0;
    fits_get_coltypell(file_.get(), number, &type, &repeat, &width, &status);
    constexpr bool text = std::is_same_v<T, std::string>;
    constexpr bool flag = std::is_same_v<T, bool>;
    if (status != 0 || (type == TSTRING) != text || (type == TLOGICAL) != flag ||
        (text ? repeat != width : repeat != 1)) {
      fail(table,
           "column " + column + " was expected to hold one " +
               (text   ? "string"
                : flag ? "logical value"
                       : "number") +
               " a row",
           status);
    }
    std::vector<T> values(rows);
    const auto count = static_cast<LONGLONG>(rows);
    if (rows == 0) {
      return values;
    }
    if constexpr (text) {
      const auto stride = static_cast<std::size_t>(width) + 1;
      std::vector<char> buffer(rows * stride, '\0');
      std::vector<char*> pointers(rows);
      for (std::size_t row = 0; row < rows; ++row) {
        pointers[row] = buffer.data() + row * stride;
      }
      fits_read_col_str(file_.get(), number, 1, 1, count, nullptr, pointers.data(), nullptr,
                        &status);
      for (std::size_t row = 0; row < rows; ++row) {
        values[row] = detail::without_trailing_blanks(pointers[row]);
      }
    } else if constexpr (flag) {
      std::vector<char> buffer(rows, 0);
      fits_read_col_log(file_.get(), number, 1, 1, count, 0, buffer.data(), nullptr, &status);
      std::transform(buffer.begin(), buffer.end(), values.begin(), [](char c) { return c != 0; });
    } else {
      fits_read_col(file_.get(), detail::type_code<T>(), number, 1, 1, count, nullptr,
                    values.data(), nullptr, &status);
    }
    if (status != 0) {
      fail(table, "column " + column + " cannot be read", status);
    }
    return values;
  }

  /// Numbers of a column with W of them a row, (R, W) row-major; of a logical column 0 and 1.
  /// @throws IoError  no such column, of strings, or of rows that differ in length
  template <class T>
  [[nodiscard]] std::vector<T> read_matrix(const std::string& table, const std::string& column) {
    const std::size_t rows = row_count(table);
    const auto [number, type, width] = column_format(table, column);
    if (type < 0 || type == TSTRING || type == TBIT || type >= TCOMPLEX) {
      fail(table, "column " + column + " was expected to hold as many numbers in every row");
    }
    const std::size_t count = rows * width;
    std::vector<T> values(count);
    int status = 0;
    if (type == TLOGICAL) {
      std::vector<char> flags(count, 0);
      fits_read_col_log(file_.get(), number, 1, 1, static_cast<LONGLONG>(count), 0, flags.data(),
                        nullptr, &status);
      std::transform(flags.begin(), flags.end(), values.begin(),
                     [](char flag) { return static_cast<T>(flag != 0 ? 1 : 0); });
    } else if (count > 0) {
      fits_read_col(file_.get(), detail::type_code<T>(), number, 1, 1, static_cast<LONGLONG>(count),
                    nullptr, values.data(), nullptr, &status);
    }
    if (status == NUM_OVERFLOW && std::is_integral_v<T>) {
      fits_clear_errmsg();  // CFITSIO has stored the nearest value that T can hold
      status = 0;
    }
    if (status != 0) {
      fail(table, "column " + column + " cannot be read", status);
    }
    return values;
  }

  /// W of `read_matrix`. @throws IoError  no such column
  [[nodiscard]] std::size_t column_width(const std::string& table, const std::string& column) {
    move_to(table);
    return column_format(table, column).width;
  }

  /// TUNIT of a column, empty without one. @throws IoError  no such column
  [[nodiscard]] std::string column_unit(const std::string& table, const std::string& column) {
    move_to(table);
    const int number = column_format(table, column).number;
    return keyword<std::string>(table, "TUNIT" + std::to_string(number)).value_or("");
  }

  /// A column with one value a row, of whatever kind, with its unit.
  /// @throws IoError  no such column, or with several values a row
  [[nodiscard]] Column read_any_column(const std::string& table, const std::string& column) {
    move_to(table);
    Column out{column, column_unit(table, column), "Copied from the input", {}, {}};
    const int type = column_format(table, column).type;
    if (type == TSTRING) {
      out.values = read_column<std::string>(table, column);
    } else if (type == TLOGICAL) {
      const std::vector<bool> flags = read_column<bool>(table, column);
      out.values = Flags(flags.begin(), flags.end());
    } else if (type == TFLOAT) {
      out.values = read_column<float>(table, column);
    } else if (type == TDOUBLE) {
      out.values = read_column<double>(table, column);
    } else if (type == TLONGLONG) {
      out.values = read_column<std::int64_t>(table, column);
    } else {
      out.values = read_column<std::int32_t>(table, column);
    }
    return out;
  }

  /// A keyword of an HDU's header, if it is there. T is std::string, bool, a double or an int64.
  /// @throws IoError  there, but of another kind
  template <class T>
  [[nodiscard]] std::optional<T> keyword(const std::string& hdu, const std::string& name) {
    move_to(hdu);
    int status = 0;
    T value{};
    if constexpr (std::is_same_v<T, std::string>) {
      char* text = nullptr;
      fits_read_key_longstr(file_.get(), name.c_str(), &text, nullptr, &status);
      if (status == 0) {
        value = detail::without_trailing_blanks(text);
      }
      int ignored = 0;
      fits_free_memory(text, &ignored);
    } else if constexpr (std::is_same_v<T, bool>) {
      int flag = 0;
      fits_read_key(file_.get(), TLOGICAL, name.c_str(), &flag, nullptr, &status);
      value = flag != 0;
    } else {
      fits_read_key(file_.get(), detail::type_code<T>(), name.c_str(), &value, nullptr, &status);
    }
    if (status == KEY_NO_EXIST) {
      fits_clear_errmsg();
      return std::nullopt;
    }
    if (status != 0) {
      fail(hdu, "keyword " + name + " cannot be read", status);
    }
    return value;
  }

  /// A keyword that must be there. @throws IoError  it is not
  template <class T>
  [[nodiscard]] T require_keyword(const std::string& hdu, const std::string& name) {
    auto value = keyword<T>(hdu, name);
    if (!value) {
      fail(hdu, "has no keyword " + name);
    }
    return *value;
  }

  /// The primary HDU and some others, those that there are, kept in memory: this file can be closed.
  /// @throws IoError  one of them cannot be copied
  [[nodiscard]] FitsInput excerpt(const std::vector<std::string>& names) {
    fitsfile* memory = nullptr;
    int status = 0;
    fits_create_file(&memory, "mem://", &status);
    FitsInput part(path_, detail::FitsPointer(memory));
    const auto copy = [&](const std::string& name) {
      fits_copy_hdu(at(name), memory, 0, &status);
      if (status != 0) {
        fail(name, "cannot be copied", status);
      }
      part.numbers_.emplace(name, static_cast<int>(part.numbers_.size()) + 1);
    };
    copy("PRIMARY");
    for (const std::string& name : names) {
      if (has(name)) {
        copy(name);
      }
    }
    fits_flush_file(memory, &status);
    if (status != 0) {
      fail("PRIMARY", "cannot be copied", status);
    }
    return part;
  }

  /// CFITSIO's own handle, an HDU made current, for what this class does not do.
  /// @throws IoError  no such HDU
  [[nodiscard]] fitsfile* at(const std::string& hdu) {
    move_to(hdu);
    return file_.get();
  }

  /// @throws IoError  always: "FILE: HDU 'NAME': what"
  [[noreturn]] void fail(const std::string& hdu, const std::string& what, int status = 0) const {
    throw IoError(path_ + ": " + detail::hdu_text(hdu) + ": " + what +
                  detail::cfitsio_text(status));
  }

 private:
  FitsInput(std::string path, detail::FitsPointer file)
      : path_(std::move(path)), file_(std::move(file)) {}

  void move_to(const std::string& hdu) {
    const int number = number_of(hdu);
    if (number == 0) {
      throw IoError(path_ + ": " + detail::hdu_text(hdu) + " missing");
    }
    int status = 0;
    fits_movabs_hdu(file_.get(), number, nullptr, &status);
    if (status != 0) {
      fail(hdu, "header cannot be read", status);
    }
  }

  struct ColumnFormat {
    int number;
    int type;  ///< CFITSIO's code, negative for rows of different lengths
    std::size_t width;
  };

  /// Of a column of the current HDU. @throws IoError  no such column
  [[nodiscard]] ColumnFormat column_format(const std::string& table, const std::string& column) {
    const int number = column_number(column);
    if (number == 0) {
      fail(table, "has no column " + column);
    }
    int type = 0;
    LONGLONG repeat = 0;
    LONGLONG width = 0;
    int status = 0;
    fits_get_coltypell(file_.get(), number, &type, &repeat, &width, &status);
    if (status != 0) {
      fail(table, "column " + column + " cannot be read", status);
    }
    return {number, type, static_cast<std::size_t>(repeat)};
  }

  /// CFITSIO's number of an HDU, 0 if there is none.
  [[nodiscard]] int number_of(const std::string& hdu) {
    const auto found = numbers_.find(hdu);
    if (found != numbers_.end()) {
      return found->second;
    }
    constexpr std::size_t most_digits = 4;
    if (hdu.empty() || hdu.size() > most_digits ||
        hdu.find_first_not_of("0123456789") != std::string::npos) {
      return 0;
    }
    int hdus = 0;
    int status = 0;
    fits_get_num_hdus(file_.get(), &hdus, &status);
    return std::stoi(hdu) < hdus ? std::stoi(hdu) + 1 : 0;
  }

  /// Number of a column of the current HDU, 0 if there is none.
  [[nodiscard]] int column_number(std::string name) {
    int number = 0;
    int status = 0;
    fits_get_colnum(file_.get(), CASEINSEN, name.data(), &number, &status);
    fits_clear_errmsg();
    return status == 0 ? number : 0;
  }

  std::string path_;
  detail::FitsPointer file_;
  detail::HduNumbers numbers_;
};

}  // namespace rvfit::io
