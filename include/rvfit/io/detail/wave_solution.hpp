// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The wavelengths of an image's first axis, linear or logarithmic (Greisen et al. 2006, A&A 446, 747):
///
///   x_i = CRVAL1 + CDELT1 (i + 1 - CRPIX1),   i = 0 .. N-1
///   wave = x, 10^x or e^x in Angstrom, nm, um or m
///
/// CD1_1 stands for CDELT1. x is log10 where DC-FLAG is 1, CTYPE1 holds LOG10, or it is CTYPE1 LOG of numbers below
/// 6; ln where CTYPE1 holds LOG and numbers are above 6. CUNIT1 is the unit; m alone without one for numbers
/// below 1e-4. AWAV in CTYPE1 means air.

#include <rvfit/core/medium.hpp>
#include <rvfit/io/detail/table_wavelengths.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/text.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace rvfit::io::detail {

/// Wavelengths [Angstrom] of `pixels` pixels of an image's first axis.
///
/// @param[in] given  unit that the user has said, log10 and ln among them; empty: the header's
/// @throws IoError  no solution, or one that makes no sense
[[nodiscard]] inline std::vector<double> solved_wavelengths(FitsInput& file, const std::string& hdu,
                                                            std::size_t pixels,
                                                            const std::string& given = {}) {
  const auto origin = file.keyword<double>(hdu, "CRVAL1");
  const auto delta = file.keyword<double>(hdu, "CDELT1");
  const auto matrix = file.keyword<double>(hdu, "CD1_1");
  if (!origin || (!delta && !matrix)) {
    file.fail(hdu,
              "is an image without CRVAL1 and CDELT1 or CD1_1, expected a wavelength solution");
  }
  const double step = matrix ? *matrix : *delta;
  const double reference = file.keyword<double>(hdu, "CRPIX1").value_or(1.0);
  const std::string type = upper_case(file.keyword<std::string>(hdu, "CTYPE1").value_or(""));
  const std::string said = lower_case(given);
  const bool flagged = file.keyword<double>(hdu, "DC-FLAG").value_or(0.0) == 1.0;
  const bool is_log = flagged || type.find("LOG") != std::string::npos;
  constexpr double largest_log10 = 6.0;  // e^6 is 400 Angstrom, 10^6 is 100 micron
  const bool log10 = said.empty() ? is_log && *origin < largest_log10 : said == "log10";
  const bool ln = said.empty() ? is_log && !log10 : said == "ln";
  double unit = 1.0;
  if (!log10 && !ln) {
    std::string name = said.empty() ? file.keyword<std::string>(hdu, "CUNIT1").value_or("") : said;
    constexpr double largest_in_m = 1e-4;
    name = name.empty() && std::abs(*origin) < largest_in_m ? "m" : name;
    unit = angstroms(name);
    if (unit == 0.0) {
      file.fail(hdu, "has CUNIT1 '" + name + "', expected Angstrom, nm, um or m");
    }
  }
  std::vector<double> wave(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    const double x = *origin + step * (static_cast<double>(i) + 1.0 - reference);
    wave[i] = log10 ? std::pow(10.0, x) : ln ? std::exp(x) : unit * x;
    if (!(wave[i] > 0 && std::isfinite(wave[i])) || step == 0.0) {
      file.fail(hdu, "has a wavelength of " + std::to_string(wave[i]) + " at pixel " +
                         std::to_string(i) + ", expected positive ones (CRVAL1, CDELT1, CRPIX1)");
    }
  }
  return wave;
}

/// The medium that an image's header tells. WAVE, vacuum by the standard, is written for air as well.
[[nodiscard]] inline Medium solved_medium(FitsInput& file, const std::string& hdu) {
  const std::string type = upper_case(file.keyword<std::string>(hdu, "CTYPE1").value_or(""));
  return type.starts_with("AWAV") ? Medium::air : Medium::unknown;
}

}  // namespace rvfit::io::detail
