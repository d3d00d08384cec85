// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Launches a kernel that works on something large with a team each.

#include <rvfit/core/policy.hpp>

#include <Kokkos_Core.hpp>

#include <algorithm>

namespace rvfit::detail {

/// Run `count` teams of a kernel. On hosts threads beyond their number join the others.
template <ExecutionPolicy P, class Kernel>
void launch_teams(const char* label, const typename P::execution_space& exec, const Kernel& kernel,
                  int count) {
  // More registers for each thread than one of a full block of a GPU can have.
  using SmallTeams =
      Kokkos::TeamPolicy<typename P::execution_space, Kokkos::LaunchBounds<256, 1>, SentAlong>;
  const auto scratch = Kokkos::PerTeam(Kernel::scratch_bytes());
  const auto policy = [&](SmallTeams some) {
    some.set_scratch_size(Kernel::scratch_level(), scratch);
    if constexpr (requires { kernel.more_scratch_bytes(); }) {
      const int least = Kernel::scratch_level() == 1 ? Kernel::scratch_bytes() : 0;
      some.set_scratch_size(1, Kokkos::PerTeam(least + kernel.more_scratch_bytes()));
    }
    return some;
  };
  if constexpr (P::on_host) {
    const int wanted = std::max(exec.concurrency() / count, 1);
    const int most =
        policy(SmallTeams(exec, count, 1)).team_size_max(kernel, Kokkos::ParallelForTag());
    Kokkos::parallel_for(label, policy(SmallTeams(exec, count, std::min(wanted, most))), kernel);
  } else {
    Kokkos::parallel_for(label, policy(teams<P, SmallTeams>(exec, count)), kernel);
  }
}

}  // namespace rvfit::detail
