// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// An objective hands its value, gradient and curvature to the solver, one row per fit.

#include <rvfit/core/views.hpp>

namespace rvfit {

/// The tangents of jets: lane 1 + l is the derivative by parameter column(l).
struct Tangents {
  int count = 0;  ///< 0 for values only
  int last = -1;  ///< parameter of the last lane; lanes before it follow the parameters

  // NOLINTNEXTLINE(google-explicit-constructor): the first `size` parameters
  Tangents(int size) : count(size), last(size - 1) {}
  Tangents(int size, int last_parameter) : count(size), last(last_parameter) {}

  [[nodiscard]] KOKKOS_FUNCTION int column(int l) const { return l + 1 < count ? l : last; }
};

/// Objective of B fits near their current parameters. Terms (arms, priors, penalties) add to it.
template <ExecutionPolicy P>
struct Linearization {
  using Accum = typename P::accum_type;
  Vector<Accum, P> value;     ///< (B)        neg2_log_like
  Matrix<Accum, P> gradient;  ///< (B, P)     d value / d theta
  Cube<Accum, P> hessian;     ///< (B, P, P)  Gauss-Newton curvature of value, symmetric

  Linearization() = default;
  Linearization(const typename P::execution_space& exec, int size, int parameters)
      : value(allocate<Vector<Accum, P>>(exec, "rvfit::Linearization::value", size)),
        gradient(
            allocate<Matrix<Accum, P>>(exec, "rvfit::Linearization::gradient", size, parameters)),
        hessian(allocate<Cube<Accum, P>>(exec, "rvfit::Linearization::hessian", size, parameters,
                                         parameters)) {}
};

}  // namespace rvfit
