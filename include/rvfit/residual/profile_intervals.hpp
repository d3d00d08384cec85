// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Intervals of single parameters by the profile of F: with
///
///   F_p(v) = min of F over all other parameters, theta_p = v,
///
/// the interval of parameter p ends on either side where F_p exceeds the minimum by delta: 1, 4 and 9 for 1, 2 and 3 standard deviations
/// of a single parameter, where F is -2 ln L (Venzon and Moolgavkar, Appl. Statist. 37, 87, 1988; as minos of James and Roos, Comput. Phys.
/// Commun. 10, 343, 1975). It is asymmetric where F is not a parabola, and has an end, a bound or none on each side.
///
/// z = sqrt((F_p - F_min) / delta) is nearly linear in v, and its root z = 1 is followed by secants inside a bracket. All ends of all
/// fits are followed at once: each round fits the other parameters of all that are not done as one batch, from their linear prediction.

#include <rvfit/residual/detail/fit_rounds.hpp>
#include <rvfit/residual/detail/profile_ends.hpp>
#include <rvfit/residual/residual_fitter.hpp>

#include <Kokkos_Core.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace rvfit {

/// Options of `profile_intervals`.
struct ProfileOptions {
  /// Increase of F, in the unit of LmOptions::tolerance: F / (points - rank) where errors are not known.
  double delta = 1.0;
  double tolerance = 1e-3;  ///< of an end, relative to its distance from the minimum
  int max_rounds = 40;      ///< fits of the other parameters at one end

  /// @throws InvalidArgument  an option that is not positive
  void require_valid() const {
    RVFIT_REQUIRE(delta > 0.0 && std::isfinite(delta) && tolerance > 0.0 && max_rounds > 0,
                  "ProfileOptions: delta ", delta, ", tolerance ", tolerance, ", max_rounds ",
                  max_rounds, ", must be positive");
  }
};

/// Intervals of Q parameters of N fits. Side 0 is below the minimum, 1 above.
template <ExecutionPolicy P>
struct ProfileIntervals {
  using Accum = typename P::accum_type;
  Cube<Accum, P> end;             ///< (N, Q, 2)  theta_p where F_p is delta above the minimum
  Cube<ProfileStatus, P> status;  ///< (N, Q, 2)  `found`, or why `end` is not one
  Cube<Accum, P> excess;          ///< (N, Q, 2)  F_p - F_min at `end`, in units of delta

  ProfileIntervals(const typename P::execution_space& exec, int size, int chosen)
      : end(allocate<Cube<Accum, P>>(exec, "rvfit::ProfileIntervals::end", size, chosen, 2)),
        status(allocate<Cube<ProfileStatus, P>>(exec, "rvfit::ProfileIntervals::status", size,
                                                chosen, 2)),
        excess(allocate<Cube<Accum, P>>(exec, "rvfit::ProfileIntervals::excess", size, chosen, 2)) {
  }
};

/// Follow the profiles of some parameters of N fits. One integer goes to the host after each round.
///
/// @param[in] exec     instance the work is enqueued on
/// @param[in] data     of the fits
/// @param[in] fits     at their minima, with covariances
/// @param[in] chosen   (Q)  parameters
/// @param[in] options  of the fits
/// @throws InvalidArgument  fits without covariances, no such parameter, more than 2^31 ends, options that are not valid
template <ExecutionPolicy P, ResidualModel Model, class Estimator = LeastSquares>
[[nodiscard]] ProfileIntervals<P> profile_intervals(const typename P::execution_space& exec,
                                                    const Model& model, const ResidualData<P>& data,
                                                    const ResidualFits<P>& fits,
                                                    const std::vector<int>& chosen,
                                                    const ResidualOptions& options = {},
                                                    const ProfileOptions& profile = {},
                                                    const Estimator& estimator = {}) {
  constexpr int n = Model::parameters;
  profile.require_valid();
  const auto size = static_cast<int>(fits.theta.extent(0));
  const auto number = static_cast<int>(chosen.size());
  RVFIT_REQUIRE(size > 0 && static_cast<int>(fits.covariance.extent(0)) == size,
                "profile_intervals: ", size, " fits have ", fits.covariance.extent(0),
                " covariances");
  RVFIT_REQUIRE(number > 0, "profile_intervals: no parameter is chosen");
  for (const int p : chosen) {
    RVFIT_REQUIRE(p >= 0 && p < n, "profile_intervals: parameter ", p, " of ", n);
  }
  RVFIT_REQUIRE(std::int64_t{2} * size * number <= std::numeric_limits<int>::max(),
                "profile_intervals: ", size, " fits with 2 ends of ", number,
                " parameters are more than 2^31");
  const ResidualFitter<P, Model, Estimator> fitter(exec, options, estimator);
  ProfileIntervals<P> out(exec, size, number);
  detail::FitRounds<P> rounds(exec, data, size * number * 2, number * 2, n, true);
  const detail::IntervalPaths<P> paths{
      detail::profile_arrays<P>(
          exec, rounds, fits, data.parameters, fitter.parameters(),
          {profile.delta, profile.tolerance, fitter.knows_errors(data), options.scale_covariance}),
      upload<Vector<const int, P>>(exec, "rvfit::profile_intervals::chosen", chosen)};
  detail::follow_profiles<P>(exec, paths, rounds, fitter, model, profile.max_rounds);
  Kokkos::parallel_for("rvfit::ProfileEnds::write",
                       typename P::range_policy(exec, 0, size * number * 2),
                       detail::WriteIntervals<P>{paths, out.end, out.status, out.excess});
  return out;
}

}  // namespace rvfit
