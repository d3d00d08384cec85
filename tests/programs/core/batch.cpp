// SPDX-License-Identifier: MIT

#include "core/batch.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

namespace rvfit_programs::test {
namespace {

TEST_CASE("rows_of_targets: the exposures of a batch follow each other") {
  CHECK(rows_of_targets(1, 2, 4, 3) == std::vector<std::size_t>{1, 2, 5, 6, 9, 10});
}

}  // namespace
}  // namespace rvfit_programs::test
