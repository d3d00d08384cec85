// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Writes the table of results, RVTAB, and behind it the tables of the input that it repeats.

#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/fits/repeated.hpp>
#include <rvfit/io/rvtab/rvtab_columns.hpp>

#include <string>
#include <vector>

namespace rvfit::io {

/// Write a table of results: a primary HDU with `keywords` and those of the input, RVTAB, and rows of
/// the input's tables. B may be 0. @throws IoError  nothing is left then
inline void write_rvtab(const std::string& path, const Rvtab& table,
                        const std::vector<Keyword>& keywords, const Repeated& input = {}) {
  FitsOutput file(path);
  file.write_keywords(keywords);
  file.repeat_keywords(input);
  file.write_table("RVTAB", rvtab_columns(table));
  for (int p = 0; p < table.result.parameters.size(); ++p) {
    file.write_keywords({{"PARAM" + std::to_string(p), table.result.parameters[p].name,
                          "parameter of bit and covariance row " + std::to_string(p)}});
  }
  file.repeat_tables(input);
  file.commit();
}

}  // namespace rvfit::io
