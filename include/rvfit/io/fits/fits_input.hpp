// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads a FITS file: images and columns of tables with checked extents, besides the HDUs and keywords of
/// `FitsHdus`. Compressed files (.gz) and tile-compressed images are read like any other.

#include <rvfit/io/fits/array_shape.hpp>
#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_file.hpp>
#include <rvfit/io/fits/fits_hdus.hpp>
#include <rvfit/io/fits/text.hpp>

#include <fitsio.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rvfit::io {

/// A stored number that the type in memory cannot hold is an error, or becomes the nearest that it can.
enum class OutOfRange { refuse, clamp };

/// A FITS file open for reading. Every failure is an IoError that names the file and the HDU.
class FitsInput : public FitsHdus {
 public:
  using FitsHdus::FitsHdus;

  /// Extents of an image, slowest first; empty without data.
  [[nodiscard]] ArrayShape image_shape(const std::string& hdu) {
    int type = 0;
    int axes = 0;
    std::array<LONGLONG, 8> extents{};
    int status = 0;
    fits_get_img_paramll(at(hdu), static_cast<int>(extents.size()), &type, &axes, extents.data(),
                         &status);
    if (status != 0) {
      fail(hdu, "is " + content(hdu) + ", an image was expected");
    }
    if (axes > static_cast<int>(extents.size())) {
      fail(hdu, "is an image of " + std::to_string(axes) + " axes");
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
      fail(hdu, "has " + shape_text(shape) + " pixels, expected " + shape_text(expected));
    }
  }

  /// Read an image of a known shape, row-major, converted to T. NaN stays NaN.
  /// @throws IoError  another shape, with both
  template <class T>
  [[nodiscard]] std::vector<T> read_image(const std::string& hdu, const ArrayShape& expected,
                                          OutOfRange policy = OutOfRange::refuse) {
    require_shape(hdu, expected);
    std::vector<T> values(element_count(expected));
    if (!values.empty()) {
      read_image_part(hdu, 0, values.size(), values.data(), policy);
    }
    return values;
  }

  /// Whether float holds every number of an image: its numbers are of that type, and there is no scale.
  [[nodiscard]] bool is_float_image(const std::string& hdu) {
    int type = 0, status = 0;
    fits_get_img_type(at(hdu), &type, &status);
    if (status != 0) {
      fail(hdu, "is " + content(hdu) + ", an image was expected");
    }
    return type == FLOAT_IMG && keyword<double>(hdu, "BSCALE").value_or(1.0) == 1.0 &&
           keyword<double>(hdu, "BZERO").value_or(0.0) == 0.0;
  }

  /// Read `count` numbers of an image from the `first` on, in row-major order, to `out`. NaN stays NaN.
  template <class T>
  void read_image_part(const std::string& hdu, std::size_t first, std::size_t count, T* out,
                       OutOfRange policy = OutOfRange::refuse) {
    int status = 0;
    int any_null = 0;
    fits_read_img(at(hdu), detail::type_code<T>(), static_cast<LONGLONG>(first) + 1,
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
  void read_image_rows(const std::string& hdu, std::span<const std::size_t> rows, std::size_t width,
                       T* out, OutOfRange policy = OutOfRange::refuse) {
    for_each_run(rows, [&](std::size_t first, std::size_t count) {
      read_image_part(hdu, rows[first] * width, count * width, out + first * width, policy);
    });
  }

  /// Rows of a table.
  [[nodiscard]] std::size_t row_count(const std::string& table) {
    LONGLONG rows = 0;
    int status = 0;
    fits_get_num_rowsll(at(table), &rows, &status);
    if (status != 0) {
      fail(table, "is " + content(table) + ", a table was expected");
    }
    return static_cast<std::size_t>(rows);
  }

  [[nodiscard]] bool has_column(const std::string& table, const std::string& column) {
    return column_number(at(table), column) > 0;
  }

  /// Read a column with one value a row: T is a number, bool (a logical column) or std::string
  /// (without trailing blanks).
  /// @throws IoError  no such column, or of another kind
  template <class T>
  [[nodiscard]] std::vector<T> read_column(const std::string& table, const std::string& column) {
    const std::size_t rows = row_count(table);
    fitsfile* file = at(table);
    const auto [number, type, repeat, width] = column_format(table, column);
    constexpr bool text = std::is_same_v<T, std::string>;
    constexpr bool flag = std::is_same_v<T, bool>;
    if ((type == TSTRING) != text || (type == TLOGICAL) != flag ||
        (text ? repeat != width : repeat != 1)) {
      fail(table, "column " + column + " is " + kind_of(column_format(table, column)) +
                      ", expected one " +
                      (text   ? "string"
                       : flag ? "logical value"
                              : "number") +
                      " a row");
    }
    std::vector<T> values(rows);
    int status = 0;
    const auto count = static_cast<LONGLONG>(rows);
    if (rows == 0) {
      return values;
    }
    if constexpr (text) {
      const std::size_t stride = width + 1;
      std::vector<char> buffer(rows * stride, '\0');
      std::vector<char*> pointers(rows);
      for (std::size_t row = 0; row < rows; ++row) {
        pointers[row] = buffer.data() + row * stride;
      }
      fits_read_col_str(file, number, 1, 1, count, nullptr, pointers.data(), nullptr, &status);
      for (std::size_t row = 0; row < rows; ++row) {
        values[row] = without_trailing_blanks(pointers[row]);
      }
    } else if constexpr (flag) {
      std::vector<char> buffer(rows, 0);
      fits_read_col_log(file, number, 1, 1, count, 0, buffer.data(), nullptr, &status);
      std::transform(buffer.begin(), buffer.end(), values.begin(), [](char c) { return c != 0; });
    } else {
      fits_read_col(file, detail::type_code<T>(), number, 1, 1, count, nullptr, values.data(),
                    nullptr, &status);
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
    fitsfile* file = at(table);
    const ColumnFormat format = column_format(table, column);
    const int number = format.number, type = format.type;
    const std::size_t width = format.repeat;
    if (type < 0 || type == TSTRING || type == TBIT || type >= TCOMPLEX) {
      fail(table, "column " + column + " is " + kind_of(format) + ", expected numbers");
    }
    const std::size_t count = rows * width;
    std::vector<T> values(count);
    int status = 0;
    if (type == TLOGICAL) {
      std::vector<char> flags(count, 0);
      fits_read_col_log(file, number, 1, 1, static_cast<LONGLONG>(count), 0, flags.data(), nullptr,
                        &status);
      std::transform(flags.begin(), flags.end(), values.begin(),
                     [](char flag) { return static_cast<T>(flag != 0 ? 1 : 0); });
    } else if (count > 0) {
      fits_read_col(file, detail::type_code<T>(), number, 1, 1, static_cast<LONGLONG>(count),
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

  /// One row of `read_matrix`, (W), and no more of the file.
  /// @throws IoError  no such column, not of numbers, or of rows that differ in length
  template <class T>
  [[nodiscard]] std::vector<T> read_matrix_row(const std::string& table, const std::string& column,
                                               std::size_t row) {
    const std::size_t rows = row_count(table);
    fitsfile* file = at(table);
    const ColumnFormat format = column_format(table, column);
    if (format.type < 0 || format.type == TSTRING || format.type == TBIT ||
        format.type == TLOGICAL || format.type >= TCOMPLEX || row >= rows) {
      fail(table, "column " + column + " is " + kind_of(format) + " of " + std::to_string(rows) +
                      " rows, expected numbers in row " + std::to_string(row + 1));
    }
    std::vector<T> values(format.repeat);
    int status = 0;
    if (!values.empty()) {
      fits_read_col(file, detail::type_code<T>(), format.number, static_cast<LONGLONG>(row) + 1, 1,
                    static_cast<LONGLONG>(values.size()), nullptr, values.data(), nullptr, &status);
    }
    if (status != 0) {
      fail(table, "column " + column + " cannot be read", status);
    }
    return values;
  }

  /// W of `read_matrix`. @throws IoError  no such column
  [[nodiscard]] std::size_t column_width(const std::string& table, const std::string& column) {
    return column_format(table, column).repeat;
  }

  /// TUNIT of a column, empty without one. @throws IoError  no such column
  [[nodiscard]] std::string column_unit(const std::string& table, const std::string& column) {
    const int number = column_format(table, column).number;
    return keyword<std::string>(table, "TUNIT" + std::to_string(number)).value_or("");
  }

  /// A column of whatever kind, with its unit: plain values with one a row are read, all others are kept as
  /// the file has them. @throws IoError  no such column, or of variable length
  [[nodiscard]] Column read_any_column(const std::string& table, const std::string& column) {
    Column out{column, column_unit(table, column), "Copied from the input", {}, {}};
    const ColumnFormat format = column_format(table, column);
    fitsfile* file = at(table);
    const bool text = format.type == TSTRING;
    const bool plain = format.type < TCOMPLEX && format.type != TBIT &&
                       format.repeat == (text ? format.width : 1) &&
                       !detail::is_scaled(file, format.number);
    if (format.type < 0) {
      fail(table, "column " + column + " is of variable length, and cannot be copied");
    }
    if (!plain && is_binary(table)) {
      int status = 0;
      out.values = detail::read_stored(file, format.number, row_count(table), &status);
      if (status != 0) {
        fail(table, "column " + column + " cannot be read", status);
      }
    } else if (text) {
      out.values = read_column<std::string>(table, column);
    } else if (format.type == TLOGICAL) {
      const std::vector<bool> flags = read_column<bool>(table, column);
      out.values = Flags(flags.begin(), flags.end());
    } else if (format.type == TFLOAT) {
      out.values = read_column<float>(table, column);
    } else if (format.type == TDOUBLE || !plain) {
      out.values = read_column<double>(table, column);
    } else if (format.type == TLONGLONG) {
      out.values = read_column<std::int64_t>(table, column);
    } else {
      out.values = read_column<std::int32_t>(table, column);
    }
    return out;
  }

  /// As `FitsHdus::opened_again`.
  [[nodiscard]] std::optional<FitsInput> opened_again() const {
    std::optional<FitsHdus> again = FitsHdus::opened_again();
    return again ? std::optional(FitsInput(std::move(*again))) : std::nullopt;
  }

  /// As `FitsHdus::excerpt`.
  [[nodiscard]] FitsInput excerpt(const std::vector<std::string>& names) {
    return FitsInput(FitsHdus::excerpt(names));
  }

 private:
  explicit FitsInput(FitsHdus&& hdus) : FitsHdus(std::move(hdus)) {}

  struct ColumnFormat {
    int number;
    int type;            ///< CFITSIO's code, negative for rows of different lengths
    std::size_t repeat;  ///< elements a row; of text characters
    std::size_t width;   ///< bytes of an element; characters of a string
  };

  /// The contents of a column in a message: "text", "of variable length".
  [[nodiscard]] static std::string kind_of(const ColumnFormat& format) {
    const std::string many = std::to_string(format.repeat);
    return format.type < 0           ? "of variable length"
           : format.type == TSTRING  ? "text"
           : format.type == TLOGICAL ? "of " + many + " logical values a row"
           : format.type == TBIT     ? "of " + many + " bits a row"
           : format.type >= TCOMPLEX && format.type != TLONGLONG
               ? "of " + many + " complex numbers a row"
               : "of " + many + " numbers a row";
  }

  /// An HDU in a message: "an image of 5 x 3909", "a table of 3 rows".
  [[nodiscard]] std::string content(const std::string& hdu) {
    fitsfile* file = at(hdu);
    int type = 0;
    int status = 0;
    fits_get_hdu_type(file, &type, &status);
    if (type == IMAGE_HDU) {  // compressed or not
      const ArrayShape shape = image_shape(hdu);
      return shape.empty() ? "without data" : "an image of " + shape_text(shape);
    }
    return "a table of " + std::to_string(row_count(hdu)) + " rows";
  }

  [[nodiscard]] bool is_binary(const std::string& table) {
    int type = 0;
    int status = 0;
    fits_get_hdu_type(at(table), &type, &status);
    return type == BINARY_TBL;
  }

  /// @throws IoError  no such column
  [[nodiscard]] ColumnFormat column_format(const std::string& table, const std::string& column) {
    (void)row_count(table);
    fitsfile* file = at(table);
    const int number = column_number(file, column);
    if (number == 0) {
      fail(table, "has no column " + column);
    }
    int type = 0;
    LONGLONG repeat = 0;
    LONGLONG width = 0;
    int status = 0;
    fits_get_coltypell(file, number, &type, &repeat, &width, &status);
    if (status != 0) {
      fail(table, "column " + column + " cannot be read", status);
    }
    return {number, type, static_cast<std::size_t>(repeat), static_cast<std::size_t>(width)};
  }

  /// Number of a column of the current HDU, 0 if there is none.
  [[nodiscard]] static int column_number(fitsfile* file, std::string name) {
    int number = 0;
    int status = 0;
    fits_get_colnum(file, CASEINSEN, name.data(), &number, &status);
    fits_clear_errmsg();
    return status == 0 ? number : 0;
  }
};

}  // namespace rvfit::io
