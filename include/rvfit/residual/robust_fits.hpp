// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Robust fits of data whose errors are not known, or known but for a factor: the scale of the residuals is estimated
/// with the parameters,
///
///   theta minimises sum_i rho(w_i (f_i - y_i) / s),    s = 1.4826 median |w_i (f_i - y_i)|,
///
/// in turn, from the least-squares fit, until s settles (Huber, Robust Statistics, 1981, ch. 7.8; Venables and Ripley, Modern
/// Applied Statistics with S, 2002, ch. 6.5, whose rlm does the same). Fits that settle leave the batch.

#include <rvfit/residual/detail/fit_rounds.hpp>
#include <rvfit/residual/detail/residual_scale.hpp>
#include <rvfit/residual/residual_fitter.hpp>

#include <Kokkos_Core.hpp>

#include <cmath>

namespace rvfit {

/// Options of `fit_robustly`.
struct RobustOptions {
  double tolerance = 1e-4;  ///< of the scale, relative
  int max_passes = 50;      ///< fits with another scale

  /// @throws InvalidArgument  an option that is not positive
  void require_valid() const {
    RVFIT_REQUIRE(tolerance > 0.0 && std::isfinite(tolerance) && max_passes > 0,
                  "RobustOptions: tolerance ", tolerance, ", max_passes ", max_passes,
                  ", must be positive");
  }
};

/// Robust fits with their scales.
template <ExecutionPolicy P>
struct RobustFits {
  ResidualFits<P> fits;  ///< F and covariances are those with the scale
  Vector<typename P::accum_type, P>
      scale;                    ///< (N)  s; 1 where least squares meet half of the points
  Vector<int, P> passes;        ///< (N)  estimates of the scale
  Vector<FitStatus, P> status;  ///< (N)  `converged`: the scale has settled; `stalled`: it has not
};

/// Fit N data sets with scales of their own. One integer goes to the host after each pass.
///
/// @param[in] exec   instance the work is enqueued on
/// @param[in] data   N data sets, without `set` and `scale`; weights say the relative precision of points
/// @param[in] start  (N, P)
/// @throws InvalidArgument  extents differ, data that share sets or have a scale, options that are not valid
template <ExecutionPolicy P, ResidualModel Model, class Estimator = Huber>
[[nodiscard]] RobustFits<P> fit_robustly(const typename P::execution_space& exec,
                                         const Model& model, ResidualData<P> data,
                                         const Matrix<const typename P::accum_type, P>& start,
                                         const ResidualOptions& options = {},
                                         const RobustOptions& robust = {},
                                         const Estimator& estimator = {}) {
  using Accum = typename P::accum_type;
  static_assert(!is_likelihood<Estimator>, "fit_robustly: counts have no scale to estimate");
  constexpr int n = Model::parameters;
  robust.require_valid();
  RVFIT_REQUIRE(data.whitening.extent(0) == 0, "fit_robustly: whitening has ",
                data.whitening.extent(0), " matrices, wanted none");
  RVFIT_REQUIRE(data.set.extent(0) == 0 && data.scale.extent(0) == 0, "fit_robustly: set has ",
                data.set.extent(0), " elements, scale ", data.scale.extent(0), ", wanted none");
  data.points = data.points > 0 ? data.points : static_cast<int>(data.y.extent(1));
  const auto size = static_cast<int>(start.extent(0));
  const typename P::range_policy all(exec, 0, size);
  const ResidualFitter<P, Model> least_squares(exec, options);
  const ResidualFitter<P, Model, Estimator> fitter(exec, options, estimator);
  RobustFits<P> out{
      ResidualFits<P>(exec, size, n, true),
      allocate<Vector<Accum, P>>(exec, "rvfit::RobustFits::scale", size),
      allocate<Vector<int, P>>(exec, "rvfit::RobustFits::passes", size),
      allocate<Vector<FitStatus, P>>(exec, "rvfit::RobustFits::status", size),
  };
  const auto sizes =
      allocate_raw<Matrix<Accum, P>>(exec, "rvfit::RobustFits::sizes", size, data.points);
  ResidualData<P> scaled = data;
  scaled.scale = out.scale;
  detail::FitRounds<P> rounds(exec, scaled, size, 1, n, false);
  Kokkos::deep_copy(exec, out.scale, Accum(1));
  Kokkos::deep_copy(exec, rounds.status, FitStatus::running);
  Kokkos::deep_copy(exec, rounds.theta, start);
  const auto settle = [&](bool last) {
    Kokkos::parallel_for(
        "rvfit::fit_robustly::residuals", all,
        detail::SizesOfResiduals<P, Model>{model, data, rounds.theta, rounds.status, sizes});
    Kokkos::parallel_for("rvfit::fit_robustly::scale", all,
                         detail::SettleScale<P>{sizes, out.scale, rounds.outcome, rounds.status,
                                                out.passes, robust.tolerance, last});
  };
  rounds.run(exec, least_squares, model);
  settle(false);
  for (int pass = 1; pass <= robust.max_passes; ++pass) {
    if (rounds.run(exec, fitter, model) == 0) {
      break;
    }
    settle(pass == robust.max_passes);
  }
  Kokkos::deep_copy(exec, out.status, rounds.status);
  fitter.run(exec, model, scaled, rounds.theta, out.fits);
  return out;
}

}  // namespace rvfit
