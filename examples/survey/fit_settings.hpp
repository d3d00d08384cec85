// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// What the fits of a run have in common, whatever the survey.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/core/require.hpp>
#include <rvfit/data/prepare_desi.hpp>
#include <rvfit/pipeline/detail/scan_kernels.hpp>
#include <rvfit/pipeline/forward_model.hpp>
#include <rvfit/solver/lm_options.hpp>

#include <cctype>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_survey {

/// A number for each arm.
struct PerArm {
  double all = 0.0;                      ///< of the arms that are not named
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

/// Second derivatives that errors come from.
enum class Hessian { gauss_newton, exact };

/// How the spectra of a grid library are interpolated between its templates.
enum class GridInterpolation { linear, cubic };

struct FitSettings {
  rvfit::ForwardModelOptions model;
  rvfit::ContinuumOptions continuum;
  rvfit::ScanOptions scan;
  rvfit::LmOptions solver;
  rvfit::DesiPreparation preparation;
  std::vector<std::pair<std::string, double>> fixed;  ///< parameters that keep a value
  std::vector<Prior> priors;
  PerArm systematic_error;         ///< added in quadrature  [flux]
  bool resolution_matrix = false;  ///< apply those of the spectra
  PerArm lsf_sigma{0.5, {}};       ///< line spread of the templates  [Angstrom]
  Hessian hessian = Hessian::gauss_newton;
  GridInterpolation interpolation = GridInterpolation::linear;
  bool double_storage = false;   ///< of spectra and templates, else float
  bool keep_models = false;      ///< return best-fit spectra
  bool rv_per_exposure = false;  ///< the exposures of a target have an rv each
  int batch = 0;                 ///< spectra on the device at a time; 0: chosen
};

/// @throws rvfit::InvalidArgument  a setting that the fit does not know yet
inline void require_available(const FitSettings& fit) {
  RVFIT_REQUIRE(!fit.resolution_matrix, "--resolution-matrix is not available yet");
  RVFIT_REQUIRE(fit.hessian == Hessian::gauss_newton, "--hessian exact is not available yet");
  RVFIT_REQUIRE(fit.interpolation == GridInterpolation::linear,
                "--interpolation cubic is not available yet");
}

}  // namespace rvfit_survey
