// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Room for a bounded amount of work: whoever begins more waits until some of it is finished.

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace rvfit_programs {

class Room {
 public:
  explicit Room(std::size_t size) : size_(size) {}

  /// Whether nothing more may be begun. Work may overfill it once, as its size is known when it has been begun.
  [[nodiscard]] bool is_full() {
    const std::lock_guard lock(mutex_);
    return !open_ && taken_ >= size_;
  }

  /// Wait until it is not full.
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_ || taken_ < size_; });
  }

  void take(std::size_t amount) {
    const std::lock_guard lock(mutex_);
    taken_ += amount;
  }

  void give(std::size_t amount) {
    const std::lock_guard lock(mutex_);
    taken_ -= amount;
    changed_.notify_all();
  }

  /// It is never full again: nobody finishes anything any more.
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::size_t size_;
  std::size_t taken_ = 0;
  bool open_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace rvfit_programs
