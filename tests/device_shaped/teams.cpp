// SPDX-License-Identifier: MIT

/// @file
/// The teams that the other tests of this suite run with have several threads, which work at the same time.

#include <support/compare.hpp>
#include <support/policies.hpp>
#include <support/synthetic.hpp>

#include <algorithm>
#include <vector>

namespace rvfit::test::device_shaped {

struct CountThreads {
  Vector<int, FloatPolicy> threads;  ///< of each team
  KOKKOS_FUNCTION void operator()(const FloatPolicy::member_type& member) const {
    Kokkos::atomic_add(&threads(member.league_rank()), 1);
  }
};

TEST_CASE("device_shaped: teams have as many threads as their policy says") {
  const Exec exec{};
  REQUIRE(exec.concurrency() > 1);
  const int wanted = FloatPolicy::team_size(exec);
  CHECK(wanted > 1);
  CHECK(teams<FloatPolicy>(exec, 5).team_size() == wanted);
  const auto threads = allocate<Vector<int, FloatPolicy>>(exec, "threads", 5);
  Kokkos::parallel_for("threads", teams<FloatPolicy>(exec, 5), CountThreads{threads});
  CHECK(values(exec, threads) == std::vector<int>(5, wanted));
}

}  // namespace rvfit::test::device_shaped
