// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// One column of a table in memory, and one keyword of a header, with unit and comment.

#include <rvfit/io/fits/stored_cells.hpp>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rvfit::io {

/// Logical values of a column; not std::vector<bool>, so that CFITSIO can read them in place.
using Flags = std::vector<char>;

/// One column: R rows of `width` values each, row-major.
struct Column {
  using Values =
      std::variant<std::vector<double>, std::vector<float>, std::vector<std::int32_t>,
                   std::vector<std::int64_t>, Flags, std::vector<std::string>, StoredCells>;

  std::string name;
  std::string unit;     ///< as FITS writes it, empty for pure numbers
  std::string comment;  ///< for a reader of the header
  Values values;
  /// Extents of one row's entry, slowest first; empty for a single value. For strings instead the
  /// least number of characters, {16}.
  std::vector<std::size_t> shape = {};
};

/// Entries `rows` of a column with one value a row.
[[nodiscard]] inline Column take(const Column& column, const std::vector<std::size_t>& rows) {
  Column taken{column.name, column.unit, column.comment, {}, column.shape};
  std::visit(
      [&](const auto& values) {
        using Values = std::decay_t<decltype(values)>;
        if constexpr (std::is_same_v<Values, StoredCells>) {
          taken.values = values.take(rows);
        } else {
          Values chosen;
          chosen.reserve(rows.size());
          for (const std::size_t row : rows) {
            chosen.push_back(values[row]);
          }
          taken.values = std::move(chosen);
        }
      },
      column.values);
  return taken;
}

/// One keyword of a header.
struct Keyword {
  std::string name;
  std::variant<std::string, double, std::int64_t, bool> value;
  std::string comment;
};

}  // namespace rvfit::io
