// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// What an output repeats of its input: keywords, and rows of tables with every column they have.

#include <rvfit/io/fits/fits_input.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace rvfit::io {

struct Repeated {
  /// Rows of a table, in the order wanted.
  struct Table {
    std::string hdu;
    std::vector<std::size_t> rows;
  };

  std::shared_ptr<FitsInput> from;    ///< none: nothing is repeated
  std::vector<std::string> keywords;  ///< of the primary header, those that it has
  std::vector<Table> tables;          ///< those that it has
};

}  // namespace rvfit::io
