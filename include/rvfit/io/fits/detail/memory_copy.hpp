// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Files that are read from a copy in memory: gzipped ones, and those whose last block is not padded (all their data
/// are there, but CFITSIO reads whole blocks). CFITSIO unpacks a gzipped file in memory, too, but parses its
/// first header before anybody has looked at it.

#include <rvfit/io/fits/fits_file.hpp>
#include <rvfit/io/fits/io_error.hpp>

#include <fitsio.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// Unpacks a gzipped file to memory, which grows by `reallocate`; exported by CFITSIO, declared in its fitsio2.h.
extern "C" int uncompress2mem(char* name, FILE* file, char** buffer, std::size_t* buffer_size,
                              void* (*reallocate)(void* memory, std::size_t size),
                              std::size_t* size, int* status);

namespace rvfit::io::detail {

constexpr std::size_t fits_block_bytes = 2880;

[[nodiscard]] inline bool is_gzipped(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return stream.get() == 0x1f && stream.get() == 0x8b;
}

/// The bytes of a file, unpacked if it is gzipped; outlives the file that it is opened as, and stays where it is.
class MemoryCopy {
 public:
  /// @throws IoError  it cannot be read or unpacked
  explicit MemoryCopy(std::string path) : path_(std::move(path)) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path_.c_str(), "rb"), &std::fclose);
    if (!file) {
      throw IoError(path_ + ": cannot be read");
    }
    if (!is_gzipped(path_)) {
      constexpr std::size_t at_once = 1 << 20;
      for (std::size_t count = at_once; count == at_once; size_ += count) {
        resize(size_ + at_once);
        count = std::fread(data_.get() + size_, 1, at_once, file.get());
      }
      return;
    }
    resize(fits_block_bytes);
    char* buffer = data_.release();
    int status = 0;
    uncompress2mem(path_.data(), file.get(), &buffer, &room_, &std::realloc, &size_, &status);
    data_.reset(buffer);
    if (status != 0) {
      throw IoError(path_ + ": truncated or damaged: cannot be unpacked" + cfitsio_text(status));
    }
  }
  MemoryCopy(const MemoryCopy&) = delete;
  MemoryCopy& operator=(const MemoryCopy&) = delete;
  ~MemoryCopy() = default;

  [[nodiscard]] std::string_view bytes() const { return {data_.get(), size_}; }

  /// Add zeros up to a whole block.
  void pad() {
    const std::size_t size = size_;
    const std::size_t whole = (size + fits_block_bytes - 1) / fits_block_bytes * fits_block_bytes;
    resize(whole);
    std::fill(data_.get() + size, data_.get() + whole, '\0');
    size_ = whole;
  }

  /// @throws IoError  not FITS
  [[nodiscard]] FitsPointer open() {
    opened_ = data_.get();
    fitsfile* file = nullptr;
    int status = 0;
    fits_open_memfile(&file, "memory", READONLY, &opened_, &size_, 0, nullptr, &status);
    if (status != 0) {
      throw IoError(path_ + ": cannot be read as a FITS file" + cfitsio_text(status));
    }
    return FitsPointer(file);
  }

 private:
  struct Free {
    void operator()(char* memory) const noexcept { std::free(memory); }
  };

  void resize(std::size_t room) {
    if (room > room_) {
      void* memory = std::realloc(data_.get(), room);
      if (memory == nullptr) {
        throw IoError(path_ + ": does not fit in memory");
      }
      static_cast<void>(data_.release());
      data_.reset(static_cast<char*>(memory));
      room_ = room;
    }
  }

  std::string path_;
  std::unique_ptr<char, Free> data_;
  std::size_t room_ = 0;
  std::size_t size_ = 0;
  void* opened_ = nullptr;
};

}  // namespace rvfit::io::detail
