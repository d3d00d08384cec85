// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/stage_kernels.hpp"
#include "support/tolerance.hpp"
#include <rvfit/stages/gaussian_broadening.hpp>

#include <cmath>

namespace rvfit::test::gaussian_broadening {

constexpr double sigmas[] = {1e-7, 0.02, 0.17, 0.5, 1.0, 2.5, 7.84, 20.0};

TEST_CASE(
    "gaussian broadening: the kernel's transform is the Gaussian's, averaged over the images of "
    "the grid") {
  for (const double sigma : sigmas) {
    CAPTURE(sigma);
    const Kernel kernel = kernel_of<GaussianBroadening>(sigma);
    for (const double w : {0.0, 0.3, 1.0, 2.0, 3.0, oracle::pi}) {
      CAPTURE(w);
      const auto gaussian = [&](double v) { return std::exp(-0.5 * sigma * sigma * v * v); };
      // Cut at six standard deviations, beyond which lie 2e-9; that changes the transform by less than 1e-8.
      check_close("transform", transform(kernel.value, w), spline_mean(gaussian, w), {1e-8});
    }
  }
}

TEST_CASE("gaussian broadening: variances add, and flux is kept") {
  for (const double sigma : sigmas) {
    CAPTURE(sigma);
    const Kernel kernel = kernel_of<GaussianBroadening>(sigma);
    const double reach = static_cast<double>(kernel.value.size());
    // A quintic spline reproduces parabolas. The cut takes 36 x 2e-9 of the variance at most; taps are rounded to eps, times
    // k^2.
    check_close("variance", second_moment(kernel.value), sigma * sigma,
                {rounding<double>(8, reach * reach), 1e-7});
    check_close("flux", transform(kernel.value, 0.0), 1.0,
                {rounding<double>(64)});  // some hundred taps
  }
}

TEST_CASE("gaussian broadening: slopes are the derivatives of taps") {
  for (const double sigma : {0.17, 0.5, 2.5, 7.84}) {
    CAPTURE(sigma);
    const Kernel kernel = kernel_of<GaussianBroadening>(sigma);
    // A kernel that reaches less far has zeros beyond.
    const auto taps = [&](double width) {
      auto value = kernel_of<GaussianBroadening>(width).value;
      value.resize(kernel.slope.size());
      return value;
    };
    // Step 0.005 of a smooth function that changes over 0.17 or more: (0.005 / 0.17)^8 = 6e-13, of up to 1 / 0.17; knots
    // of the spline inside the cut Gaussian leave the jump of its density there, 6e-9.
    check_close("slope", kernel.slope, oracle::derivative_of_array(taps, sigma, 0.005), {1e-7});
  }
}

TEST_CASE("gaussian broadening: is off unless it has a bound") {
  CHECK(!GaussianBroadening::parameter({}));
  const auto parameter = GaussianBroadening::parameter({.max_vgauss = 80.0});
  REQUIRE(parameter);
  CHECK(parameter->name == "vgauss");
  CHECK(parameter->upper == 80.0);
}

}  // namespace rvfit::test::gaussian_broadening
