// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/tolerance.hpp"
#include <rvfit/core/units.hpp>

namespace rvfit::test::units {

constexpr double velocities[] = {-250000.0, -1500.0, -37.25, -1e-3,   0.0,
                                 1e-3,      12.5,    800.0,  299000.0};

TEST_CASE("units: the speed of light is exact") { CHECK(speed_of_light == 299792.458); }

TEST_CASE("units: a receding star's lines move to the red") {
  CHECK(rest_over_observed(100.0) < 1.0);
  CHECK(rest_over_observed(-100.0) > 1.0);
  CHECK(rest_over_observed(0.0) == 1.0);
  CHECK(log_doppler(0.0) == 0.0);
}

TEST_CASE("units: doppler(rv) times doppler(-rv) is one, and their logarithms add to zero") {
  for (const double rv : velocities) {
    CAPTURE(rv);
    // Two quotients and square roots, amplified by 1 / (1 - |b|) where 1 - |b| cancels.
    const double amplified = 1.0 / (1.0 - std::abs(rv) / speed_of_light);
    check_close("product", rest_over_observed(rv) * rest_over_observed(-rv), 1.0,
                {rounding<double>(4 * amplified)});
    CHECK(log_doppler(rv) == -log_doppler(-rv));
  }
}

TEST_CASE("units: the logarithm and its derivative are those of the shift") {
  for (const double rv : velocities) {
    CAPTURE(rv);
    const double distance = 1.0 - std::abs(rv) / speed_of_light;
    // Two sums, a quotient and a square root.
    check_close("shift", rest_over_observed(rv), oracle::doppler(rv), {0.0, rounding<double>(4)});
    // Those of the shift, amplified where 1 - |b| cancels.
    check_close("logarithm", log_doppler(rv), std::log(oracle::doppler(rv)),
                {rounding<double>(4 / distance)});
    const double h = 0.02 * distance * speed_of_light;
    const double slope = oracle::derivative(log_doppler, rv, h);
    // Step 1/50 of the distance to the light cone: (h / distance)^8 is 3e-14. Rounding is
    // 3 eps |f| / (h |f'|), at most 3e-12 for the fastest star, margin 3.
    check_close("derivative", log_doppler_derivative(rv), slope, {0.0, 1e-11});
  }
}

}  // namespace rvfit::test::units
