// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Workers that plan their first batch before others fit. A plan frees views, and Kokkos waits for every kernel of a host
/// whenever one is freed (docs/decisions/0011): beside a worker that fits a plan takes several times as long.

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace rvfit_programs {

/// Counts the workers that plan.
class Planning {
 public:
  /// A worker plans as long as this lives.
  class Turn {
   public:
    explicit Turn(Planning& planning) : planning_(planning) { planning_.change(1); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { planning_.change(-1); }

   private:
    Planning& planning_;
  };

  /// Wait until no worker plans, for so long at most.
  void wait(std::chrono::duration<double> most) {
    std::unique_lock lock(mutex_);
    (void)changed_.wait_for(lock, most, [this] { return count_ == 0; });
  }

 private:
  void change(int by) {
    const std::lock_guard lock(mutex_);
    count_ += by;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

}  // namespace rvfit_programs
