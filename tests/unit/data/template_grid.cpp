// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/tolerance.hpp"
#include <rvfit/data/template_grid.hpp>

namespace {

using rvfit::TemplateGrid;
using rvfit::test::check_close;
using rvfit::test::rounding;

TEST_CASE("template_grid: pixels of a logarithmic grid grow by one factor") {
  const TemplateGrid grid{.origin = std::log(4000.0), .step = 1e-4, .size = 10};
  // A logarithm of 8.3 is rounded to eps / 2 of it, and the exponential to 1 ulp.
  const double allowed = rounding<double>(10);
  check_close("first", grid.wave(0), 4000.0, {0.0, allowed});
  // The quotient of two of those.
  check_close("ratio", grid.wave(7.5) / grid.wave(6.5), std::exp(1e-4), {0.0, 2.0 * allowed});
}

}  // namespace
