// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Whole fits of simulated stars.

#include <rvfit/rvfit.hpp>

#include <support/simulated_stars.hpp>

#include <vector>

namespace rvfit::test {

/// Bind, scan, minimize, errors.
template <class P, class Model>
[[nodiscard]] FitResult fit(const typename P::execution_space& exec, const Model& model,
                            const Observations<P>& data, const FitOptions& options = {}) {
  Fitter<Model, P> fitter(exec, model, data, data.front().size(), options);
  fitter.bind(exec, data);
  fitter.scan(exec);
  fitter.minimize(exec);
  fitter.errors(exec);
  return fitter.result(exec);
}

}  // namespace rvfit::test
