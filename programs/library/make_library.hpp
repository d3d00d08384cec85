// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// From a folder of synthetic spectra and an instrument to a grid library.

#include "instrument.hpp"
#include "label_grid.hpp"
#include "options.hpp"
#include "templates.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace rvfit_library {

/// A piece of a spectrum as it was, in the library's medium, for a page.
struct SampleSpectrum {
  std::string title, arm;
  std::size_t row;                 ///< of the library's templates
  std::vector<double> wave, flux;  ///< [Angstrom], the spectrum's own unit
};

/// Counts and remarks of a run.
struct Report {
  std::size_t found = 0, used = 0, holes = 0, cells = 0, resumed = 0;
  std::vector<std::string> faults;      ///< a line for each template that is left out
  std::vector<std::string> remarks;     ///< what a user may not expect
  std::vector<SampleSpectrum> samples;  ///< with `options.report`
};

/// Make the library and write it to `options.output`.
/// @param[in] progress  called with the fraction that is done
/// @throws rvfit::io::IoError, rvfit::InvalidArgument  in one line; nothing is written then, but the work that is
///                                                     done is kept for the next run
[[nodiscard]] Report make_library(const Options& options, const Instrument& instrument,
                                  const std::function<void(double)>& progress);

}  // namespace rvfit_library
