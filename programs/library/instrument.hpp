// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// An instrument as a library needs it: its arms, their wavelengths and line spread. docs/rvfit_library.md
/// describes the file.

#include "line_spread.hpp"
#include <rvfit/core/medium.hpp>
#include <rvfit/data/template_grid.hpp>

#include <string>
#include <vector>

namespace rvfit_library {

struct InstrumentArm {
  std::string name;    ///< of the arm in emulator files
  double first, last;  ///< wavelengths that its pixels show  [Angstrom]
  LineSpread spread;   ///< none: for spectra that come with resolution matrices
  double step = 0.0;   ///< of template pixels, 0: chosen  [km/s]
};

struct Instrument {
  std::string name;
  std::string source;  ///< where its numbers are from
  rvfit::Medium medium = rvfit::Medium::vacuum;
  double margin = 2000.0;  ///< velocity by which templates reach beyond an arm  [km/s]
  std::vector<InstrumentArm> arms;
};

/// Read a description. @param[in] name  a file, or one of those that are installed, without ".yaml"
/// @throws rvfit::io::IoError  one line: file, line, what was expected
[[nodiscard]] Instrument read_instrument(const std::string& name);

/// The grid of an arm's templates: 1.8 pixels to the least sigma, or the step that the arm asks for.
/// @throws rvfit::InvalidArgument  there is no line spread and no step
[[nodiscard]] rvfit::TemplateGrid template_grid(const Instrument& instrument,
                                                const InstrumentArm& arm);

}  // namespace rvfit_library
