// SPDX-License-Identifier: MIT

#include "arms.hpp"

#include <rvfit/core/require.hpp>

#include <algorithm>

namespace rvfit_python {

namespace {

[[nodiscard]] Plane plane_of_placed(const PlacedArray& placed) {
  return plane_of(placed.array, placed.on_device);
}

}  // namespace

ArraySpectra spectra_of(const SpectraArrays& arrays) {
  ArraySpectra spectra;
  for (const ArmArrays& from : arrays.arms) {
    ArrayArm& arm = spectra.arms.emplace_back();
    arm.name = from.name;
    arm.label = from.label;
    arm.medium = from.medium == "vacuum" ? rvfit::Medium::vacuum
                 : from.medium == "air"  ? rvfit::Medium::air
                                         : rvfit::Medium::unknown;
    arm.wave = plane_of(from.wave);
    arm.flux = plane_of_placed(from.flux);
    arm.weight = plane_of_placed(from.weight);
    arm.is_error = from.is_error;
    arm.mask = from.mask ? plane_of_placed(*from.mask) : Plane{};
    arm.line_spread = from.line_spread ? plane_of(*from.line_spread) : Plane{};
    arm.resolution = from.resolution ? plane_of_placed(*from.resolution) : Plane{};
  }
  if (arrays.targets) {
    spectra.targets = *arrays.targets;
  } else if (!spectra.arms.empty()) {
    for (std::size_t row = 0; row < spectra.arms.front().flux.rows; ++row) {
      spectra.targets.push_back({row});
    }
  }
  require_consistent(spectra);
  return spectra;
}

SurveySettings survey_of(const SpectraArrays& arrays) {
  const auto all = [&](const auto& has) {
    return !arrays.arms.empty() && std::all_of(arrays.arms.begin(), arrays.arms.end(), has);
  };
  return {arrays.masked, arrays.error_floor,
          all([](const ArmArrays& arm) { return arm.resolution.has_value(); }),
          all([](const ArmArrays& arm) { return arm.line_spread.has_value(); })};
}

std::string key_of(const SpectraArrays& arrays, const std::vector<std::string>& arguments) {
  const SurveySettings survey = survey_of(arrays);
  std::string key;
  for (const std::string& argument : arguments) {
    key += argument + '\n';
  }
  for (const auto& [lower, upper] : survey.masked) {
    key += rvfit::detail::concatenate(lower, ':', upper, '\n');
  }
  return key + rvfit::detail::concatenate(survey.error_floor, survey.has_matrices,
                                          survey.has_line_spread);
}

}  // namespace rvfit_python
