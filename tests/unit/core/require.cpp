// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include <rvfit/core/require.hpp>

namespace rvfit::test::require {

TEST_CASE("require: true means fine") {
  int calls = 0;
  const auto condition = [&] { return ++calls == 1; };
  CHECK_NOTHROW(RVFIT_REQUIRE(condition(), "not reached"));
  CHECK(calls == 1);
}

TEST_CASE("require: the message joins its parts") {
  const std::string text = message_of<InvalidArgument>(
      [] { RVFIT_REQUIRE(1 > 2, "lsf: flux has ", 4096, " pixels, lsf has ", 4095.5); });
  CHECK(text == "lsf: flux has 4096 pixels, lsf has 4095.5");
  CHECK_THROWS_AS(RVFIT_REQUIRE(false, ""), std::invalid_argument);
}

TEST_CASE("require: is one statement, with no dangling else") {
  bool other = false;
  if (other)
    RVFIT_REQUIRE(true, "");
  else
    other = true;
  CHECK(other);
}

}  // namespace rvfit::test::require
