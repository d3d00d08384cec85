// SPDX-License-Identifier: MIT

#include "core/bounded_queue.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <thread>
#include <vector>

namespace rvfit_programs::test {
namespace {

TEST_CASE("BoundedQueue: what is in it comes out in order, also after it is closed") {
  BoundedQueue<int> queue(2);
  std::vector<int> taken;
  std::thread reader([&] {
    while (const std::optional<int> item = queue.pop()) {
      taken.push_back(*item);
    }
  });
  std::vector<int> given;
  for (int n = 0; n < 100; ++n) {
    given.push_back(n);
    queue.push(n);
  }
  queue.close();
  reader.join();
  CHECK(taken == given);
}

}  // namespace
}  // namespace rvfit_programs::test
