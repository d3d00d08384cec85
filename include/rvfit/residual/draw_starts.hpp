// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Starts that fill the box between the bounds evenly: point k of the R sequence of d free parameters is
///
///   u_kp = frac(1/2 + (k + 1) g^-(p+1)),    g^(d+1) = g + 1,
///
/// with low discrepancy for any number of points (Roberts, The unreasonable effectiveness of quasirandom sequences, 2018,
/// extremelearning.com.au). A parameter whose bounds are positive and a factor of 100 or more apart is drawn in its
/// logarithm, others evenly.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>
#include <rvfit/data/parameters.hpp>

#include <Kokkos_Core.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace rvfit {

/// Ratio of positive bounds from which a parameter is drawn in its logarithm.
inline constexpr double log_drawn_ratio = 100.0;

/// K points between the bounds of a set of parameters; fixed ones keep their value.
///
/// @return (K, P)  row-major
/// @throws InvalidArgument  no points, or a free parameter without finite bounds
[[nodiscard]] inline std::vector<double> draw_points(const ParameterSet& box, int points) {
  RVFIT_REQUIRE(points > 0, "draw_points: ", points, " points");
  int dimensions = 0;
  for (const Parameter& p : box) {
    RVFIT_REQUIRE(p.fixed || (std::isfinite(p.lower) && std::isfinite(p.upper)),
                  "draw_points: bounds of ", p.name, " are [", p.lower, ", ", p.upper,
                  "], wanted finite ones to draw between");
    dimensions += p.fixed ? 0 : 1;
  }
  double golden = 2.0;
  for (int pass = 0; pass < 64; ++pass) {  // contracts by half or better
    golden = std::pow(1.0 + golden, 1.0 / (dimensions + 1));
  }
  std::vector<double> out;
  out.reserve(static_cast<std::size_t>(points) * static_cast<std::size_t>(box.size()));
  for (int k = 0; k < points; ++k) {
    double step = 1.0;
    for (const Parameter& p : box) {
      if (p.fixed) {
        out.push_back(p.value);
        continue;
      }
      step /= golden;
      const double u = std::fmod(0.5 + (k + 1) * step, 1.0);
      const bool in_log = p.lower > 0.0 && p.upper >= log_drawn_ratio * p.lower;
      out.push_back(in_log ? p.lower * std::pow(p.upper / p.lower, u)
                           : (1.0 - u) * p.lower + u * p.upper);
    }
  }
  return out;
}

/// The same on the device, for `fit_many_starts`.
///
/// @return (1, K, P)
template <ExecutionPolicy P>
[[nodiscard]] Cube<typename P::accum_type, P> draw_starts(const typename P::execution_space& exec,
                                                          const ParameterSet& box, int points) {
  using Accum = typename P::accum_type;
  return upload_cube<Cube<Accum, P>>(exec, "rvfit::draw_starts", draw_points(box, points), 1,
                                     static_cast<std::size_t>(points),
                                     static_cast<std::size_t>(box.size()));
}

}  // namespace rvfit
