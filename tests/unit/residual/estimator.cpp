// SPDX-License-Identifier: MIT

/// @file
/// Estimators: slopes against differences of the value, and what each is known for.

#include <rvfit/residual/estimator.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace rvfit::test {

template <class Estimator>
void check_slope(const Estimator& estimator, double f, double y, double w) {
  constexpr double h = 1e-6;
  const auto term = estimator(f, y, w);
  const double difference =
      (estimator(f + h, y, w).value - estimator(f - h, y, w).value) / (2.0 * h);
  // Truncation h^2 and rounding eps / h of values up to 100.
  CHECK(std::abs(term.slope - difference) < 1e-7 * (1.0 + std::abs(difference)));
  CHECK(term.curvature > 0.0);
  // The same in packs.
  using L = Pack<double, 2>;
  const auto pack = estimator(L(f), L(y), L(w));
  CHECK(pack.value[1] == doctest::Approx(term.value).epsilon(1e-14));
  CHECK(pack.slope[1] == doctest::Approx(term.slope).epsilon(1e-14));
  CHECK(pack.curvature[1] == doctest::Approx(term.curvature).epsilon(1e-14));
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
  CHECK(Huber{2.0}(1.9, 0.0, 1.0).value == doctest::Approx(1.9 * 1.9));
  CHECK(Huber{2.0}(2.0 + 1e-9, 0.0, 1.0).value == doctest::Approx(4.0));
  CHECK(Huber{2.0}(-10.0, 0.0, 1.0).value == doctest::Approx(2.0 * 2.0 * 10.0 - 4.0));
  CHECK(Cauchy{2.0}(1e-3, 0.0, 1.0).value == doctest::Approx(1e-6).epsilon(1e-6));
  CHECK(Cauchy{2.0}(6.0, 0.0, 1.0).value == doctest::Approx(4.0 * std::log(10.0)));
}

TEST_CASE("estimator: the deviance is zero where the model meets the counts, and NaN below zero") {
  CHECK(Poisson{}(5.0, 5.0, 1.0).value == 0.0);
  CHECK(Poisson{}(2.0, 0.0, 1.0).value == 4.0);
  CHECK(std::isnan(Poisson{}(-1.0, 5.0, 1.0).value));
  CHECK(std::isnan(Poisson{}(0.0, 0.0, 1.0).value));
  const auto left_out = Poisson{}(-1.0, 5.0, 0.0);
  CHECK(left_out.value == 0.0);
  CHECK(left_out.slope == 0.0);
}

}  // namespace rvfit::test
