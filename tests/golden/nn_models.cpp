// SPDX-License-Identifier: MIT

/// @file
/// Templates of a network against rvspecfit d4bbf3a.

#include <doctest/doctest.h>
#include <support/reference_models.hpp>

namespace rvfit::test {

/// Its network runs in float32, where exp of a logarithm of size 1 is good to about 1e-6. Measured 4.1e-6.
constexpr double network_tolerance = 1e-5;

TEST_CASE("forward model: templates agree with rvspecfit's [double]") {
  compare_models<double>("rvspecfit_nn", "nn_models.fits", {}, network_tolerance);
}

TEST_CASE("forward model: templates agree with rvspecfit's [float]") {
  compare_models<float>("rvspecfit_nn", "nn_models.fits", {}, network_tolerance);
}

}  // namespace rvfit::test
