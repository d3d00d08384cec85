// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Parts of a FITS file kept in memory as they are, to be repeated in an output: the header of the
/// primary HDU and some tables, with every column, unit and keyword that they have.

#include <rvfit/io/fits_file.hpp>
#include <rvfit/io/fits_input.hpp>
#include <rvfit/io/io_error.hpp>

#include <fitsio.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

/// Some HDUs of a file, in memory; the file itself can be closed.
class FitsExcerpt {
 public:
  /// Copy the primary header and those of the tables `names` that the file has.
  /// @throws IoError  one of them cannot be read
  FitsExcerpt(FitsInput& file, const std::vector<std::string>& names) : path_(file.path()) {
    fitsfile* memory = nullptr;
    int status = 0;
    fits_create_file(&memory, "mem://", &status);
    file_.reset(memory);
    file.copy_hdu("PRIMARY", memory);
    for (const std::string& name : names) {
      if (file.has(name)) {
        file.copy_hdu(name, memory);
        names_.insert(name);
      }
    }
    fits_flush_file(memory, &status);
    if (status != 0) {
      throw IoError(path_ + ": tables cannot be kept in memory" + detail::cfitsio_text(status));
    }
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  /// Whether this table was there.
  [[nodiscard]] bool has(const std::string& table) const { return names_.contains(table); }

  /// For `FitsOutput`: the HDU made current. @throws IoError  no such HDU
  [[nodiscard]] fitsfile* at(const std::string& hdu) const {
    int status = 0;
    if (hdu == "PRIMARY") {
      fits_movabs_hdu(file_.get(), 1, nullptr, &status);
    } else {
      std::string name = hdu;
      fits_movnam_hdu(file_.get(), BINARY_TBL, name.data(), 0, &status);
    }
    if (status != 0) {
      throw IoError(path_ + ": " + detail::hdu_text(hdu) + " missing" +
                    detail::cfitsio_text(status));
    }
    return file_.get();
  }

 private:
  std::string path_;
  detail::FitsPointer file_;
  std::set<std::string> names_;
};

/// What an output repeats of its input.
struct Repeated {
  /// Rows of a table, in the order wanted.
  struct Table {
    std::string hdu;
    std::vector<std::size_t> rows;
  };

  const FitsExcerpt* from = nullptr;  ///< none: nothing is repeated
  std::vector<std::string> keywords;  ///< of the primary header, those that it has
  std::vector<Table> tables;          ///< those that it has
};

}  // namespace rvfit::io
