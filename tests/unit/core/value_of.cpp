// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include <rvfit/core/value_of.hpp>

#include <cmath>
#include <type_traits>
#include <vector>

namespace rvfit::test::value_of_scalar {

using FourNumbers = Pack<double, 4>;

/// A table at 0, 1, 2, 3 that a straight line joins.
struct Table {
  Kokkos::View<const double*, Kokkos::HostSpace> node;

  template <class T>
  [[nodiscard]] T operator()(const T& x) const {
    const double last = static_cast<double>(node.extent(0)) - 2.0;
    const auto k =
        elementwise(x, [&](double v) { return std::fmin(std::fmax(std::floor(v), 0.0), last); });
    const auto left = elementwise(k, [&](double v) { return node(static_cast<int>(v)); });
    const auto right = elementwise(k, [&](double v) { return node(static_cast<int>(v) + 1); });
    return left + (x - k) * (right - left);
  }
};

Table table() {
  static const double nodes[] = {1.0, 3.0, 2.0, 6.0};
  return {Kokkos::View<const double*, Kokkos::HostSpace>(nodes, 4)};
}

TEST_CASE("value_of: is the number without derivatives, of a plain number itself") {
  CHECK(value_of(2.5) == 2.5);
  CHECK(value_of(2.5F) == 2.5F);
  const auto x = Dual<double, 2>::variable(2.5, 1);
  static_assert(std::is_same_v<decltype(value_of(x)), double>);
  CHECK(value_of(x) == 2.5);
  FourNumbers four(0.0);
  four.set(3, 7.0);
  const auto dual = Dual<FourNumbers, 2>::variable(four, 0);
  static_assert(std::is_same_v<decltype(value_of(dual)), FourNumbers>);
  CHECK(element(value_of(dual), 3) == 7.0);
  CHECK(element(value_of(four), 3) == 7.0);
  CHECK(element(value_of(four), 0) == 0.0);
}

TEST_CASE("value_of: a table is looked up at plain numbers, duals and packs of them") {
  const std::vector<double> x{-0.5, 0.25, 1.5, 2.5}, want{0.0, 1.5, 2.5, 4.0},
      slope{2.0, 2.0, -1.0, 4.0};
  FourNumbers abreast;
  for (int w = 0; w < 4; ++w) {
    const auto at = static_cast<std::size_t>(w);
    CHECK(table()(x[at]) == want[at]);
    const auto dual = table()(Dual<double, 3>::variable(x[at], 1));
    CHECK(dual.value == want[at]);
    CHECK(dual.derivative[0] == 0.0);
    CHECK(dual.derivative[1] == slope[at]);
    abreast.set(w, x[at]);
  }
  const auto of_packs = table()(Dual<FourNumbers, 3>::variable(abreast, 1));
  const auto of_numbers = table()(abreast);
  for (int w = 0; w < 4; ++w) {
    const auto at = static_cast<std::size_t>(w);
    CHECK(element(of_packs.value, w) == want[at]);
    CHECK(element(of_packs.derivative[1], w) == slope[at]);
    CHECK(element(of_packs.derivative[2], w) == 0.0);
    CHECK(element(of_numbers, w) == want[at]);
  }
}

}  // namespace rvfit::test::value_of_scalar
