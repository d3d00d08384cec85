// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fits of curves as the Python module hands them to compiled models, its own and those that are compiled on a user's
/// machine: plain numbers and pointers, so that two compilers agree about them.

#include <rvfit/data/fit_result.hpp>
#include <rvfit/solver/lm_options.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit_python {

/// (rows, M) numbers; one row serves all fits, and none means that there are none.
struct Rows {
  const double* data = nullptr;
  std::int64_t rows = 0;
};

/// The term of a point in what is minimised.
enum class Loss : std::int32_t { square, huber, cauchy, poisson };

/// Bounds, prior and scale of a parameter of all fits.
struct CurveParameter {
  double lower, upper, prior_mean, prior_sigma, scale;
};

/// N fits of P parameters to M points.
struct CurveTask {
  std::int64_t fits = 0;  ///< N
  int points = 0;         ///< M
  Rows y, weight, inverse_variance;
  Rows x[2];                                   ///< coordinates; the second for models of two
  const double* start = nullptr;               ///< (N, P)
  const CurveParameter* parameters = nullptr;  ///< (P)
  // (N, P) of each fit, before those of all; null: none
  const double* lower = nullptr;
  const double* upper = nullptr;
  const double* prior_mean = nullptr;
  const double* prior_sigma = nullptr;
  const int* fixed = nullptr;  ///< 1: keeps its start
  Loss loss = Loss::square;
  double threshold = 0.0;
  const double* scale = nullptr;  ///< (N)  standard deviation of the weighted residuals; null: 1
  bool scale_covariance = false;
  rvfit::LmOptions solver;
  // results
  double* theta = nullptr;       ///< (N, P)
  double* value = nullptr;       ///< (N)
  double* covariance = nullptr;  ///< (N, P, P)
  rvfit::FitStatus* status = nullptr;
  std::int32_t* steps = nullptr;
  std::int32_t* freedom = nullptr;
  std::uint64_t* undetermined = nullptr;
  std::uint64_t* on_bound = nullptr;
};

/// A model that is compiled.
class CurveModel {
 public:
  CurveModel() = default;
  CurveModel(const CurveModel&) = delete;
  CurveModel& operator=(const CurveModel&) = delete;
  virtual ~CurveModel() = default;

  [[nodiscard]] virtual int parameters() const = 0;
  /// Fit, and wait for the results. Calls of several threads may run at once, each with an instance of its own.
  virtual void fit(const Kokkos::DefaultHostExecutionSpace& exec, const CurveTask& task) const = 0;
  /// Values (M) at (M) coordinates.
  virtual void evaluate(const double* theta, int points, const double* x, const double* second,
                        double* out) const = 0;
};

}  // namespace rvfit_python
