// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A file whose last block is not padded: all its data are there, but CFITSIO reads whole blocks.

#include <rvfit/io/fits/fits_file.hpp>
#include <rvfit/io/fits/io_error.hpp>

#include <fitsio.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io::detail {

constexpr std::size_t fits_block_bytes = 2880;

/// The bytes of a file with zeros up to a whole block, as CFITSIO reads them; outlives the file that it is
/// opened as, and stays where it is.
class PaddedCopy {
 public:
  explicit PaddedCopy(std::string path) : path_(std::move(path)) {
    std::ifstream stream(path_, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(stream), {});
    bytes_.resize((bytes_.size() + fits_block_bytes - 1) / fits_block_bytes * fits_block_bytes);
    data_ = bytes_.data();
    size_ = bytes_.size();
  }
  PaddedCopy(const PaddedCopy&) = delete;
  PaddedCopy& operator=(const PaddedCopy&) = delete;
  ~PaddedCopy() = default;

  /// @throws IoError  not FITS
  [[nodiscard]] FitsPointer open() {
    fitsfile* file = nullptr;
    int status = 0;
    fits_open_memfile(&file, path_.c_str(), READONLY, &data_, &size_, 0, nullptr, &status);
    if (status != 0) {
      throw IoError(path_ + ": cannot be read as a FITS file" + cfitsio_text(status));
    }
    return FitsPointer(file);
  }

 private:
  std::string path_;
  std::vector<char> bytes_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace rvfit::io::detail
