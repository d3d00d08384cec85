// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The stages that broaden a template. A new one is a header beside this and an entry in the list.

#include <rvfit/core/units.hpp>
#include <rvfit/stages/exact_rotation.hpp>
#include <rvfit/stages/gaussian_broadening.hpp>
#include <rvfit/stages/rotation.hpp>

#include <array>
#include <vector>

namespace rvfit {

/// Some stages, as a type.
template <LinearStage... Stages>
struct StageList {
  static constexpr int size = sizeof...(Stages);
};

/// The stages of the library; parameters of those that are on are in this order.
using BroadeningStages = StageList<Rotation, ExactRotation, GaussianBroadening>;

/// The parameters of the stages that are on.
template <LinearStage... Stages>
[[nodiscard]] std::vector<Parameter> stage_parameters(StageList<Stages...>,
                                                      const BroadeningOptions& options) {
  std::vector<Parameter> parameters;
  for (const auto& parameter : {Stages::parameter(options)...}) {
    if (parameter) {
      parameters.push_back(*parameter);
    }
  }
  return parameters;
}

/// Their values at point n of the scan's templates, within their bounds.
template <LinearStage... Stages>
[[nodiscard]] std::vector<double> stage_starts(StageList<Stages...>,
                                               const BroadeningOptions& options, int n) {
  std::vector<double> starts;
  const auto add = [&](const std::optional<Parameter>& parameter, double start) {
    if (parameter) {
      starts.push_back(Kokkos::fmin(start, parameter->upper));
    }
  };
  (add(Stages::parameter(options), Stages::start(n)), ...);
  return starts;
}

/// The stages that are on, on a grid of some step: copied into kernels.
template <class Stages = BroadeningStages>
struct ActiveStages;

template <LinearStage... Stages>
struct ActiveStages<StageList<Stages...>> {
  static constexpr int list_size = sizeof...(Stages);

  int count = 0;                   ///< S, stages that are on
  int first_column = 0;            ///< of their widths in theta: one after another
  double pixels_per_kms = 0.0;     ///< 1 / (c step)
  bool on[list_size] = {};         ///< by place in the list
  double largest[list_size] = {};  ///< upper bound of each width  [pixels]

  /// @param[in] column  of the first width in theta
  /// @param[in] step    of the grid in ln(wavelength)
  ActiveStages(const BroadeningOptions& options, int column, double step)
      : first_column(column), pixels_per_kms(1.0 / (speed_of_light * step)) {
    int place = 0;
    for (const auto& parameter : {Stages::parameter(options)...}) {
      on[place] = parameter.has_value();
      largest[place] = parameter ? parameter->upper * pixels_per_kms : 0.0;
      count += parameter ? 1 : 0;
      ++place;
    }
  }

  /// Call body(stage, width number, place in the list) for each stage that is on, in order.
  template <class Body>
  KOKKOS_INLINE_FUNCTION void for_each(const Body& body) const {
    int place = 0, number = 0;
    const auto visit = [&](auto stage) {
      if (on[place]) {
        body(stage, number, place);
        ++number;
      }
      ++place;
    };
    (visit(Stages{}), ...);
  }

  /// Furthest tap of all kernels together.
  template <class Real>
  [[nodiscard]] int max_reach() const {
    int place = 0, sum = 0;
    const auto add = [&](int reach) { sum += on[place++] ? reach : 0; };
    (add(Stages::template reach<Real>(largest[place])), ...);
    return sum;
  }

  /// Distance from which light comes at the upper bounds  [pixels].
  [[nodiscard]] double max_support() const {
    int place = 0;
    double sum = 0.0;
    const auto add = [&](double support) { sum += on[place++] ? support : 0.0; };
    (add(Stages::support(largest[place])), ...);
    return sum;
  }
};

}  // namespace rvfit
