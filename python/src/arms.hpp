// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Spectra as the Python part of the package hands them over.

#include "array_spectra.hpp"
#include "numpy.hpp"
#include "settings.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_python {

/// An array, and whether it is in the memory that fits run in.
struct PlacedArray {
  AnyArray array;
  bool on_device = false;
};

/// Arrays of an arm, kept alive.
struct ArmArrays {
  std::string name;
  std::string label;
  std::string medium;  ///< vacuum, air, or nothing
  AnyArray wave;
  PlacedArray flux, weight;
  bool is_error = false;
  std::optional<PlacedArray> mask;
  std::optional<AnyArray> line_spread;
  std::optional<PlacedArray> resolution;
};

/// Spectra and what their survey says about their preparation.
struct SpectraArrays {
  std::vector<ArmArrays> arms;
  std::vector<std::pair<double, double>> masked;
  double error_floor = 0.0;
  std::optional<rvfit::io::Targets> targets;  ///< every row on its own without
};

[[nodiscard]] ArraySpectra spectra_of(const SpectraArrays& arrays);
[[nodiscard]] SurveySettings survey_of(const SpectraArrays& arrays);
/// Everything that settings depend on, as text.
[[nodiscard]] std::string key_of(const SpectraArrays& arrays,
                                 const std::vector<std::string>& arguments);

}  // namespace rvfit_python
