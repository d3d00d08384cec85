// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A progress bar on standard error, if that is a terminal; erased in the end.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace rvfit_programs {

class Progress {
 public:
  /// @param[in] wanted  false: never show anything
  explicit Progress(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  /// Show how far a file is, 0 to 1.
  void show(const std::string& file, double fraction, const std::string& phase) {
    if (!shown_) {
      return;
    }
    constexpr int width = 30;
    const int filled = static_cast<int>(width * std::clamp(fraction, 0.0, 1.0));
    const std::string bar = std::string(static_cast<std::size_t>(filled), '#') +
                            std::string(static_cast<std::size_t>(width - filled), '.');
    std::fprintf(stderr, "\r\033[K[%s] %3.0f %% %s %.40s", bar.c_str(), 100 * fraction,
                 phase.c_str(), file.c_str());
    std::fflush(stderr);
    drawn_ = true;
  }

  /// Erase the bar, so that something else can be printed.
  void clear() {
    if (drawn_) {
      std::fprintf(stderr, "\r\033[K");
      std::fflush(stderr);
      drawn_ = false;
    }
  }

 private:
  bool shown_;
  bool drawn_ = false;
};

}  // namespace rvfit_programs
