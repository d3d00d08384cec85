// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Treatment of the spectra of a run, whatever file they come from.

#include "telluric_windows.hpp"
#include <rvfit/core/medium.hpp>
#include <rvfit/io/line_spread.hpp>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

namespace rvfit_programs {

/// Line spread of the spectra of an arm.
struct LineSpreadChoice {
  enum class Source {
    file,    ///< as the file says, if it does
    none,    ///< not applied
    number,  ///< one for all pixels
    column   ///< of a table; its reader takes it
  };
  std::string arm;  ///< label or name of an arm; empty: all that are not named
  Source source = Source::file;
  rvfit::io::SpreadKind kind = rvfit::io::SpreadKind::sigma;
  double number = 0.0;
  std::string column;
};

/// Wavelengths that are fitted.
struct KeptRange {
  std::string arm;  ///< label or name of an arm; empty: all
  double lower;     ///< [Angstrom]
  double upper;     ///< [Angstrom]
};

struct SpectraSettings {
  rvfit::Medium medium = rvfit::Medium::unknown;          ///< unknown: as the reader says
  rvfit::Medium library_medium = rvfit::Medium::unknown;  ///< if the library does not say
  std::vector<LineSpreadChoice> line_spread;              ///< later ones count
  std::vector<KeptRange>
      kept;                 ///< pixels of an arm outside all of its ranges are bad; none: all kept
  bool file_tells = false;  ///< files of this kind tell their line spread
  std::vector<TelluricWindow> tellurics;  ///< windows whose pixels are bad
};

/// Whether an arm of a spectrum is meant by a name: its label, its name in the library, any case.
[[nodiscard]] inline bool is_named(const std::string& name, const std::string& label,
                                   const std::string& library_name) {
  const auto same = [&](const std::string& other) {
    return std::equal(name.begin(), name.end(), other.begin(), other.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) ==
             std::tolower(static_cast<unsigned char>(b));
    });
  };
  return same(label) || same(library_name);
}

}  // namespace rvfit_programs
