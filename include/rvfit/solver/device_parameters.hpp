// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The columns of a `ParameterSet` on the device: bounds, scales, priors and which parameters are fixed.

#include <rvfit/core/views.hpp>
#include <rvfit/data/parameters.hpp>
#include <rvfit/solver/lm_step.hpp>

#include <vector>

namespace rvfit {

template <ExecutionPolicy P>
struct DeviceParameters {
  Vector<const double, P> lower, upper, scale, value, prior_mean, prior_sigma;  ///< (P)
  Vector<const int, P> fixed;                                                   ///< (P)

  DeviceParameters() = default;
  DeviceParameters(const typename P::execution_space& exec, const ParameterSet& set) {
    const auto column = [&](const char* label, auto member) {
      std::vector<double> values;
      for (const Parameter& p : set) {
        values.push_back(static_cast<double>(p.*member));
      }
      return upload<Vector<const double, P>>(exec, label, values);
    };
    lower = column("rvfit::Parameters::lower", &Parameter::lower);
    upper = column("rvfit::Parameters::upper", &Parameter::upper);
    scale = column("rvfit::Parameters::scale", &Parameter::scale);
    value = column("rvfit::Parameters::value", &Parameter::value);
    prior_mean = column("rvfit::Parameters::prior_mean", &Parameter::prior_mean);
    prior_sigma = column("rvfit::Parameters::prior_sigma", &Parameter::prior_sigma);
    std::vector<int> flags;
    for (const Parameter& p : set) {
      flags.push_back(p.fixed ? 1 : 0);
    }
    fixed = upload<Vector<const int, P>>(exec, "rvfit::Parameters::fixed", flags);
  }

  /// Start of a fit in parameter p: its value if it is fixed, else `start` put within the bounds. NaN
  /// stays NaN.
  [[nodiscard]] KOKKOS_FUNCTION double start(int p, double start) const {
    if (fixed(p) != 0) {
      return value(p);
    }
    return start < lower(p) ? lower(p) : (start > upper(p) ? upper(p) : start);
  }

  /// Least curvature that damping is relative to: 1e-12 over the square of the parameter's scale.
  [[nodiscard]] KOKKOS_FUNCTION double least_curvature(int p) const {
    return 1e-12 / (scale(p) * scale(p));
  }

  /// Bounds as the step of one fit takes them; N is at least the number of parameters.
  template <int N>
  [[nodiscard]] KOKKOS_FUNCTION LmBounds<double, N> bounds() const {
    LmBounds<double, N> out;
    for (int p = 0; p < static_cast<int>(fixed.extent(0)); ++p) {
      out.lower[p] = lower(p);
      out.upper[p] = upper(p);
      out.least_curvature[p] = least_curvature(p);
      out.fixed[p] = fixed(p) != 0;
    }
    return out;
  }
};

}  // namespace rvfit
