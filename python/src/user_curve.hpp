// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A user's curve, compiled on the user's machine: the source that the package writes (python/rvfit/_compile.py)
/// includes this, and nothing else.

#include "curve_model.hpp"
#include <rvfit/core/value_of.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit_python::user {

// Functions of plain numbers; those of duals and packs are found by their arguments.
using Kokkos::abs;
using Kokkos::acos;
using Kokkos::asin;
using Kokkos::atan;
using Kokkos::atan2;
using Kokkos::cbrt;
using Kokkos::cos;
using Kokkos::cosh;
using Kokkos::erf;
using Kokkos::erfc;
using Kokkos::exp;
using Kokkos::expm1;
using Kokkos::log;
using Kokkos::log10;
using Kokkos::log1p;
using Kokkos::max;
using Kokkos::min;
using Kokkos::pow;
using Kokkos::sin;
using Kokkos::sinh;
using Kokkos::sqrt;
using Kokkos::tan;
using Kokkos::tanh;
using rvfit::elementwise;
using rvfit::pick;
using rvfit::select;
using rvfit::value_of;

inline constexpr double pi = 3.14159265358979323846;

/// x^2.
template <class T>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T sq(const T& x) {
  return x * x;
}

}  // namespace rvfit_python::user

/// Ends the source: how the package's module gets the model.
#define RVFIT_CURVE_MODEL(Model)                                                            \
  extern "C" [[gnu::visibility("default")]] rvfit_python::CurveModel* rvfit_curve_model() { \
    return new rvfit_python::FittedCurve<Model>(Model{});                                   \
  }
