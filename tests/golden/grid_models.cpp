// SPDX-License-Identifier: MIT

/// @file
/// Templates of a regular grid against rvspecfit d4bbf3a, in a hole and outside too.

#include <doctest/doctest.h>
#include <support/reference_models.hpp>

namespace rvfit::test {

/// The same templates in the same weights: splines and rotations alone differ. Measured 7e-7, margin 14.
constexpr double grid_tolerance = 1e-5;
constexpr ForwardModelOptions reference{.nearest_node_outside = true};

TEST_CASE("forward model: templates of a grid agree with rvspecfit's [double]") {
  compare_models<double>("rvspecfit_grid_small", "grid_models.fits", reference, grid_tolerance);
}

TEST_CASE("forward model: templates of a grid agree with rvspecfit's [float]") {
  compare_models<float>("rvspecfit_grid_small", "grid_models.fits", reference, grid_tolerance);
}

TEST_CASE("forward model: inside a grid's cells the boundary's treatment does not matter") {
  compare_models<double>("rvspecfit_grid_small", "grid_models.fits", {}, grid_tolerance);
}

}  // namespace rvfit::test
