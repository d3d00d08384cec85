// SPDX-License-Identifier: MIT

#include <rvfit/io/desi/desi_preparation.hpp>

#include <doctest/doctest.h>

namespace rvfit::test {
namespace {

TEST_CASE("desi_preparation: rvspecfit's dichroic and floor of errors") {
  const PrepareOptions options = io::desi_preparation();
  CHECK(options.masked.size() == 1);
  CHECK(options.masked.contain(4300.1));
  CHECK(options.masked.contain(4449.9));
  CHECK_FALSE(options.masked.contain(4300.0));
  CHECK_FALSE(options.masked.contain(4450.0));
  CHECK(options.error_floor == 0.3);
  CHECK(options.systematic_error == 0.0);
}

}  // namespace
}  // namespace rvfit::test
