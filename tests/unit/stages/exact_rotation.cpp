// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/stage_kernels.hpp"
#include "support/tolerance.hpp"
#include <rvfit/stages/exact_rotation.hpp>

#include <cmath>

namespace rvfit::test::exact_rotation {

constexpr double radii[] = {1e-7, 0.02, 0.5, 0.999999, 1.0, 1.000001, 2.5, 7.84, 36.3};

/// int cos(w x) G(x) dx in closed form: of sqrt(1 - x^2) it is pi J_1(w) / w, of 1 - x^2
/// 4 (sin w - w cos w) / w^3.
double profile_transform(double w) {
  constexpr double eps = 0.6;
  w = std::abs(w);
  const double w2 = w * w;
  // The series below, to w^8 / 3e6, where the closed forms cancel.
  const double round = w < 0.1 ? 0.5 - w2 / 16 + w2 * w2 / 384 - w2 * w2 * w2 / 18432
                               : std::cyl_bessel_j(1.0, w) / w;
  const double flat = w < 0.1 ? 1.0 / 3 - w2 / 30 + w2 * w2 / 840 - w2 * w2 * w2 / 45360
                              : (std::sin(w) - w * std::cos(w)) / (w2 * w);
  return (2 * (1 - eps) * round + 2 * eps * flat) / (1 - eps / 3);
}

TEST_CASE(
    "exact rotation: the kernel's transform is the profile's, averaged over the images of the "
    "grid") {
  for (const double radius : radii) {
    CAPTURE(radius);
    const Kernel kernel = kernel_of<ExactRotation>(radius);
    for (const double w : {0.0, 0.3, 1.0, 2.0, 3.0, oracle::pi}) {
      CAPTURE(w);
      const double want = spline_mean([&](double v) { return profile_transform(radius * v); }, w);
      // Inverse taps cut at 2e-16, of 2.9 at most, at both ends; some hundred sums of numbers below one.
      check_close("transform", transform(kernel.value, w), want, {rounding<double>(64)});
    }
  }
}

TEST_CASE("exact rotation: nothing is added to the profile's own variance, however slow the star") {
  const double variance = 2.0 * oracle::integral(
                                    [](double angle) {
                                      const double x = std::sin(angle);
                                      return x * x * oracle::rotation_profile_in_angle(angle);
                                    },
                                    0.0, 0.5 * oracle::pi);
  for (const double radius : radii) {
    CAPTURE(radius);
    const Kernel kernel = kernel_of<ExactRotation>(radius);
    const double reach = static_cast<double>(kernel.value.size());
    // A quintic spline reproduces parabolas. Taps rounded to eps, times k^2.
    check_close("variance", second_moment(kernel.value), radius * radius * variance,
                {rounding<double>(8, reach * reach)});
    check_close("flux", transform(kernel.value, 0.0), 1.0, {rounding<double>(64)});  // as above
    check_close("slope of flux", transform(kernel.slope, 0.0), 0.0, {rounding<double>(64)});
  }
}

TEST_CASE(
    "exact rotation: frequencies that a grid samples well are broadened by the profile itself") {
  for (const double radius : {0.2, 0.6, 1.5, 6.0}) {
    CAPTURE(radius);
    const Kernel kernel = kernel_of<ExactRotation>(radius);
    // The images at 2 pi - w weigh (w / (2 pi - w))^6 and are broadened by (2 pi - w)^2 / w^2 as much:
    // 2 (1 / 5.28)^4 = 2.6e-3 of the effect at w = 1, 1e-4 at w = 0.5.
    for (const auto& [w, share] : {std::pair{0.5, 1.5e-4}, {1.0, 3e-3}}) {
      CAPTURE(w);
      const double effect = 1.0 - profile_transform(radius * w);
      check_close("effect", 1.0 - transform(kernel.value, w), effect, {0.0, share});
    }
  }
}

TEST_CASE("exact rotation: slopes are the derivatives of taps, and begin at zero") {
  // Radii a fifth of a pixel from whole ones; the kernel has five continuous derivatives even there.
  for (const double radius : {0.3, 1.5, 7.75, 36.3}) {
    CAPTURE(radius);
    const Kernel kernel = kernel_of<ExactRotation>(radius);
    // A kernel that reaches less far has zeros beyond.
    const auto taps = [&](double width) {
      auto value = kernel_of<ExactRotation>(width).value;
      value.resize(kernel.slope.size());
      return value;
    };
    // Step 0.01 pixels: (0.01 / 0.2)^8 = 4e-11 at worst, rounding 16 eps / h = 4e-13.
    check_close("slope", kernel.slope, oracle::derivative_of_array(taps, radius, 0.01), {1e-10});
  }
  for (const double slope : kernel_of<ExactRotation>(0.0).slope) {
    CHECK(std::abs(slope) <= rounding<double>(4));  // a sum that cancels in pairs
  }
}

TEST_CASE("exact rotation: no rotation is the identity") {
  const Kernel kernel = kernel_of<ExactRotation>(0.0);
  for (std::size_t k = 0; k < kernel.value.size(); ++k) {
    CAPTURE(k);
    // Samples of the spline through their inverse.
    check_close("tap", kernel.value[k], k == 0 ? 1.0 : 0.0, {rounding<double>(16)});
  }
}

TEST_CASE("exact rotation: is on by an option, in the place of rvspecfit's kernel") {
  BroadeningOptions options;
  CHECK(Rotation::parameter(options));
  CHECK(!ExactRotation::parameter(options));
  options.rotation = RotationKernel::exact;
  CHECK(!Rotation::parameter(options));
  CHECK(ExactRotation::parameter(options)->name == "vsini");
  options.rotation = RotationKernel::off;
  CHECK(!Rotation::parameter(options));
  CHECK(!ExactRotation::parameter(options));
}

}  // namespace rvfit::test::exact_rotation
