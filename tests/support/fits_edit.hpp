// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Changes to FITS files, to make the bad ones that readers must refuse. All through CFITSIO
/// itself, so that a fault of rvfit's own reader or writer cannot hide.

#include <doctest/doctest.h>
#include <fitsio.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::test {

/// A FITS file open for changes; its checksums are put right in the end.
class FitsEdit {
 public:
  explicit FitsEdit(const std::string& path) {
    fits_open_diskfile(&file_, path.c_str(), READWRITE, &status_);
    REQUIRE(status_ == 0);
  }
  FitsEdit(const FitsEdit&) = delete;
  FitsEdit& operator=(const FitsEdit&) = delete;
  ~FitsEdit() {
    int hdus = 0;
    fits_get_num_hdus(file_, &hdus, &status_);
    for (int number = 1; number <= hdus; ++number) {
      fits_movabs_hdu(file_, number, nullptr, &status_);
      fits_write_chksum(file_, &status_);
    }
    fits_close_file(file_, &status_);
    CHECK(status_ == 0);
  }

  /// Make an HDU the current one.
  FitsEdit& at(std::string hdu) {
    fits_movnam_hdu(file_, ANY_HDU, hdu.data(), 0, &status_);
    REQUIRE(status_ == 0);
    return *this;
  }
  FitsEdit& at_primary() {
    fits_movabs_hdu(file_, 1, nullptr, &status_);
    return *this;
  }

  void set(const char* keyword, const char* value) {
    fits_update_key_str(file_, keyword, value, nullptr, &status_);
  }
  void set(const char* keyword, int value) {
    fits_update_key_lng(file_, keyword, value, nullptr, &status_);
  }
  void set(const char* keyword, double value) {
    fits_update_key_dbl(file_, keyword, value, -15, nullptr, &status_);
  }
  void remove_keyword(const char* keyword) { fits_delete_key(file_, keyword, &status_); }
  void remove_hdu() { fits_delete_hdu(file_, nullptr, &status_); }

  /// One cell of a table; columns and rows count from 1.
  void set_cell(int column, int row, double value) {
    fits_write_col(file_, TDOUBLE, column, row, 1, 1, &value, &status_);
  }
  void set_cell(int column, int row, std::string value) {
    char* text = value.data();
    fits_write_col_str(file_, column, row, 1, 1, &text, &status_);
  }
  void set_unsigned(int column, int row, std::uint64_t value) {
    fits_write_col(file_, TULONGLONG, column, row, 1, 1, &value, &status_);
  }
  void remove_column(int column) { fits_delete_col(file_, column, &status_); }
  void remove_rows(int first, int count) { fits_delete_rows(file_, first, count, &status_); }

  /// A table of zeros behind the others, which becomes the current HDU. @param[in] columns  name, TFORM
  void add_table(const char* hdu, std::vector<std::pair<std::string, std::string>> columns,
                 int rows) {
    std::vector<char*> names, forms;
    for (auto& [name, form] : columns) {
      names.push_back(name.data());
      forms.push_back(form.data());
    }
    fits_create_tbl(file_, BINARY_TBL, rows, static_cast<int>(columns.size()), names.data(),
                    forms.data(), nullptr, hdu, &status_);
  }
  /// A column of zeros behind the others of a table, which becomes the current HDU.
  void add_column(const char* hdu, std::string name, std::string form) {
    int columns = 0;
    at(hdu);
    fits_get_num_cols(file_, &columns, &status_);
    fits_insert_col(file_, columns + 1, name.data(), form.data(), &status_);
  }

  /// Pixels first .. first + count - 1 of an image, counted from 0 in row-major order.
  void set_pixels(long long first, long long count, double value) {
    std::vector<double> values(static_cast<std::size_t>(count), value);
    fits_write_img(file_, TDOUBLE, first + 1, count, values.data(), &status_);
  }
  [[nodiscard]] double pixel(long long index) {
    double value = 0;
    fits_read_img(file_, TDOUBLE, index + 1, 1, nullptr, &value, nullptr, &status_);
    return value;
  }

  /// Give an image other extents, fastest first; the values are lost.
  void resize(std::vector<long> extents, int type = DOUBLE_IMG) {
    fits_resize_img(file_, type, static_cast<int>(extents.size()), extents.data(), &status_);
  }

 private:
  fitsfile* file_ = nullptr;
  int status_ = 0;
};

/// Copy a file, whatever CFITSIO does by the new name: .gz is gzipped.
inline void copy_fits(const std::string& from, const std::string& to) {
  fitsfile* input = nullptr;
  fitsfile* output = nullptr;
  int status = 0;
  fits_open_diskfile(&input, from.c_str(), READONLY, &status);
  fits_create_file(&output, to.c_str(), &status);
  fits_copy_file(input, output, 1, 1, 1, &status);
  fits_close_file(output, &status);
  fits_close_file(input, &status);
  REQUIRE(status == 0);
}

/// Copy a file with one of its images compressed in tiles.
inline void compress_image(const std::string& from, const std::string& to, const std::string& hdu) {
  fitsfile* input = nullptr;
  fitsfile* output = nullptr;
  int status = 0;
  int hdus = 0;
  fits_open_diskfile(&input, from.c_str(), READONLY, &status);
  fits_create_diskfile(&output, to.c_str(), &status);
  fits_get_num_hdus(input, &hdus, &status);
  for (int number = 1; number <= hdus; ++number) {
    char name[FLEN_VALUE] = "";
    fits_movabs_hdu(input, number, nullptr, &status);
    fits_read_key(input, TSTRING, "EXTNAME", name, nullptr, &status);
    if (status == KEY_NO_EXIST) {
      status = 0;
    }
    if (name == hdu) {
      fits_set_compression_type(output, GZIP_1, &status);
      fits_img_compress(input, output, &status);
      fits_set_compression_type(output, 0, &status);
    } else {
      fits_copy_hdu(input, output, 0, &status);
    }
  }
  fits_close_file(output, &status);
  fits_close_file(input, &status);
  fits_clear_errmsg();
  REQUIRE(status == 0);
}

}  // namespace rvfit::test
