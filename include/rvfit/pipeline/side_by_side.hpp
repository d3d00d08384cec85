// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Execution-space instances for fits that run side by side. Fits of different spectra have nothing to
/// tell each other, so on a CPU each thread best works through batches of its own: a kernel that all
/// threads share ends with all waiting for the slowest, thousands of times a batch, and on a busy
/// machine the slowest is not running at all.

#include <rvfit/core/policy.hpp>

#include <Kokkos_Core.hpp>

#include <type_traits>
#include <vector>

namespace rvfit {

/// One instance of a single thread for each thread of `exec`, where the execution space has such
/// (Kokkos::OpenMP). On a device, which one batch fills, two: while one copies the other computes.
template <ExecutionPolicy P>
[[nodiscard]] std::vector<typename P::execution_space> instances_side_by_side(
    const typename P::execution_space& exec) {
  using Exec = typename P::execution_space;
  std::vector<Exec> instances;
  // Kokkos::partition_space would give instances of all threads unless OpenMP may nest.
  if constexpr (P::on_host && std::is_constructible_v<Exec, int>) {
    for (int thread = 0; thread < exec.concurrency(); ++thread) {
      instances.push_back(Exec(1));
    }
  } else if constexpr (!P::on_host) {
    for (const Exec& instance : Kokkos::Experimental::partition_space(exec, 1, 1)) {
      instances.push_back(instance);
    }
  } else {
    instances.push_back(exec);
  }
  return instances;
}

}  // namespace rvfit
