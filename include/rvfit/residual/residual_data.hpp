// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Data, parameters and results of N fits of a user's model, on the device.

#include <rvfit/core/views.hpp>
#include <rvfit/data/fit_result.hpp>

#include <cstdint>

namespace rvfit {

/// Parameters of each fit where fits differ. An empty view means: those of ResidualOptions for all.
template <ExecutionPolicy P>
struct ParametersOfFits {
  using Accum = typename P::accum_type;
  Matrix<const Accum, P> lower{};        ///< (N, P)
  Matrix<const Accum, P> upper{};        ///< (N, P)
  Matrix<const int, P> fixed{};          ///< (N, P)  1: keeps its start
  Matrix<const Accum, P> prior_mean{};   ///< (N, P)
  Matrix<const Accum, P> prior_sigma{};  ///< (N, P)  infinity: no prior, whatever the mean
};

/// Data of N fits with M points each. A single row serves all fits. Fits of fewer points have
/// weights 0 at the rest, where values may be anything.
template <ExecutionPolicy P>
struct ResidualData {
  using Real = typename P::real_type;
  int points = 0;                  ///< M; may be 0 where `y` says it
  Matrix<const Real, P> y{};       ///< (N, M) or (1, M); empty: 0
  Matrix<const Real, P> weight{};  ///< (N, M) or (1, M)  1 / sigma, 0 leaves a point out; empty: 1
  ParametersOfFits<P> parameters{};
  /// (N, M) or (1, M)  1 / sigma^2, instead of weights; a point whose inverse variance is negative is NaN
  Matrix<const Real, P> inverse_variance{};
  /// (N)  data set of each fit: its row of y, weight and inverse_variance, and the number that its model is called
  /// with. Empty: fit b has data set b. Fits with other starts or parameters share data so.
  Vector<const int, P> set{};
  /// (data sets)  standard deviation of the weighted residuals: weights are divided by it; empty: 1
  Vector<const typename P::accum_type, P> scale{};
  /// (data sets, M, M) or (1, M, M)  correlated data, instead of weights: L^-1 of the covariance V = L L^T, lower triangle, as
  /// `whitening_of_covariance` gives it (correlated_data.hpp); empty: points are independent
  Cube<const typename P::accum_type, P> whitening{};
};

/// Results of N fits with P parameters.
template <ExecutionPolicy P>
struct ResidualFits {
  using Accum = typename P::accum_type;
  Matrix<Accum, P> theta;  ///< (N, P)     solution; the start where it is not finite
  Vector<Accum, P> value;  ///< (N)        F at the solution, priors included: chi-square, deviance
  Vector<FitStatus, P> status;  ///< (N)        why the fit ended
  Vector<int, P> iterations;    ///< (N)        steps tried
  Vector<int, P> evaluations;   ///< (N)        of the model with all its points
  Cube<Accum, P>
      covariance;  ///< (N, P, P)  NaN for parameters fixed, on a bound or undetermined; empty: not
                   ///<            wanted
  Cube<Accum, P> correlation;  ///< (N, P, P)  likewise
  Vector<int, P> rank;     ///< (N)  free parameters inside bounds less the data's null directions
  Vector<int, P> freedom;  ///< (N)  points used less rank: the degrees of freedom
  Vector<std::uint64_t, P> undetermined;  ///< (N)  bit p: the data say nothing about parameter p
  Vector<std::uint64_t, P> on_bound;      ///< (N)  bit p: parameter p is on a bound

  ResidualFits() = default;
  ResidualFits(const typename P::execution_space& exec, std::int64_t size, int parameters,
               bool covariances)
      : theta(allocate_raw<Matrix<Accum, P>>(exec, "rvfit::ResidualFits::theta", size, parameters)),
        value(allocate_raw<Vector<Accum, P>>(exec, "rvfit::ResidualFits::value", size)),
        status(allocate_raw<Vector<FitStatus, P>>(exec, "rvfit::ResidualFits::status", size)),
        iterations(allocate_raw<Vector<int, P>>(exec, "rvfit::ResidualFits::iterations", size)),
        evaluations(allocate_raw<Vector<int, P>>(exec, "rvfit::ResidualFits::evaluations", size)) {
    if (covariances) {
      covariance = allocate_raw<Cube<Accum, P>>(exec, "rvfit::ResidualFits::covariance", size,
                                                parameters, parameters);
      correlation = allocate_raw<Cube<Accum, P>>(exec, "rvfit::ResidualFits::correlation", size,
                                                 parameters, parameters);
      rank = allocate_raw<Vector<int, P>>(exec, "rvfit::ResidualFits::rank", size);
      freedom = allocate_raw<Vector<int, P>>(exec, "rvfit::ResidualFits::freedom", size);
      undetermined =
          allocate_raw<Vector<std::uint64_t, P>>(exec, "rvfit::ResidualFits::undetermined", size);
      on_bound =
          allocate_raw<Vector<std::uint64_t, P>>(exec, "rvfit::ResidualFits::on_bound", size);
    }
  }
};

}  // namespace rvfit
