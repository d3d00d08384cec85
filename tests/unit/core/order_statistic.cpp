// SPDX-License-Identifier: MIT

#include <rvfit/core/order_statistic.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace rvfit::test::order_statistic {

template <class T>
void check_against_sorting() {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> exponent(-30.0, 30.0);
  for (const std::size_t size : {1U, 2U, 7U, 100U}) {
    std::vector<T> numbers(size);
    for (T& number : numbers) {
      number = static_cast<T>(std::pow(10.0, exponent(random)));
    }
    numbers[size / 2] = T(0);
    numbers[size / 3] = numbers[0];  // a tie
    std::vector<T> sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    const auto count = [&](T limit) {
      return static_cast<int>(
          std::count_if(numbers.begin(), numbers.end(), [&](T x) { return x <= limit; }));
    };
    for (std::size_t rank = 0; rank < size; ++rank) {
      CHECK(rvfit::order_statistic<T>(static_cast<int>(rank), count) == sorted[rank]);
    }
    CHECK(rvfit::order_statistic<T>(static_cast<int>(size), count) ==
          std::numeric_limits<T>::infinity());
  }
}

TEST_CASE("order_statistic: what sorting gives, to the bit") {
  check_against_sorting<float>();
  check_against_sorting<double>();
}

}  // namespace rvfit::test::order_statistic
