// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The heaviest templates of the library, compiled once for all programs and tests: in fitters_float.cpp
/// and fitters_double.cpp.

#include <rvfit/rvfit.hpp>

namespace rvfit {

namespace instances {
using Float = Policy<Kokkos::DefaultExecutionSpace, float, double>;
using Double = Policy<Kokkos::DefaultExecutionSpace, double, double>;
}  // namespace instances

extern template class ForwardModel<instances::Float>;
extern template class ForwardModel<instances::Double>;
extern template class Objective<instances::Float, ForwardModel<instances::Float>>;
extern template class Objective<instances::Double, ForwardModel<instances::Double>>;
extern template class Fitter<ForwardModel<instances::Float>>;
extern template class Fitter<ForwardModel<instances::Double>>;

}  // namespace rvfit
