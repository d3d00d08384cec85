// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Time spent in kernels, by label and phase, through Kokkos' tools interface (which fences around
/// every kernel). For programs that launch from one thread; kernels do not nest.

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rvfit::bench {

class KernelTimes {
 public:
  /// Launches and seconds in each phase.
  struct Entry {
    long launches = 0;
    std::vector<double> seconds;
  };

  /// Kernels are timed while this object lives; there may be one.
  explicit KernelTimes(std::size_t phases) : phases_(phases) {
    using namespace Kokkos::Tools::Experimental;
    listener() = this;
    set_begin_parallel_for_callback(begin);
    set_end_parallel_for_callback(end);
    set_begin_parallel_reduce_callback(begin);
    set_end_parallel_reduce_callback(end);
    set_begin_parallel_scan_callback(begin);
    set_end_parallel_scan_callback(end);
  }
  ~KernelTimes() {
    using namespace Kokkos::Tools::Experimental;
    set_begin_parallel_for_callback(nullptr);
    set_end_parallel_for_callback(nullptr);
    set_begin_parallel_reduce_callback(nullptr);
    set_end_parallel_reduce_callback(nullptr);
    set_begin_parallel_scan_callback(nullptr);
    set_end_parallel_scan_callback(nullptr);
    listener() = nullptr;
  }
  KernelTimes(const KernelTimes&) = delete;
  KernelTimes& operator=(const KernelTimes&) = delete;

  /// Kernels that are launched from now on belong to this phase.
  void enter(std::size_t phase) { phase_ = phase; }

  [[nodiscard]] const std::map<std::string, Entry>& entries() const { return entries_; }

 private:
  static KernelTimes*& listener() {
    static KernelTimes* one = nullptr;
    return one;
  }
  static void begin(const char* label, std::uint32_t, std::uint64_t*) {
    KernelTimes& self = *listener();
    self.current_ = &self.entries_[label];
    self.current_->seconds.resize(self.phases_);
    self.timer_.reset();
  }
  static void end(std::uint64_t) {
    KernelTimes& self = *listener();
    self.current_->seconds[self.phase_] += self.timer_.seconds();
    ++self.current_->launches;
  }

  std::size_t phases_;
  std::size_t phase_ = 0;
  std::map<std::string, Entry> entries_;
  Entry* current_ = nullptr;
  Kokkos::Timer timer_;
};

}  // namespace rvfit::bench
