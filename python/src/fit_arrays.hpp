// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fits the spectra of a reading batch by batch on all threads, as the programs do with those of a file.

#include "core/program.hpp"
#include "core/survey_fitter.hpp"
#include <rvfit/data/fit_result.hpp>

#include <cstddef>
#include <functional>
#include <vector>

namespace rvfit_python {

/// Results of T targets of R rows of spectra.
struct ArrayFit {
  rvfit::FitResult result;  ///< (T)
  std::vector<std::vector<float>>
      models;  ///< for each arm (R, N), 0 where there is none; if asked for
  std::vector<std::vector<char>> rejected;  ///< for each arm (R, N), 1: by --clip; if asked for
};

/// Asked at times while a fit goes on, with the number of targets done: false ends it.
using Watch = std::function<bool(std::size_t done)>;

/// @param[in,out] reading  spectra that are matched to the library; its S/N is filled in
/// @param[in]     threads  at most so many batches side by side; 0: all that the fitter has
/// @throws whatever a batch throws, and Ending if the watch ended it
[[nodiscard]] ArrayFit fit_arrays(rvfit_programs::SurveyFitter& fitter,
                                  rvfit_programs::Reading& reading, std::size_t threads,
                                  const Watch& watch);

}  // namespace rvfit_python
