// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Keywords of a one-star file as columns of its table of results.

#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_input.hpp>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

/// A keyword and the column that it becomes.
struct HeaderColumn {
  const char* name;
  std::vector<const char*> keywords;  ///< the first that is there counts
  const char* comment;
  const char* unit = "";
  enum class Kind { integer, real, text } kind = Kind::integer;
};

namespace detail {

[[nodiscard]] inline std::string keyword_fault(const std::string& keyword, const std::string& value,
                                               const std::string& expected) {
  return "keyword " + keyword + " is '" + value + "', expected " + expected;
}

}  // namespace detail

/// Columns of some keywords, those that there are, with `rows` rows of the same value. Surveys write numbers
/// as text now and then: a text of the wanted kind will do.
/// @throws IoError  a keyword that is no number
[[nodiscard]] inline std::vector<Column> header_columns(FitsInput& file, const std::string& hdu,
                                                        const std::vector<HeaderColumn>& wanted,
                                                        std::size_t rows) {
  std::vector<Column> columns;
  for (const HeaderColumn& want : wanted) {
    std::optional<std::string> text;
    std::string keyword;
    for (auto it = want.keywords.begin(); it != want.keywords.end() && !text; ++it) {
      keyword = *it;
      text = file.keyword<std::string>(hdu, keyword);
    }
    if (!text) {
      continue;
    }
    const std::string value = text->substr(std::min(text->find_first_not_of(' '), text->size()));
    Column column{want.name, want.unit, want.comment, {}};
    if (want.kind == HeaderColumn::Kind::text) {
      column.values = std::vector<std::string>(rows, value);
    } else if (want.kind == HeaderColumn::Kind::integer) {
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc{} || end != value.data() + value.size()) {
        file.fail(hdu, detail::keyword_fault(keyword, value, "a whole number"));
      }
      column.values = std::vector<std::int64_t>(rows, number);
    } else {
      char* end = nullptr;
      const double number = std::strtod(value.c_str(), &end);
      if (value.empty() || *end != '\0') {
        file.fail(hdu, detail::keyword_fault(keyword, value, "a number"));
      }
      column.values = std::vector<double>(rows, number);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace rvfit::io
