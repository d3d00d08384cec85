// SPDX-License-Identifier: MIT

#include "core/config_file.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

TEST_CASE("settings: words, quotes, lists and maps") {
  std::istringstream text(
      "---\n"
      "a: 1 # one\n"
      "b: 'x: #y'\n"
      "c: [1, \"two, three\"]\n"
      "d: {b: 0.5, r: 0.6}\n"
      "e:\n"
      "   b : 1\n"
      "\n"
      "   r : 2\n");
  const auto settings = rvfit_programs::read_settings(text);
  REQUIRE(settings.size() == 5);
  using Values = std::vector<std::string>;
  CHECK(settings[0].values == Values{"1"});
  CHECK(settings[1].values == Values{"x: #y"});
  CHECK(settings[2].values == Values{"1", "two, three"});
  CHECK(settings[3].values == Values{"b=0.5", "r=0.6"});
  CHECK(settings[4].values == Values{"b=1", "r=2"});
  CHECK(settings[4].line == 6);
}

}  // namespace
}  // namespace rvfit::test
