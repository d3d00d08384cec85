// SPDX-License-Identifier: MIT

#include "support/policies.hpp"
#include <rvfit/core/policy.hpp>
#include <rvfit/core/team.hpp>

#include <type_traits>

namespace rvfit::test::policy {

static_assert(ExecutionPolicy<FloatPolicy>);
static_assert(ExecutionPolicy<DoublePolicy>);
static_assert(!ExecutionPolicy<Exec>);
static_assert(std::is_same_v<Policy<>::real_type, float>);
static_assert(std::is_same_v<Policy<>::accum_type, double>);

TEST_CASE("policy: blocks of pixels are whole groups of every policy") {
  CHECK(pixel_block % FloatPolicy::pixels_abreast == 0);
  CHECK(pixel_block % DoublePolicy::pixels_abreast == 0);
  CHECK(FloatPolicy::on_host == DoublePolicy::on_host);
  CHECK(FloatPolicy::check_interval >= 1);
}

}  // namespace rvfit::test::policy
