// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Whole fits of simulated stars.

#include <rvfit/rvfit.hpp>

#include <support/simulated_stars.hpp>

#include <vector>

namespace rvfit::test {

/// `fit_spectra`, with the policy named.
template <class P, class Model>
[[nodiscard]] FitResult fit(const typename P::execution_space& exec, const Model& model,
                            const Observations<P>& data, const FitOptions& options = {}) {
  return fit_spectra<Model, P>(exec, model, data, options);
}

}  // namespace rvfit::test
