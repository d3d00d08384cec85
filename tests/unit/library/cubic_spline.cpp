// SPDX-License-Identifier: MIT

#include "support/tolerance.hpp"
#include <rvfit/library/cubic_spline.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace {

/// Nodes at steps that change by a factor of three, from 0 to 2 pi.
std::vector<double> uneven_nodes(int intervals) {
  std::vector<double> x;
  for (int i = 0; i <= intervals; ++i) {
    const double u = static_cast<double>(i) / intervals;
    x.push_back(2.0 * M_PI * (0.5 * u + 0.5 * u * u));
  }
  return x;
}

rvfit::CubicSpline sine_spline(int intervals) {
  const std::vector<double> x = uneven_nodes(intervals);
  std::vector<double> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = std::sin(x[i]);  // its second derivative is 0 at both ends, as the natural spline's
  }
  rvfit::CubicSpline spline(x);
  spline.set_values(y);
  return spline;
}

}  // namespace

TEST_CASE("A spline of a straight line is the line, and its integral the parabola") {
  const std::vector<double> x = uneven_nodes(20);
  std::vector<double> y;
  for (const double at : x) {
    y.push_back(3.0 - 2.0 * at);
  }
  rvfit::CubicSpline spline(x);
  spline.set_values(y);
  for (const double at : {0.0, 0.1, 1.0, 3.3, 6.2, 2.0 * M_PI}) {
    CHECK(spline.value(at) == doctest::Approx(3.0 - 2.0 * at).epsilon(1e-13));  // rounding
    // rounding, of twenty terms
    CHECK(spline.integral(0.1, 0.1 + at / 2) ==
          doctest::Approx(3.0 * at / 2 - (std::pow(0.1 + at / 2, 2) - 0.01)).epsilon(1e-13));
  }
}

TEST_CASE("A spline of a sine has an error below 5/384 h^4, and so has its integral") {
  for (const int intervals : {20, 40, 80}) {
    const rvfit::CubicSpline spline = sine_spline(intervals);
    const double h = 2.0 * M_PI * 1.5 / intervals;  // the longest interval
    const double bound = 5.0 / 384.0 * std::pow(h, 4);
    for (double at = 0.0; at < 2.0 * M_PI; at += 0.01) {
      CHECK(std::abs(spline.value(at) - std::sin(at)) < bound);
      CHECK(std::abs(spline.integral(0.0, at) - (1.0 - std::cos(at))) < bound * (at + 1e-9));
    }
  }
}

TEST_CASE("Integrals add up, within an interval and over many") {
  const rvfit::CubicSpline spline = sine_spline(30);
  for (const double middle : {0.01, 0.3, 2.0, 6.0}) {
    CHECK(spline.integral(0.005, middle) + spline.integral(middle, 6.2) ==
          doctest::Approx(spline.integral(0.005, 6.2)).epsilon(1e-12));  // rounding of 30 terms
  }
}

TEST_CASE("Nodes that do not increase, and other numbers of values, are refused") {
  CHECK_THROWS_WITH_AS(rvfit::CubicSpline({1.0, 2.0, 2.0}),
                       "CubicSpline: node 2 is 2 after 2, increasing wanted",
                       rvfit::InvalidArgument);
  CHECK_THROWS_AS(rvfit::CubicSpline({1.0}), rvfit::InvalidArgument);
  rvfit::CubicSpline spline({1.0, 2.0, 3.0});
  const std::vector<double> two(2);
  CHECK_THROWS_WITH_AS(spline.set_values(two), "CubicSpline: 2 values at 3 nodes",
                       rvfit::InvalidArgument);
}
