// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fits curves in arrays of a caller, some thousand at a time, on all threads. Doubles in rows are read where they
/// lie; other numbers are converted for the fits under way alone.

#include "array_spectra.hpp"
#include "curve_sum.hpp"
#include "curve_task.hpp"
#include "fit_arrays.hpp"
#include <rvfit/data/fit_result.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rvfit_python {

/// Meaning of weights.
enum class WeightKind : std::int32_t { none, weight, inverse_variance, sigma };

/// Arrays of N fits. Planes of one row serve all fits.
struct CurveArrays {
  Plane y;       ///< (N, M)
  Plane weight;  ///< (1 or N, M), or empty
  Plane mask;    ///< (1 or N, M)  a point is left out where not 0; or empty
  Plane x[2];    ///< (1 or N, M)  coordinates; the second may be empty
  Plane start;   ///< (1 or N, P)  guessed where NaN; or empty
  Plane fixed;   ///< (1 or N, P)  1: keeps its start; or empty
  Plane lower, upper, prior_mean, prior_sigma;  ///< (N, P), or empty
};

struct CurveSettings {
  WeightKind weights = WeightKind::none;
  std::vector<CurveParameter> parameters;
  std::vector<CurveTerm> terms;  ///< of a sum, to guess starts; empty: there is no guess
  Loss loss = Loss::square;
  double threshold = 1.0;
  bool estimates_scale = false;
  bool scale_covariance = false;
  rvfit::LmOptions solver;
  std::size_t threads = 0;  ///< at most so many; 0: all
};

/// Arrays of results, (N) or as said.
struct CurveResults {
  double* theta;       ///< (N, P)
  double* error;       ///< (N, P)  standard deviations
  double* covariance;  ///< (N, P, P), or null
  double* value;
  double* scale;  ///< or null
  std::int32_t* status;
  std::int32_t* steps;
  std::int32_t* freedom;
  std::uint64_t* undetermined;
  std::uint64_t* on_bound;
};

/// Fit. Only within a Session. @throws Ending  the watch ended it
void fit_curves(const CurveModel& model, const CurveArrays& arrays, const CurveSettings& settings,
                const CurveResults& results, const Watch& watch);

}  // namespace rvfit_python
