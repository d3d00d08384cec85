// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include <rvfit/data/parameter_layout.hpp>

#include <doctest/doctest.h>

namespace rvfit::test {

TEST_CASE("parameter_layout: labels, then widths, then velocities") {
  const ParameterLayout one{.labels = 4, .widths = 1};
  CHECK(one.size() == 6);
  CHECK(one.width() == 4);
  CHECK(one.rv() == 5);
  CHECK(one.rv(3) == 5);  // all exposures share it

  const ParameterLayout several{.labels = 2, .widths = 2, .velocities = 3};
  CHECK(several.size() == 7);
  CHECK(several.width(1) == 3);
  CHECK(several.rv() == 4);
  CHECK(several.rv(2) == 6);

  const ParameterLayout none{.labels = 2, .widths = 0};
  CHECK(none.rv() == 2);
}

TEST_CASE("parameter_layout: a lane for the value, then one for each tangent") {
  const ParameterLayout layout{.labels = 4, .widths = 2, .velocities = 3};
  CHECK(layout.library_lanes() == 5);
  CHECK(layout.broadened_lanes() == 7);
  CHECK(layout.observed_lanes() == 8);  // velocities of other exposures have none
}

TEST_CASE("parameter_layout: what there is none of is refused") {
  const ParameterLayout layout{.labels = 2, .widths = 1, .velocities = 2};
  CHECK(message_of<InvalidArgument>([&] { (void)layout.width(1); }) ==
        "ParameterLayout: width 1 of 1");
  CHECK(message_of<InvalidArgument>([&] { (void)layout.rv(2); }) ==
        "ParameterLayout: exposure 2 of 2 velocities");
}

}  // namespace rvfit::test
