// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Opening a FITS file, listing its HDUs, and finding out whether it is all there. CFITSIO opens
/// a truncated file without complaint, plain or gzipped, and fails only where data are missing.

#include <rvfit/io/fits/detail/hdu_counts.hpp>
#include <rvfit/io/fits/detail/memory_copy.hpp>
#include <rvfit/io/fits/detail/raw_header.hpp>
#include <rvfit/io/fits/fits_file.hpp>
#include <rvfit/io/fits/io_error.hpp>
#include <rvfit/io/fits/text.hpp>

#include <fitsio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace rvfit::io::detail {

/// HDU number of every EXTNAME, upper case; of one that comes twice, the first.
using HduNumbers = std::map<std::string, int>;

/// @throws IoError  no such file, or a folder
inline void require_file(const std::string& path) {
  std::error_code ignored;
  const auto kind = std::filesystem::status(path, ignored).type();
  if (kind == std::filesystem::file_type::not_found) {
    throw IoError(path + ": no such file");
  }
  if (kind == std::filesystem::file_type::directory) {
    throw IoError(path + ": is a folder, a FITS file was expected");
  }
}

/// Open a file that is not gzipped. @throws IoError  not FITS
[[nodiscard]] inline FitsPointer open_fits(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  require_sane_primary(path, [&](HeaderBlock& block) {
    return static_cast<bool>(stream.read(block.data(), block.size()));
  });
  fitsfile* file = nullptr;
  int status = 0;
  fits_open_diskfile(&file, literal_name(path).c_str(), READONLY, &status);
  if (status != 0) {
    throw IoError(path + ": cannot be read as a FITS file" + cfitsio_text(status));
  }
  return FitsPointer(file);
}

/// EXTNAME of the current HDU in upper case, or nothing.
[[nodiscard]] inline std::string extension_name(fitsfile* file) {
  char name[FLEN_VALUE] = "";
  int status = 0;
  fits_read_key(file, TSTRING, "EXTNAME", name, nullptr, &status);
  fits_clear_errmsg();
  return status == 0 ? upper_case(without_trailing_blanks(name)) : "";
}

/// Whether all bytes of a file from `first` on are zero; of a gzipped one those that it unpacks to.
[[nodiscard]] inline bool ends_in_zeros(fitsfile* file, LONGLONG first) {
  std::array<char, 2880> block{};
  const auto size = static_cast<LONGLONG>(block.size());
  int status = 0;
  for (LONGLONG place = first; place < file->Fptr->filesize; place += size) {
    const LONGLONG count = std::min(size, file->Fptr->filesize - place);
    block.fill('\0');
    ffmbyt(file, place, 0, &status);
    ffgbyt(file, count, block.data(), &status);
    if (status != 0 || std::any_of(block.begin(), block.end(), [](char c) { return c != 0; })) {
      fits_clear_errmsg();
      return false;
    }
  }
  return true;
}

/// Visit every HDU up to the end of the file. Behind the last one there may be zeros or blanks, and of its
/// own last block the padding may be missing: some programs write such files, and all their data are there.
/// @throws IoError  the file is shorter than its headers say, has bytes that are no HDU, or a header that
///                  counts more than the file can hold
[[nodiscard]] inline HduNumbers list_hdus(const std::string& path, fitsfile* file) {
  HduNumbers numbers;
  const LONGLONG size = file->Fptr->filesize;
  LONGLONG end = 0;
  for (int number = 1; end < size; ++number) {
    int status = 0;
    require_sane_header(path, file, number, end);
    fits_movabs_hdu(file, number, nullptr, &status);
    if (number > 1 && (status == END_OF_FILE || (status != 0 && ends_in_zeros(file, end)))) {
      fits_clear_errmsg();
      break;
    }
    LONGLONG header = 0;
    LONGLONG data = 0;
    const LONGLONG before = end;
    fits_get_hduaddrll(file, &header, &data, &end, &status);
    if (status != 0 || header < before || data <= header) {
      throw IoError(path + ": truncated or damaged: HDU " + std::to_string(number) +
                    " has no complete header" + cfitsio_text(status));
    }
    const std::string name = number == 1 ? "PRIMARY" : extension_name(file);
    const LONGLONG bytes = HduCounts(path, file, name, size).data_bytes();
    if (end < data) {  // CFITSIO has counted by another card of the header, and past all numbers
      throw IoError(path + ": truncated or damaged: " + hdu_text(name) +
                    ": a count is there twice, and differs");
    }
    if (data + bytes > size) {
      throw IoError(path + ": truncated: " + hdu_text(name) + " ends at byte " +
                    std::to_string(end) + ", the file at byte " + std::to_string(size));
    }
    numbers.emplace(name, number);
  }
  return numbers;
}

/// A gzip file ends with the size that it unpacks to. CFITSIO does not look at it, so that a file
/// cut short between two HDUs would pass.
/// @throws IoError  the file was unpacked to another size
inline void require_unpacked_size(const std::string& path, std::size_t size) {
  std::ifstream stream(path, std::ios::binary);
  std::array<unsigned char, 4> bytes{};
  stream.seekg(-4, std::ios::end);
  stream.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  std::uint32_t expected = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    expected = (expected << 8U) | bytes[i];
  }
  if (!stream || expected != static_cast<std::uint32_t>(size)) {
    throw IoError(path + ": truncated or damaged: unpacks to " + std::to_string(size) +
                  " bytes, its gzip trailer says " + std::to_string(expected));
  }
}

/// Open the copy of a gzipped file. @throws IoError  not FITS, or cut short
[[nodiscard]] inline FitsPointer open_unpacked(const std::string& path, MemoryCopy& copy) {
  require_unpacked_size(path, copy.bytes().size());
  std::string_view rest = copy.bytes();
  require_sane_primary(path, [&](HeaderBlock& block) {
    const std::size_t count = rest.copy(block.data(), block.size());
    rest.remove_prefix(count);
    return count == block.size();
  });
  return copy.open();
}

}  // namespace rvfit::io::detail
