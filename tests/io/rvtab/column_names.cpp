// SPDX-License-Identifier: MIT

#include <rvfit/io/rvtab/column_names.hpp>

#include <doctest/doctest.h>

namespace rvfit::test {
namespace {

TEST_CASE("column_names: parameters have rvspecfit's names and units, other labels their own") {
  CHECK(io::column_name("rv") == "VRAD");
  CHECK(io::column_name("rv_2") == "VRAD_2");
  CHECK(io::column_name("alpha") == "ALPHAFE");
  CHECK(io::column_name("vmic") == "VMIC");
  CHECK(io::parameter_comment("rv_3") == "Radial velocity of exposure 3");
  CHECK(io::parameter_comment("vmic") == "Label vmic of the library");
  CHECK(io::column_unit("km/s") == "km s-1");
  CHECK(io::column_unit("dex").empty());
  CHECK(io::column_unit("K") == "K");
}

}  // namespace
}  // namespace rvfit::test
