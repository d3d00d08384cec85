// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The benchmarks share their timing, and one line of JSON a measurement that says what was measured,
/// on what.

#include <Kokkos_Core.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>

namespace rvfit::bench {

/// Seconds of one call of `work`, which must wait for what it enqueues.
template <class Work>
[[nodiscard]] double seconds_of(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The machine and the build that a measurement was made with.
[[nodiscard]] inline nlohmann::json setting() {
  using Exec = Kokkos::DefaultExecutionSpace;
  return {{"execution_space", Exec::name()}, {"concurrency", Exec().concurrency()},
          {"kokkos", KOKKOS_VERSION},        {"compiler", __VERSION__},
          {"flags", RVFIT_BENCH_FLAGS},      {"commit", RVFIT_BENCH_COMMIT}};
}

/// Lines of JSON, appended to a file if one is named.
class Report {
 public:
  Report(std::string benchmark, const std::string& path) : benchmark_(std::move(benchmark)) {
    if (!path.empty()) {
      file_.open(path, std::ios::app);
      if (!file_) {
        throw std::runtime_error("cannot write " + path);
      }
    }
  }
  void add(nlohmann::json line) {
    line["benchmark"] = benchmark_;
    line.update(setting());
    if (file_.is_open()) {
      file_ << line.dump() << std::endl;
    }
  }

 private:
  std::string benchmark_;
  std::ofstream file_;
};

}  // namespace rvfit::bench
