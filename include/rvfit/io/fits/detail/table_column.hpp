// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Writing a column of a table: its format, its number of rows, its values.

#include <rvfit/core/require.hpp>
#include <rvfit/io/fits/array_shape.hpp>
#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_file.hpp>
#include <rvfit/io/fits/stored_cells.hpp>
#include <rvfit/io/fits/text.hpp>

#include <fitsio.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace rvfit::io::detail {

[[nodiscard]] inline bool is_text(const Column& column) {
  return std::holds_alternative<std::vector<std::string>>(column.values);
}

/// TFORM of a column, for example "D", "36D" or "16A".
[[nodiscard]] inline std::string column_format(const Column& column) {
  if (const auto* cells = std::get_if<StoredCells>(&column.values)) {
    return cells->format;
  }
  std::size_t width = column.shape.empty() ? 1 : element_count(column.shape);
  if (is_text(column)) {
    for (const std::string& text : std::get<std::vector<std::string>>(column.values)) {
      width = std::max(width, text.size());
    }
  }
  constexpr const char* letters = "DEJKLA";  // in the order of Column::Values
  return std::to_string(width) + letters[column.values.index()];
}

/// Write numbers, logical values or texts to a column of the current HDU, from a row on.
template <class Value>
void write_numbers(fitsfile* file, int number, std::size_t first_row, std::span<const Value> values,
                   int* status) {
  const auto row = static_cast<LONGLONG>(first_row) + 1,
             count = static_cast<LONGLONG>(values.size());
  if constexpr (std::is_same_v<Value, std::string>) {
    std::vector<char*> pointers;
    pointers.reserve(values.size());
    for (const std::string& text : values) {
      pointers.push_back(const_cast<char*>(text.c_str()));
    }
    fits_write_col_str(file, number, row, 1, count, pointers.data(), status);
  } else if constexpr (std::is_same_v<Value, char>) {
    fits_write_col_log(file, number, row, 1, count, const_cast<char*>(values.data()), status);
  } else {
    fits_write_col(file, type_code<Value>(), number, row, 1, count,
                   const_cast<Value*>(values.data()), status);
  }
}

/// Values of a column in a row.
[[nodiscard]] inline std::size_t row_width(const Column& column) {
  return is_text(column) || column.shape.empty() ? 1 : element_count(column.shape);
}

/// Write some rows of a column of the current HDU. `status` is CFITSIO's.
inline void write_rows(fitsfile* file, int number, const Column& column, std::size_t first,
                       std::size_t count, int* status) {
  std::visit(
      [&]<class Values>(const Values& values) {
        if constexpr (std::is_same_v<Values, StoredCells>) {
          write_stored(file, number, values, first, count, status);
        } else if (!values.empty()) {
          const std::size_t width = row_width(column);
          write_numbers(file, number, first,
                        std::span(values).subspan(first * width, count * width), status);
        }
      },
      column.values);
}

[[nodiscard]] inline std::size_t row_count(const Column& column) {
  return std::visit(
             [](const auto& values) {
               if constexpr (std::is_same_v<std::decay_t<decltype(values)>, StoredCells>) {
                 return values.rows();
               } else {
                 return values.size();
               }
             },
             column.values) /
         row_width(column);
}

/// @throws InvalidArgument  two columns whose rows differ in number
inline void require_equal_rows(const std::string& hdu, const std::vector<Column>& columns) {
  for (const Column& column : columns) {
    RVFIT_REQUIRE(row_count(column) == row_count(columns.front()), hdu, ": column ", column.name,
                  " has ", row_count(column), " rows, ", columns.front().name, " has ",
                  row_count(columns.front()));
  }
}

/// Two columns of one name, whatever the case of its letters, would make a table that few programs can read.
/// @throws InvalidArgument  there are
inline void require_unique_names(const std::string& hdu, const std::vector<Column>& columns) {
  std::set<std::string> names;
  for (const Column& column : columns) {
    RVFIT_REQUIRE(names.insert(upper_case(column.name)).second, hdu, ": two columns are called ",
                  column.name);
  }
}

}  // namespace rvfit::io::detail
