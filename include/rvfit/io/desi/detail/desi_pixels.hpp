// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads the pixels of an arm from the images of a DESI file.

#include <rvfit/data/fill_empty_columns.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rvfit::io::detail {

/// The pixels of an arm in the file.
struct DesiPixels {
  std::string label;      ///< of HDUs
  std::size_t width;      ///< pixels there
  std::size_t first;      ///< the first that is the arm's
  bool masked;            ///< there is a mask
  std::size_t diagonals;  ///< D, 0 where they are not wanted
  bool in_float;          ///< which holds its numbers
};

/// Keep `pixels` columns of a matrix, from the `first` on.
template <class T>
void cut(std::vector<T>& matrix, std::size_t width, std::size_t first, std::size_t pixels) {
  if (pixels == width) {
    return;
  }
  const std::size_t rows = matrix.size() / width;
  for (std::size_t row = 0; row < rows; ++row) {
    std::copy_n(matrix.begin() + static_cast<std::ptrdiff_t>(row * width + first), pixels,
                matrix.begin() + static_cast<std::ptrdiff_t>(row * pixels));
  }
  matrix.resize(rows * pixels);
}

/// Add a few rows to an arm. @tparam T  holds its numbers
template <class T>
void add_rows(FitsInput& file, const DesiPixels& place, std::span<const std::size_t> rows,
              SpectraArm& arm) {
  const std::size_t pixels = arm.pixels();
  const auto read = [&](auto& values, const char* part, std::size_t lines) {
    const std::size_t width = lines * place.width;
    values.resize(rows.size() * width);
    file.read_image_rows(place.label + part, rows, width, values.data(), OutOfRange::clamp);
    cut(values, place.width, place.first, pixels);
  };
  std::vector<T> flux, ivar;
  read(flux, "_FLUX", 1);
  read(ivar, "_IVAR", 1);
  std::vector<std::int32_t> mask;
  if (place.masked) {
    read(mask, "_MASK", 1);
  } else {
    mask.assign(rows.size() * pixels, 0);
  }
  add_fluxes<T>(arm, flux, ivar, mask);
  arm.mask.insert(arm.mask.end(), mask.begin(), mask.end());
  if (place.diagonals > 0) {
    std::vector<float> resolution;
    read(resolution, "_RESOLUTION", place.diagonals);
    fill_empty_columns(resolution, place.diagonals, pixels);
    arm.resolution.insert(arm.resolution.end(), resolution.begin(), resolution.end());
  }
}

/// Fill the pixels of an arm, whose wavelengths are there, with some rows of the file: few at a time, which are in a
/// core's cache when they go to their arm.
inline void read_pixels(FitsInput& file, const DesiPixels& place, std::span<const std::size_t> rows,
                        SpectraArm& arm) {
  const std::size_t numbers = rows.size() * arm.pixels();
  arm.flux.reserve(numbers);
  arm.ivar.reserve(numbers);
  arm.mask.reserve(numbers);
  arm.resolution.reserve(numbers * place.diagonals);
  constexpr std::size_t at_a_time = 32;
  for (std::size_t first = 0; first < rows.size(); first += at_a_time) {
    const auto some = rows.subspan(first, std::min(at_a_time, rows.size() - first));
    place.in_float ? add_rows<float>(file, place, some, arm)
                   : add_rows<double>(file, place, some, arm);
  }
}

}  // namespace rvfit::io::detail
