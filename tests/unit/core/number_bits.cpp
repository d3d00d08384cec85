// SPDX-License-Identifier: MIT

#include <rvfit/core/number_bits.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace rvfit::test::number_bits {

template <class T>
void agrees_with_comparisons() {
  using Limits = std::numeric_limits<T>;
  const T of_interest[] = {T(0),
                           T(1),
                           T(0.1),
                           Limits::min(),
                           Limits::max(),
                           Limits::denorm_min(),
                           Limits::infinity(),
                           Limits::quiet_NaN()};
  const NumberBits<T> all = ~NumberBits<T>(0);
  for (const T size : of_interest) {
    for (const T value : {size, -size}) {
      CAPTURE(value);
      const bool is_finite = std::isfinite(value), is_positive = is_finite && value > T(0);
      CHECK(all_bits_if_finite(value) == (is_finite ? all : 0));
      CHECK(all_bits_if_positive(value) == (is_positive ? all : 0));
      CHECK(magnitude_bits(value) == rvfit::number_bits(std::abs(value)));
      CHECK(all_bits_if_good(T(1), value, 0) == (is_positive ? all : 0));
      CHECK(all_bits_if_good(value, T(1), -1) == (is_finite ? all : 0));
      CHECK(all_bits_if_good(T(1), T(1), 1) == 0);
      CHECK(only_if(NumberBits<T>(0), value) == T(0));
      CHECK(rvfit::number_bits(only_if(all, value)) == rvfit::number_bits(value));
    }
  }
}

TEST_CASE("number_bits: all bits or none where comparisons say yes or no") {
  agrees_with_comparisons<float>();
  agrees_with_comparisons<double>();
}

}  // namespace rvfit::test::number_bits
