// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The settings that all fits of a run share, whatever the survey.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/data/clip_outliers.hpp>
#include <rvfit/data/prepare_options.hpp>
#include <rvfit/io/rvtab/rvtab_columns.hpp>
#include <rvfit/pipeline/exact_hessian.hpp>
#include <rvfit/pipeline/fit_options.hpp>
#include <rvfit/pipeline/forward_model.hpp>
#include <rvfit/pipeline/scan_options.hpp>

#include <cctype>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {

/// A number for each arm.
struct PerArm {
  double all = 0.0;                      ///< for the arms that are not named
  std::map<std::string, double> by_arm;  ///< by label in lower case: b, r, z

  [[nodiscard]] double of(std::string label) const {
    for (char& c : label) {
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    const auto found = by_arm.find(label);
    return found == by_arm.end() ? all : found->second;
  }
};

/// Gaussian prior of a parameter.
struct Prior {
  std::string parameter;
  double mean;
  double sigma;
};

struct FitSettings {
  rvfit::ForwardModelOptions model;
  rvfit::ContinuumOptions continuum;
  rvfit::ScanOptions scan;
  rvfit::LmOptions solver = rvfit::spectra_solver;
  rvfit::PrepareOptions preparation;
  std::vector<std::pair<std::string, double>> fixed;  ///< parameters that keep a value
  std::vector<Prior> priors;
  PerArm systematic_error;         ///< added in quadrature  [flux]
  PerArm relative_error;           ///< so also this fraction of the flux
  rvfit::ClipOptions clip;         ///< rejection of outliers
  rvfit::io::ErrorOptions errors;  ///< of the table
  bool resolution_matrix = false;  ///< apply those of the spectra
  /// Line spread of the templates, NaN: the library's   [Angstrom]
  PerArm lsf_sigma{std::numeric_limits<double>::quiet_NaN(), {}};
  rvfit::HessianKind hessian = rvfit::HessianKind::gauss_newton;
  bool double_storage = false;   ///< of spectra and templates, else float
  bool keep_models = false;      ///< return best-fit spectra
  bool rv_per_exposure = false;  ///< the exposures of a target have an rv each
  bool rv_per_arm = false;       ///< the arms of a target have an rv each: arm 0 the first, ..
  int batch = 0;                 ///< spectra on the device at a time; 0: chosen
};

}  // namespace rvfit_programs
