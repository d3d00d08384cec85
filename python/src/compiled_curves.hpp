// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Models of curves that the module has compiled, and those that are loaded from a user's folder.

#include "curve_sum.hpp"
#include "curve_task.hpp"

#include <memory>
#include <string>
#include <vector>

namespace rvfit_python {

/// Parameters of the largest compiled sum.
inline constexpr int most_curve_parameters = 10;

/// @param[in] terms  one after the other, of most_curve_parameters parameters at most
/// @throws rvfit::InvalidArgument  more parameters
[[nodiscard]] std::shared_ptr<const CurveModel> compiled_curve(const std::vector<CurveTerm>& terms);

/// @throws std::runtime_error  the file is not a model
[[nodiscard]] std::shared_ptr<const CurveModel> loaded_curve(const std::string& path);

}  // namespace rvfit_python
