// SPDX-License-Identifier: MIT

#include "desi/target_bits.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

TEST_CASE("target bits: values of desitarget, by survey, and expressions from the beginning") {
  using rvfit_desi::target_bits;
  const auto bit = [](int n) { return std::int64_t{1} << n; };
  CHECK(target_bits("DESI_TARGET", {"MWS_ANY"}) == bit(61));
  CHECK(target_bits("DESI_TARGET", {"SCND_ANY", "STD_BRIGHT"}) == (bit(62) | bit(35)));
  CHECK(target_bits("DESI_TARGET", {"STD_*"}) == (bit(33) | bit(34) | bit(35)));
  CHECK(target_bits("DESI_TARGET", {"ANY"}) == 0);
  CHECK(target_bits("DESI_TARGET", {".*ANY"}) == (bit(60) | bit(61) | bit(62)));
  CHECK(target_bits("SV1_DESI_TARGET", {"QSO_Z5$"}) == bit(17));
  CHECK(target_bits("SV3_DESI_TARGET", {"LRG_LOWDENS$"}) == bit(3));
  CHECK(target_bits("CMX_TARGET", {"STD_"}) ==
        (bit(0) | bit(3) | bit(4) | bit(5) | bit(33) | bit(35) | bit(58)));
  CHECK(rvfit_desi::without_match({"MWS_ANY", "SV0_WD", "NONE"}) ==
        std::vector<std::string>{"NONE"});
}

}  // namespace
}  // namespace rvfit::test
