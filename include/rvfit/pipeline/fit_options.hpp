// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The options of a fit of spectra.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/data/parameters.hpp>
#include <rvfit/pipeline/exact_hessian.hpp>
#include <rvfit/pipeline/multi_start.hpp>
#include <rvfit/pipeline/rv_profile_options.hpp>
#include <rvfit/pipeline/scan_options.hpp>
#include <rvfit/solver/lm_options.hpp>

#include <optional>

namespace rvfit {

/// Options of the solver for spectra, whose objective is good to some 1e-3 and whose starts a scan found
/// (docs/decisions/0019).
inline constexpr LmOptions spectra_solver{
    .max_iterations = 60, .tolerance = 1e-4, .initial_damping = 1e-3};

/// Every option has a default that fits a survey's spectra of stars.
struct FitOptions {
  ContinuumOptions continuum{};
  ScanOptions scan{};
  MultiStartOptions starts{};
  LmOptions solver = spectra_solver;
  HessianKind hessian = HessianKind::gauss_newton;  ///< that covariances are made of
  RvProfileOptions profile{};
  /// Fixed parameters, priors, narrower bounds; the model's own set if empty.
  std::optional<ParameterSet> parameters{};
  bool keep_models = false;  ///< keep best-fit spectra for `Fitter::model_spectra`
  int tile = 0;              ///< spectra of one pass, a multiple of gemm_row_group; 0 chooses
};

}  // namespace rvfit
