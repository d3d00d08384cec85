// SPDX-License-Identifier: MIT

#include <rvfit/solver/parameter_capacity.hpp>

#include <doctest/doctest.h>

namespace rvfit::test::parameter_capacity {

int capacity_for(int n) {
  int capacity = 0;
  detail::with_capacity(n, [&](auto constant) { capacity = decltype(constant)::value; });
  return capacity;
}

TEST_CASE("parameter_capacity: the least capacity that holds the parameters, none above 32") {
  CHECK(capacity_for(1) == 8);
  CHECK(capacity_for(8) == 8);
  CHECK(capacity_for(9) == 16);
  CHECK(capacity_for(16) == 16);
  CHECK(capacity_for(17) == 32);
  CHECK(capacity_for(32) == 32);
  CHECK_THROWS_AS(capacity_for(33), InvalidArgument);
}

}  // namespace rvfit::test::parameter_capacity
