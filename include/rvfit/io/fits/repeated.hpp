// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// An output repeats parts of its input: keywords, and rows of tables with every column they have.

#include <rvfit/io/fits/fits_input.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace rvfit::io {

/// The input and the parts of it to repeat; a part that the input has not is passed over.
struct Repeated {
  /// Rows of a table, in the order wanted.
  struct Table {
    std::string hdu;
    std::vector<std::size_t> rows;
  };

  std::shared_ptr<FitsInput> from;    ///< none: nothing is repeated
  std::vector<std::string> keywords;  ///< of its primary header
  std::vector<Table> tables;
};

}  // namespace rvfit::io
