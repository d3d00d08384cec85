// SPDX-License-Identifier: MIT

/// @file
/// A table of spectra: every column as a vector of pixels, copied columns of each kind, a mask, wavelengths of
/// each star or in a table of their own.

#include "memory_file.hpp"
#include "targets.hpp"
#include <rvfit/io/read_table.hpp>

void rvfit::fuzz::table(const std::uint8_t* bytes, std::size_t count) {
  namespace io = rvfit::io;
  const auto read_with = [&](const io::TableColumns& columns) {
    rvfit::fuzz::read_or_refuse(bytes, count, [&](const std::string& path) {
      static_cast<void>(io::read_table(path, {{"arm", "1"}}, columns));
    });
  };
  io::TableColumns columns;
  read_with(columns);
  columns.mask = "MASK";
  columns.copy = {"NAME", "TEFF", "GOOD", "COUNT", "ID"};
  read_with(columns);
  columns.wave = "WAVE";
  columns.wave_hdu = "2";
  read_with(columns);
}
