// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// What the fits of a run have in common, whatever the survey.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/data/prepare_desi.hpp>
#include <rvfit/pipeline/forward_model.hpp>
#include <rvfit/solver/lm_options.hpp>

#include <string>
#include <utility>
#include <vector>

namespace rvfit_survey {

struct FitSettings {
  rvfit::ForwardModelOptions model;
  rvfit::ContinuumOptions continuum;
  rvfit::LmOptions solver;
  rvfit::DesiPreparation preparation;
  std::vector<std::pair<std::string, double>> fixed;  ///< parameters that keep a value
  bool double_storage = false;                        ///< of spectra and templates, else float
  bool keep_models = false;                           ///< return best-fit spectra
  bool rv_per_exposure = false;                       ///< the exposures of a target have an rv each
  int batch = 0;  ///< spectra on the device at a time; 0: chosen
};

}  // namespace rvfit_survey
