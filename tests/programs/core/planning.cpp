// SPDX-License-Identifier: MIT

#include "core/planning.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

namespace rvfit_programs::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("planning: a worker waits for those that plan, and no longer than it says") {
  Planning planning;
  planning.wait(1h);  // nobody plans
  std::optional<Planning::Turn> first(planning), second(planning);
  planning.wait(1ms);
  std::atomic<int> ended = 0;
  std::thread others([&] {
    for (auto* turn : {&first, &second}) {
      std::this_thread::sleep_for(20ms);
      ++ended;
      turn->reset();
    }
  });
  planning.wait(1h);
  CHECK(ended == 2);
  others.join();
}

}  // namespace
}  // namespace rvfit_programs::test
