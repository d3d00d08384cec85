// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The fuzz targets: each takes bytes as one input of a program, and ends the program where it does not keep its
/// reader's promise. A new one needs a source, a line here, one in main.cpp, and seeds in make_corpus.py.

#include <cstddef>
#include <cstdint>

namespace rvfit::fuzz {

using Target = void(const std::uint8_t* bytes, std::size_t count);

Target apogee, desi, emulator, lamost, redrock, sdss, table, weave;  // FITS files
Target file_list, settings, target_bits;                             // text

/// A change of a FITS file that leaves it one, mostly. @return  its new size, at most max_size
[[nodiscard]] std::size_t change_fits(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                      unsigned seed);

}  // namespace rvfit::fuzz
