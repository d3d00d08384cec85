// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Wavelengths of a table: their unit, their logarithm, and the ends of vectors that are longer than
/// their spectrum.

#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/text.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io::detail {

/// Angstrom in a unit of length, by its name or the beginning of it; 0 for another.
[[nodiscard]] inline double angstroms(const std::string& name) {
  const std::string unit = lower_case(name);
  if (unit.empty() || unit == "a" || unit == "aa" || unit.find("angstrom") != std::string::npos) {
    return 1.0;
  }
  if (unit.starts_with("nm") || unit.starts_with("nanomet")) {
    return 10.0;
  }
  if (unit == "um" || unit.starts_with("micron") || unit.starts_with("micromet")) {
    return 1e4;
  }
  return unit == "m" || unit == "meter" || unit == "metre" ? 1e10 : 0.0;
}

/// Wavelengths [Angstrom] of a column, of whatever shape; NaN where it holds no positive number.
///
/// @param[in] given  unit that the user has said, log10 and ln (of Angstrom) among them; empty: TUNIT, or
///                   log10 where the column's name begins with log
/// @throws IoError  a unit that is not known
[[nodiscard]] inline std::vector<double> read_wavelengths(FitsInput& file, const std::string& hdu,
                                                          const std::string& column,
                                                          const std::string& given = {}) {
  const std::string said = lower_case(given);
  const bool log10 = said.empty() ? lower_case(column).starts_with("log") : said == "log10";
  const bool ln = said == "ln";
  double unit = 1.0;
  if (!log10 && !ln) {
    const std::string name = said.empty() ? file.column_unit(hdu, column) : said;
    unit = angstroms(name);
    if (unit == 0.0) {
      file.fail(hdu, "column " + column + " is in '" + name +
                         "', expected Angstrom, nm, um or m (or what --wave-unit says)");
    }
  }
  std::vector<double> wave = file.read_matrix<double>(hdu, column);
  for (double& value : wave) {
    const bool good = std::isfinite(value) && value > 0;
    value = !good   ? std::numeric_limits<double>::quiet_NaN()
            : log10 ? std::pow(10.0, value)
            : ln    ? std::exp(value)
                    : unit * value;
  }
  return wave;
}

/// Whether the first wavelength of (N), NaN left out, is above the last.
[[nodiscard]] inline bool is_decreasing(const double* wave, std::size_t pixels) {
  std::size_t first = 0, last = pixels;
  while (first < last && std::isnan(wave[first])) {
    ++first;
  }
  while (last > first && std::isnan(wave[last - 1])) {
    --last;
  }
  return last > first && wave[first] > wave[last - 1];
}

/// Give pixels before and after a spectrum wavelengths that keep the order and hardly reach further.
///
/// @param[in,out] wave  (N)  NaN where there is no pixel
/// @return  the pixels first .. last - 1 that are the spectrum's; none if there is no wavelength
/// @throws IoError  a wavelength within the spectrum that does not increase
[[nodiscard]] inline std::pair<std::size_t, std::size_t> fill_ends(const FitsInput& file,
                                                                   const std::string& hdu,
                                                                   std::size_t row, double* wave,
                                                                   std::size_t pixels) {
  std::size_t first = 0, last = pixels;
  while (first < last && std::isnan(wave[first])) {
    ++first;
  }
  while (last > first && std::isnan(wave[last - 1])) {
    --last;
  }
  for (std::size_t i = first + 1; i < last; ++i) {
    if (!(wave[i] > wave[i - 1])) {
      file.fail(hdu, "wavelength of pixel " + std::to_string(i) + " of spectrum " +
                         std::to_string(row) + " is " + std::to_string(wave[i]) + " after " +
                         std::to_string(wave[i - 1]) +
                         ", expected wavelengths that increase, or decrease, throughout");
    }
  }
  constexpr double small = 1e-9;  // a thousandth of a km/s a pixel
  for (std::size_t i = first; i-- > 0 && first < last;) {
    wave[i] = wave[i + 1] * (1.0 - small);
  }
  for (std::size_t i = last; i < pixels && first < last; ++i) {
    wave[i] = wave[i - 1] * (1.0 + small);
  }
  return {first, last};
}

}  // namespace rvfit::io::detail
