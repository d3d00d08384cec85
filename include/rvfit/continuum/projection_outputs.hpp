// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Outputs of a projection (continuum/projection.hpp) besides its share of the objective.

#include <rvfit/core/views.hpp>

namespace rvfit {

/// Views to be written; those that are not allocated are skipped.
template <ExecutionPolicy P>
struct ProjectionOutputs {
  using Accum = typename P::accum_type;
  Vector<Accum, P> chi2;  ///< (B)     |r|^2 over w_i > 0; not set for an arm left out
  Matrix<typename P::real_type, P> model;  ///< (B, N)  (c^T P)_i T_i, masked pixels too  [flux]
};

}  // namespace rvfit
