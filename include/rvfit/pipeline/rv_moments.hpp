// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Moments of posteriors of rv, as pipeline/rv_profile.hpp measures them.

#include <rvfit/core/views.hpp>

namespace rvfit {

/// Moments of B posteriors; NaN where there is none.
template <ExecutionPolicy P>
struct RvMoments {
  Vector<double, P> error;     ///< (B)  [km/s]
  Vector<double, P> skewness;  ///< (B)
  Vector<double, P> kurtosis;  ///< (B)  3 for a Gaussian

  RvMoments() = default;
  RvMoments(const typename P::execution_space& exec, int size)
      : error(allocate<Vector<double, P>>(exec, "rvfit::RvMoments::error", size)),
        skewness(allocate<Vector<double, P>>(exec, "rvfit::RvMoments::skewness", size)),
        kurtosis(allocate<Vector<double, P>>(exec, "rvfit::RvMoments::kurtosis", size)) {}
};

}  // namespace rvfit
