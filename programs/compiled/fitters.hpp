// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The heaviest templates of the library, compiled once for all programs and tests: in fitters_float.cpp
/// and fitters_double.cpp.

#include <rvfit/rvfit.hpp>

namespace rvfit {

namespace compiled {
using Float = Policy<Kokkos::DefaultExecutionSpace, float, double>;
using Double = Policy<Kokkos::DefaultExecutionSpace, double, double>;
}  // namespace compiled

extern template class GridLibrary<compiled::Float>;
extern template class GridLibrary<compiled::Double>;
extern template class Mlp<compiled::Float>;
extern template class Mlp<compiled::Double>;
extern template class ForwardModel<compiled::Float>;
extern template class ForwardModel<compiled::Double>;
extern template class Scan<compiled::Float, ForwardModel<compiled::Float>>;
extern template class Scan<compiled::Double, ForwardModel<compiled::Double>>;
extern template class Objective<compiled::Float, ForwardModel<compiled::Float>>;
extern template class Objective<compiled::Double, ForwardModel<compiled::Double>>;
extern template class Fitter<ForwardModel<compiled::Float>>;
extern template class Fitter<ForwardModel<compiled::Double>>;

}  // namespace rvfit
