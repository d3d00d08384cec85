// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A device's code run on a host: a policy whose kernels have the shape of a device's (a pixel a thread, tiled
/// products, no packs), and whose teams have several threads.
///
/// A barrier that is missing shows only if threads come to it far apart. So at barriers some threads pause,
/// others each time, as on a device where each group of threads has a pace of its own.

#include <rvfit/core/policy.hpp>

#include <Kokkos_Core.hpp>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace rvfit::test {

/// A member of a team that comes late from some barriers.
template <class Member>
struct UnevenMember : Member {
  // Kernels are called with the member of Kokkos.
  UnevenMember(const Member& member) : Member(member) {}  // NOLINT(google-explicit-constructor)

  void team_barrier() const {
#if defined(__SANITIZE_THREAD__)
    // The barrier is in Kokkos' library, which ThreadSanitizer does not see into.
    static char places[1024];
    char* const place = &places[static_cast<std::size_t>(this->league_rank()) % sizeof(places)];
    __tsan_release(place);
    Member::team_barrier();
    __tsan_acquire(place);
#else
    Member::team_barrier();
#endif
    thread_local std::uint32_t state = 2463534242U + static_cast<std::uint32_t>(this->team_rank());
    // Marsaglia's xorshift32.
    state ^= state << 13U;
    state ^= state >> 17U;
    state ^= state << 5U;
    if (state % 64 == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }
};

/// The policy of a device, with `Exec` of a host. Two teams work side by side, where there are threads for them.
template <class Exec, std::floating_point Real, std::floating_point Accum = double>
struct DeviceShaped : Policy<Exec, Real, Accum, false> {
  using member_type = UnevenMember<typename Policy<Exec, Real, Accum, false>::member_type>;

  [[nodiscard]] static int team_size(const Exec& exec) {
    const int threads = exec.concurrency();
    return std::max(threads / 2, std::min(threads, 2));
  }
};

}  // namespace rvfit::test
