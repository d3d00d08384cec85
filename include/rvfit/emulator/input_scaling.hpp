// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Labels scaled to the inputs x of a template library,
///
///   x_j = (q_j - offset_j) / scale_j,   q_j = theta_j or log10(theta_j)

#include <rvfit/core/views.hpp>
#include <rvfit/emulator/emulator_data.hpp>

#include <vector>

namespace rvfit {

/// Scaling of labels to the inputs of one arm.
template <ExecutionPolicy P>
struct InputScaling {
  Vector<const double, P> offset;
  Vector<const double, P> scale;
  Vector<const int, P> log10;

  struct Input {
    double value;
    double slope;  ///< d value / d label
  };

  [[nodiscard]] KOKKOS_FUNCTION Input operator()(int j, double label) const {
    constexpr double ln10 = 2.302585092994045684;
    const double q = log10(j) != 0 ? Kokkos::log10(label) : label;
    const double dq = log10(j) != 0 ? 1.0 / (label * ln10) : 1.0;
    return {(q - offset(j)) / scale(j), dq / scale(j)};
  }
};

/// Upload the scaling of one arm.
template <ExecutionPolicy P>
[[nodiscard]] InputScaling<P> upload_scaling(const typename P::execution_space& exec,
                                             const std::vector<InputData>& inputs) {
  std::vector<double> offset, scale;
  std::vector<int> log10;
  for (const InputData& input : inputs) {
    offset.push_back(input.offset);
    scale.push_back(input.scale);
    log10.push_back(input.log10 ? 1 : 0);
  }
  return {upload<Vector<const double, P>>(exec, "rvfit::InputScaling::offset", offset),
          upload<Vector<const double, P>>(exec, "rvfit::InputScaling::scale", scale),
          upload<Vector<const int, P>>(exec, "rvfit::InputScaling::log10", log10)};
}

}  // namespace rvfit
