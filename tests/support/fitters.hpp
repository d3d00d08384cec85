// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The heaviest templates of the library, compiled once for all test programs: in fitters_float.cpp
/// and fitters_double.cpp.

#include <rvfit/rvfit.hpp>

namespace rvfit {

namespace test {
using Float = Policy<Kokkos::DefaultExecutionSpace, float, double>;
using Double = Policy<Kokkos::DefaultExecutionSpace, double, double>;
}  // namespace test

extern template class Objective<test::Float, ForwardModel<test::Float>>;
extern template class Objective<test::Double, ForwardModel<test::Double>>;
extern template class Fitter<ForwardModel<test::Float>>;
extern template class Fitter<ForwardModel<test::Double>>;

}  // namespace rvfit
