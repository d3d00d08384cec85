// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A record of what a piece of code asks of Kokkos, by its tool callbacks: allocations and
/// deallocations, copies, fences, and kernels with their labels and the instance that they run on.

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::test {

/// Records from construction to destruction. One at a time.
class KokkosEvents {
 public:
  KokkosEvents() {
    namespace Tools = Kokkos::Tools::Experimental;
    current_ = this;
    Tools::set_allocate_data_callback(
        [](Kokkos::Profiling::SpaceHandle, const char* label, const void*, std::uint64_t bytes) {
          if (bytes > 0) {  // Kokkos tells of scratch that a team of a CUDA device does without
            current_->allocations.emplace_back(label);
          }
        });
    Tools::set_deallocate_data_callback(
        [](Kokkos::Profiling::SpaceHandle, const char* label, const void*, std::uint64_t) {
          current_->deallocations.emplace_back(label);
        });
    Tools::set_begin_deep_copy_callback([](Kokkos::Profiling::SpaceHandle, const char* to,
                                           const void*, Kokkos::Profiling::SpaceHandle,
                                           const char* from, const void*, std::uint64_t bytes) {
      current_->copies.push_back(std::string(from) + " -> " + to);
      current_->copied_bytes += bytes;
    });
    Tools::set_begin_fence_callback([](const char* label, std::uint32_t, std::uint64_t*) {
      current_->fences.emplace_back(label);
    });
    Tools::set_begin_parallel_for_callback(&record_kernel);
    Tools::set_begin_parallel_reduce_callback(&record_kernel);
    Tools::set_begin_parallel_scan_callback(&record_kernel);
  }
  KokkosEvents(const KokkosEvents&) = delete;
  KokkosEvents& operator=(const KokkosEvents&) = delete;
  ~KokkosEvents() {
    Kokkos::Tools::Experimental::set_callbacks({});
    current_ = nullptr;
  }

  struct Kernel {
    std::string label;
    std::uint32_t instance;  ///< device and instance, as Kokkos identifies them to tools
  };

  std::vector<std::string> allocations;
  std::vector<std::string> deallocations;
  std::vector<std::string> copies;
  std::uint64_t copied_bytes = 0;
  std::vector<std::string> fences;
  std::vector<Kernel> kernels;

 private:
  static void record_kernel(const char* label, std::uint32_t device, std::uint64_t*) {
    current_->kernels.push_back({label, device});
  }

  static inline KokkosEvents* current_ = nullptr;
};

}  // namespace rvfit::test
