// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/tolerance.hpp"
#include <rvfit/stages/spline_convolution.hpp>

#include <cmath>

namespace rvfit::test::spline_convolution {

TEST_CASE("spline_convolution: the quintic B-spline is a box convolved with itself five times") {
  // Samples of the definition sum_s (-1)^s binomial(6, s) (u + 3 - s)_+^5 / 5!.
  for (double u = -3.5; u <= 3.5; u += 0.0625) {
    CAPTURE(u);
    const double binomial[] = {1, -6, 15, -20, 15, -6, 1};
    double want = 0.0, slope = 0.0;
    for (int s = 0; s <= 6; ++s) {
      const double x = std::max(u + 3.0 - s, 0.0);
      want += binomial[s] * std::pow(x, 5) / 120.0;
      slope += binomial[s] * std::pow(x, 4) / 24.0;
    }
    const KernelTap got = quintic_spline(u);
    // The definition cancels terms of up to 20 x 6.5^5 / 120 = 2e3.
    check_close("value", got.value, want, {rounding<double>(2, 2e3)});
    check_close("slope", got.slope, slope, {rounding<double>(2, 2e3)});
  }
}

TEST_CASE("spline_convolution: the inverse taps invert the spline's samples") {
  const double sample[] = {66.0 / 120.0, 26.0 / 120.0, 1.0 / 120.0};
  for (int k = 0; k <= quintic_reach<double>; ++k) {
    CAPTURE(k);
    double got = 0.0;
    for (int j = -2; j <= 2; ++j) {
      got += sample[std::abs(j)] * quintic_inverse_tap(std::abs(k - j));
    }
    // Five products of numbers up to 2.9, after k + 1 multiplications.
    check_close("tap", got, k == 0 ? 1.0 : 0.0, {rounding<double>(16)});
  }
  // Taps beyond the reach are below rounding: 0.4306^21 and 0.4306^45 times 2.9.
  CHECK(std::abs(quintic_inverse_tap(quintic_reach<float> + 1)) < rounding<float>(1));
  CHECK(std::abs(quintic_inverse_tap(quintic_reach<double> + 1)) < rounding<double>(1));
}

}  // namespace rvfit::test::spline_convolution
