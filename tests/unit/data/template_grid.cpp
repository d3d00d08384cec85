// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include <rvfit/data/template_grid.hpp>

namespace {

using rvfit::TemplateGrid;

TEST_CASE("template_grid: pixels of a logarithmic grid grow by one factor") {
  const TemplateGrid grid{
      .logarithmic = true, .origin = std::log(4000.0), .step = 1e-4, .size = 10};
  CHECK(grid.wave(0) == doctest::Approx(4000.0));
  CHECK(grid.wave(7.5) / grid.wave(6.5) == doctest::Approx(std::exp(1e-4)));
}

TEST_CASE("template_grid: pixels of a linear grid are equally far apart") {
  const TemplateGrid grid{.logarithmic = false, .origin = 4000.0, .step = 0.5, .size = 10};
  CHECK(grid.wave(0) == 4000.0);
  CHECK(grid.wave(9.5) == 4004.75);
}

}  // namespace
