// SPDX-License-Identifier: MIT

#include "support/policies.hpp"
#include <rvfit/pipeline/side_by_side.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace rvfit::test::side_by_side {

/// An execution space without instances of fewer threads: all work shares the one given.
struct PlainSpace {
  using memory_space = Kokkos::HostSpace;
  const char* name;
  explicit PlainSpace(const char* its_name) : name(its_name) {}
};
struct PlainPolicy {
  using execution_space = PlainSpace;
  using memory_space = Kokkos::HostSpace;
  using real_type = double;
  using accum_type = double;
  static constexpr bool on_host = true;
};

template <class P>
void shares_out_the_threads() {
  const Exec exec{};
  const std::vector<Exec> instances = instances_side_by_side<P>(exec);
  if constexpr (P::on_host && std::is_constructible_v<Exec, int>) {
    CHECK(static_cast<int>(instances.size()) == exec.concurrency());
    for (const Exec& instance : instances) {
      CHECK(instance.concurrency() == 1);
    }
  } else if constexpr (!P::on_host) {
    REQUIRE(instances.size() == 2);
    if constexpr (!Policy<Exec>::on_host) {  // hosts cannot tell theirs apart
      CHECK(instances[0] != instances[1]);
    }
  }
}

TEST_CASE("side_by_side: an instance that cannot be divided stays whole") {
  const std::vector<PlainSpace> instances =
      instances_side_by_side<PlainPolicy>(PlainSpace("whole"));
  REQUIRE(instances.size() == 1);
  CHECK(std::string(instances[0].name) == "whole");
}

RVFIT_TEST_DOUBLE("side_by_side: every thread of a host has an instance of its own, a device two",
                  shares_out_the_threads);
}  // namespace rvfit::test::side_by_side
