// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Contours of two parameters by the profile of F: points where
///
///   F_pq(v, u) = min of F over all other parameters, theta_p = v, theta_q = u,
///
/// exceeds the minimum by delta: 2.30, 6.18 and 11.83 for 68.3, 95.4 and 99.7 % of both together where F is -2 ln L, 1 for a contour whose extremes
/// are the intervals of `profile_intervals` (as minos' of James and Roos, Comput. Phys. Commun. 10, 343, 1975). Rays leave the minimum at equal
/// angles in units of the covariance, so that of a linear model the points are evenly spread on an ellipse. Each ray is followed as
/// an end of an interval is (profile_intervals.hpp), all rays of all fits at once. Where a ray meets a contour more than once, it
/// ends at one of the places.

#include <rvfit/residual/profile_intervals.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <limits>

namespace rvfit {

/// Contours of N fits, with K points each.
template <ExecutionPolicy P>
struct ProfileContours {
  using Accum = typename P::accum_type;
  Cube<Accum, P> point;             ///< (N, K, 2)  theta_p and theta_q
  Matrix<ProfileStatus, P> status;  ///< (N, K)     `found`, or why `point` is none
  Matrix<Accum, P> excess;          ///< (N, K)     F_pq - F_min at `point`, in units of delta

  ProfileContours(const typename P::execution_space& exec, int size, int directions)
      : point(allocate<Cube<Accum, P>>(exec, "rvfit::ProfileContours::point", size, directions, 2)),
        status(allocate<Matrix<ProfileStatus, P>>(exec, "rvfit::ProfileContours::status", size,
                                                  directions)),
        excess(
            allocate<Matrix<Accum, P>>(exec, "rvfit::ProfileContours::excess", size, directions)) {}
};

/// Follow a contour of parameters p and q of N fits. One integer goes to the host after each round.
///
/// @param[in] exec        instance the work is enqueued on
/// @param[in] data        of the fits
/// @param[in] fits        at their minima, with covariances
/// @param[in] directions  K
/// @param[in] options     of the fits
/// @throws InvalidArgument  fits without covariances, parameters that are none or the same, more than 2^31 rays, options that are not
///                          valid
template <ExecutionPolicy P, ResidualModel Model, class Estimator = LeastSquares>
[[nodiscard]] ProfileContours<P> profile_contours(
    const typename P::execution_space& exec, const Model& model, const ResidualData<P>& data,
    const ResidualFits<P>& fits, int p, int q, int directions, const ResidualOptions& options = {},
    const ProfileOptions& profile = {}, const Estimator& estimator = {}) {
  constexpr int n = Model::parameters;
  profile.require_valid();
  const auto size = static_cast<int>(fits.theta.extent(0));
  RVFIT_REQUIRE(size > 0 && static_cast<int>(fits.covariance.extent(0)) == size,
                "profile_contours: ", size, " fits have ", fits.covariance.extent(0),
                " covariances");
  RVFIT_REQUIRE(p >= 0 && p < n && q >= 0 && q < n && p != q, "profile_contours: parameters ", p,
                " and ", q, " of ", n);
  RVFIT_REQUIRE(
      directions > 0 && std::int64_t{size} * directions <= std::numeric_limits<int>::max(),
      "profile_contours: ", size, " fits with ", directions, " rays, wanted 1 to 2^31");
  const ResidualFitter<P, Model, Estimator> fitter(exec, options, estimator);
  ProfileContours<P> out(exec, size, directions);
  detail::FitRounds<P> rounds(exec, data, size * directions, directions, n, true);
  const detail::ContourPaths<P> paths{
      detail::profile_arrays<P>(
          exec, rounds, fits, data.parameters, fitter.parameters(),
          {profile.delta, profile.tolerance, fitter.knows_errors(data), options.scale_covariance}),
      p, q, directions};
  detail::follow_profiles<P>(exec, paths, rounds, fitter, model, profile.max_rounds);
  Kokkos::parallel_for("rvfit::ProfileContours::write",
                       typename P::range_policy(exec, 0, size * directions),
                       detail::WriteContours<P>{paths, out.point, out.status, out.excess});
  return out;
}

}  // namespace rvfit
