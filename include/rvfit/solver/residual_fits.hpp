// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// N least-squares fits of a user's model at once: each minimises
///
///   F(theta) = sum_i rho(f(theta; i); y_i, w_i) + sum_p ((theta_p - mean_p) / sigma_p)^2
///
/// inside its bounds, by the Levenberg-Marquardt steps of lm_fit.hpp. A fit's result is the same to the
/// last bit alone, among others, in any order and with any number of threads.

#include <rvfit/solver/detail/residual_kernels.hpp>
#include <rvfit/solver/estimator.hpp>
#include <rvfit/solver/residual_model.hpp>

#include <cstdint>
#include <string>

namespace rvfit {

/// How many threads work on one fit.
enum class Parallelism {
  automatic,       ///< by the shape of the fits
  thread_per_fit,  ///< state in registers; on CPUs a vector register of fits abreast
  team_per_fit,    ///< the points of a fit are spread over a team, its state is in scratch
};

/// Options of N fits.
struct ResidualOptions {
  LmOptions solver;
  /// Names, bounds, priors, scales; `fixed` ones keep `value`. All free if empty.
  ParameterSet parameters;
  /// Scale covariances by chi2 / (points - free parameters), for data whose errors are known
  /// but for a factor.
  bool scale_covariance = false;
  Parallelism parallelism = Parallelism::automatic;
  std::int64_t chunk = std::int64_t{1} << 20;  ///< fits of one launch
};

/// A plan: options checked and uploaded once. `run` then allocates nothing and does not wait.
template <ExecutionPolicy P, ResidualModel Model, class Estimator = LeastSquares>
class ResidualFitter {
 public:
  using Exec = typename P::execution_space;
  using Accum = typename P::accum_type;

  /// @throws InvalidArgument  parameters that are not the model's number, or not valid
  ResidualFitter(const Exec& exec, const ResidualOptions& options = {},
                 const Estimator& estimator = {});

  /// Fit.
  ///
  /// @param[in]  exec   instance the work is enqueued on; the call does not fence
  /// @param[in]  model  device-callable, copied into the kernels
  /// @param[in]  data   (N, M) or (1, M)
  /// @param[in]  start  (N, P)  put within the bounds; fixed parameters of the options take their value
  /// @param[out] out    of N rows; its covariance and correlation are left out where empty
  /// @throws InvalidArgument  extents differ
  void run(const Exec& exec, const Model& model, const ResidualData<P>& data,
           const Matrix<const Accum, P>& start, const ResidualFits<P>& out) const;
};

/// The same in one call, with new arrays.
///
/// @param[in] covariance  also compute covariances and correlations
template <ExecutionPolicy P, ResidualModel Model, class Estimator = LeastSquares>
[[nodiscard]] ResidualFits<P> fit_residuals(const typename P::execution_space& exec,
                                            const Model& model, const ResidualData<P>& data,
                                            const Matrix<const typename P::accum_type, P>& start,
                                            const ResidualOptions& options = {},
                                            const Estimator& estimator = {},
                                            bool covariance = true);

}  // namespace rvfit
