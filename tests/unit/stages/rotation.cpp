// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/tolerance.hpp"
#include <rvfit/stages/rotation.hpp>

#include <cmath>

namespace rvfit::test::rotation {

// Below, at and above whole pixels, where the profile's edge meets a corner of the triangle.
constexpr double radii[] = {1e-7, 0.02,    0.5,  0.999999, 1.0,  1.000001, 1.5,
                            2.0,  3.14159, 7.84, 20.0,     36.3, 60.5};

TEST_CASE("rotation: taps are the profile averaged over triangles, by quadrature") {
  for (const double radius : radii) {
    CAPTURE(radius);
    for (int k = 0; k <= rotation_reach(radius) + 2; ++k) {
      CAPTURE(k);
      const KernelTap tap = rotation_tap(k, radius);
      // A second difference of numbers up to k + 1 and R, rounded a few times each.
      check_close("value", tap.value, oracle::rotation_tap(k, radius),
                  {rounding<double>(8, k + 1 + radius)});
      // Antiderivatives below one; the last of them as sqrt(1 - x^2), which doubles rounding.
      check_close("slope", tap.slope, oracle::rotation_tap(k, radius, true),
                  {rounding<double>(16)});
    }
  }
}

TEST_CASE("rotation: slopes are the derivatives of taps") {
  // Radii a fifth of a pixel or more from whole ones, where taps are analytic. Step 0.01 pixels:
  // (0.01 / 0.2)^8 = 4e-11 at worst, times a small binomial, and rounding 3 eps R / h = 3e-12.
  for (const double radius : {0.3, 1.5, 2.25, 7.75, 20.5, 36.3}) {
    CAPTURE(radius);
    for (int k = 0; k <= rotation_reach(radius); ++k) {
      CAPTURE(k);
      const double slope =
          oracle::derivative([&](double r) { return rotation_tap(k, r).value; }, radius, 0.01);
      check_close("slope", rotation_tap(k, radius).slope, slope, {1e-10});  // as estimated above
    }
  }
}

TEST_CASE("rotation: conserves flux and keeps straight lines") {
  for (const double radius : radii) {
    CAPTURE(radius);
    double value = 0.0, slope = 0.0;
    const int reach = rotation_reach(radius);
    for (int k = -reach; k <= reach; ++k) {
      const KernelTap tap = rotation_tap(std::abs(k), radius);
      value += tap.value;
      slope += tap.slope;
    }
    // As many second differences as terms, each with the rounding that it has alone.
    const double terms = 2 * reach + 1;
    const Tolerance of_taps{rounding<double>(8 * terms, reach + 1 + radius)};
    const Tolerance of_slopes{rounding<double>(8 * terms)};
    check_close("sum of taps", value, 1.0, of_taps);
    check_close("sum of slopes", slope, 0.0, of_slopes);
  }
}

TEST_CASE("rotation: nothing lies beyond the reach, and taps are never negative") {
  CHECK(rotation_reach(0.0) == 1);
  CHECK(rotation_reach(0.99) == 1);
  CHECK(rotation_reach(1.0) == 2);
  CHECK(rotation_reach(36.3) == 37);
  for (const double radius : radii) {
    CAPTURE(radius);
    const double zero = rounding<double>(8, radius + 3);  // a second difference
    for (int k = 0; k < 4; ++k) {
      const KernelTap tap = rotation_tap(rotation_reach(radius) + 1 + k, radius);
      check_close("value", tap.value, 0.0, {zero});
      check_close("slope", tap.slope, 0.0, {zero});
    }
    for (int k = 0; k <= rotation_reach(radius); ++k) {
      CHECK(rotation_tap(k, radius).value >= -zero);
    }
  }
}

TEST_CASE("rotation: goes to the identity in straight lines as vsini goes to zero") {
  // m = int |x| G(x) dx.
  const double mean = 2.0 * oracle::integral(
                                [](double angle) {
                                  return std::sin(angle) * oracle::rotation_profile_in_angle(angle);
                                },
                                0.0, 0.5 * oracle::pi);
  for (const double radius : {0.0, 1e-300, 1e-12, 1e-6, 0.1, 0.9}) {
    CAPTURE(radius);
    const KernelTap centre = rotation_tap(0, radius), side = rotation_tap(1, radius);
    // The library stops at R = 1e-9 for want of digits: 1e-9 of the light stays next door.
    const Tolerance allowed{std::max(rounding<double>(8), radius < 1e-9 ? 1e-9 : 0.0)};
    check_close("centre", centre.value, 1.0 - mean * radius, allowed);
    check_close("side", side.value, 0.5 * mean * radius, allowed);
    // A second difference of numbers up to 1.
    const Tolerance difference{rounding<double>(8)};
    check_close("slope of the centre", centre.slope, -mean, difference);
    check_close("slope of the side", side.slope, 0.5 * mean, difference);
    check_close("next", rotation_tap(2, radius).value, 0.0, difference);
  }
}

TEST_CASE("rotation: spreads a line by its profile and by linear interpolation, no more") {
  // The second moment: k^2 interpolated between pixels, averaged over the profile. The
  // interpolation is what makes slow rotators look faster.
  for (const double radius : {0.4, 5.5, 30.2}) {
    double got = 0.0;
    for (int k = -rotation_reach(radius); k <= rotation_reach(radius); ++k) {
      got += k * k * rotation_tap(std::abs(k), radius).value;
    }
    double want = 0.0;
    for (int cell = -rotation_reach(radius); cell < rotation_reach(radius); ++cell) {
      const double a = std::asin(std::clamp(cell / radius, -1.0, 1.0));
      const double b = std::asin(std::clamp((cell + 1) / radius, -1.0, 1.0));
      want += oracle::integral(
          [&](double angle) {
            const double u = radius * std::sin(angle) - cell;
            return oracle::rotation_profile_in_angle(angle) *
                   ((1.0 - u) * cell * cell + u * (cell + 1) * (cell + 1));
          },
          a, b);
    }
    // Sums of up to 63 terms of one sign, in which each tap is a second difference of R.
    check_close("variance", got, want, {0.0, rounding<double>(63)});
  }
}

}  // namespace rvfit::test::rotation
