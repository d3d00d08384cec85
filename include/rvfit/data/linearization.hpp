// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// What an objective hands to the solver: its value, gradient and curvature, one row per spectrum.

#include <rvfit/core/views.hpp>

namespace rvfit {

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
