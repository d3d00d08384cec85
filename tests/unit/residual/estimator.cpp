// SPDX-License-Identifier: MIT

/// @file
/// Estimators: slopes against differences of the value, and what each is known for.

#include <rvfit/residual/estimator.hpp>

#include <doctest/doctest.h>
#include <support/tolerance.hpp>

#include <cmath>
#include <limits>

namespace rvfit::test {

template <class Estimator>
void check_slope(const Estimator& estimator, double f, double y, double w) {
  constexpr double h = 1e-6;
  const auto term = estimator(f, y, w);
  const double difference =
      (estimator(f + h, y, w).value - estimator(f - h, y, w).value) / (2.0 * h);
  // Truncation h^2 and rounding eps / h of values up to 100: measured 5e-10, margin 20.
  CHECK(std::abs(term.slope - difference) < 1e-8 * (1.0 + std::abs(difference)));
  CHECK(term.curvature > 0.0);
  // The same in packs, whose logarithm is good to 2 ulp, the library's to 1, of values up to 40.
  constexpr double allowed = rounding<double>(4);
  using L = Pack<double, 2>;
  const auto pack = estimator(L(f), L(y), L(w));
  CHECK(pack.value[1] == doctest::Approx(term.value).epsilon(allowed));
  CHECK(pack.slope[1] == doctest::Approx(term.slope).epsilon(allowed));
  CHECK(pack.curvature[1] == doctest::Approx(term.curvature).epsilon(allowed));
}

TEST_CASE("estimator: slopes are derivatives of the value") {
  for (const double f : {-3.0, 0.4, 2.5, 9.0}) {
    check_slope(LeastSquares{}, f, 1.0, 1.5);
    check_slope(Huber{2.0}, f, 1.0, 1.5);
    check_slope(Cauchy{2.0}, f, 1.0, 1.5);
  }
  for (const double f : {0.3, 4.0, 9.0}) {
    check_slope(Poisson{}, f, 4.0, 1.0);
    check_slope(Poisson{}, f, 0.0, 1.0);
  }
}

TEST_CASE("estimator: robust losses are chi-square near zero and grow slower beyond") {
  constexpr double allowed = rounding<double>(4);  // a handful of operations
  CHECK(Huber{2.0}(1.9, 0.0, 1.0).value == doctest::Approx(1.9 * 1.9).epsilon(allowed));
  // Beyond 2 the slope is 4.
  const double beyond = 2.0 + 1e-9;
  CHECK(Huber{2.0}(beyond, 0.0, 1.0).value ==
        doctest::Approx(4.0 + 4.0 * (beyond - 2.0)).epsilon(allowed));
  CHECK(Huber{2.0}(-10.0, 0.0, 1.0).value ==
        doctest::Approx(2.0 * 2.0 * 10.0 - 4.0).epsilon(allowed));
  // 4 ln(1 + z^2 / 4) = z^2 (1 - z^2 / 8 + ..), whose second term is 1.25e-7 here.
  const double z = 1e-3, square = Cauchy{2.0}(z, 0.0, 1.0).value / (z * z);
  // 1 + z^2 / 4 is rounded before its logarithm is taken.
  CHECK(square == doctest::Approx(1.0 - z * z / 8.0).epsilon(rounding<double>(0.5, 4.0 / (z * z))));
  CHECK(Cauchy{2.0}(6.0, 0.0, 1.0).value == doctest::Approx(4.0 * std::log(10.0)).epsilon(allowed));
}

TEST_CASE("estimator: the deviance is zero where the model meets the counts, and NaN below zero") {
  CHECK(Poisson{}(5.0, 5.0, 1.0).value == 0.0);
  CHECK(Poisson{}(2.0, 0.0, 1.0).value == 4.0);
  CHECK(std::isnan(Poisson{}(-1.0, 5.0, 1.0).value));
  // No counts of none expected: the limits from above.
  const auto none = Poisson{}(0.0, 0.0, 1.0);
  CHECK(none.value == 0.0);
  CHECK(none.slope == 2.0);
  CHECK(none.curvature == 0.0);
  CHECK(std::isnan(Poisson{}(0.0, 1.0, 1.0).value));
  const auto left_out = Poisson{}(-1.0, 5.0, 0.0);
  CHECK(left_out.value == 0.0);
  CHECK(left_out.slope == 0.0);
}

}  // namespace rvfit::test
