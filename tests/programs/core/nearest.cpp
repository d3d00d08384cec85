// SPDX-License-Identifier: MIT

#include "core/nearest.hpp"

#include <doctest/doctest.h>

namespace rvfit::test {
namespace {

TEST_CASE("nearest: letters inserted, deleted, replaced and swapped") {
  using rvfit_programs::edit_distance;
  CHECK(edit_distance("npoly", "npoly") == 0);
  CHECK(edit_distance("npolly", "npoly") == 1);
  CHECK(edit_distance("npol", "npoly") == 1);
  CHECK(edit_distance("mpoly", "npoly") == 1);
  CHECK(edit_distance("nploy", "npoly") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(rvfit_programs::nearest("rbg", {"rbf", "chebyshev"}) == "rbf");
  CHECK(rvfit_programs::nearest("spline", {"rbf", "chebyshev"}).empty());
}

}  // namespace
}  // namespace rvfit::test
