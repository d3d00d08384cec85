// SPDX-License-Identifier: MIT

#include <rvfit/solver/lm_step.hpp>

#include <doctest/doctest.h>
#include <support/tolerance.hpp>

#include <cmath>

namespace rvfit::test::step {

constexpr double infinity = Kokkos::Experimental::infinity_v<double>;

TEST_CASE("lm_step: the minimum of a quadratic inside a box is found in one step") {
  // g . d + d H d / 2 with a box that cuts off the free minimum (2, -1) in the first parameter.
  const double theta[2] = {0.0, 0.0};
  const double hessian[3] = {2.0, 1.0, 4.0};
  const double gradient[2] = {-3.0, 2.0};
  const LmBounds<double, 2> bounds{{-10.0, -10.0}, {1.0, 10.0}, {}, {}};
  double point[2];
  const LmStep<double> result = lm_step<2>(2, theta, gradient, hessian, bounds, 0.0, point);
  REQUIRE(result.solved);
  CHECK(point[0] == 1.0);
  CHECK(point[1] == rounded(-0.75));         // (2 + 1 * 1) / -4
  CHECK(result.decrease == rounded(3.125));  // -(-3 - 1.5 + (2 - 1.5 + 2.25) / 2)
}

TEST_CASE("lm_step: two bounds met by strongly correlated parameters never lead uphill") {
  // The free minimum is (10, 10). Putting both parameters on their bounds at once would raise the
  // model: the second wants to stay inside once the first is held.
  const double theta[2] = {0.0, 0.0};
  const double hessian[3] = {2.0, -1.9, 2.0};
  const double gradient[2] = {-1.0, -1.0};
  const LmBounds<double, 2> bounds{{-10.0, -10.0}, {9.0, 0.1}, {}, {}};
  double point[2];
  const LmStep<double> result = lm_step<2>(2, theta, gradient, hessian, bounds, 0.0, point);
  REQUIRE(result.solved);
  CHECK(result.decrease > 0.0);
  CHECK(point[1] == 0.1);
  CHECK(point[0] == rounded(0.595));  // (1 + 1.9 * 0.1) / 2
}

TEST_CASE("lm_step: a parameter that ends on a bound is exactly there, whatever theta rounds to") {
  const LmBounds<double, 1> bounds{{-0.4}, {1.2}, {}, {}};
  const double hessian[1] = {1.0}, gradient[1] = {-100.0};
  for (int n = 0; n < 1000; ++n) {
    const double theta[1] = {-0.4 + 0.0016 * n};
    double point[1];
    const LmStep<double> result = lm_step<1>(1, theta, gradient, hessian, bounds, 0.0, point);
    CHECK(result.solved);
    CHECK(point[0] == 1.2);
  }
}

TEST_CASE(
    "lm_step: damping is relative to the diagonal, or to the least curvature where it is small") {
  const double theta[2] = {0.0, 0.0}, gradient[2] = {-6.0, -6.0}, hessian[3] = {2.0, 0.0, 0.0};
  const LmBounds<double, 2> bounds{
      {-infinity, -infinity}, {infinity, infinity}, {1e-3, 0.5}, {false, false}};
  double point[2];
  const LmStep<double> result = lm_step<2>(2, theta, gradient, hessian, bounds, 0.5, point);
  REQUIRE(result.solved);
  CHECK(point[0] == rounded(2.0));   // 6 / (2 + 0.5 * 2)
  CHECK(point[1] == rounded(24.0));  // 6 / (0 + 0.5 * 0.5)
  // The decrease is that of the undamped model: 12 - 4 of the first, 144 of the second.
  CHECK(result.decrease == rounded(152.0));
}

TEST_CASE("lm_step: a fixed parameter, and one on a bound that it would leave, stay") {
  const double theta[3] = {1.0, 0.0, 0.0}, gradient[3] = {-2.0, 5.0, -2.0};
  const double hessian[6] = {2.0, 0.0, 2.0, 0.0, 0.0, 2.0};
  const LmBounds<double, 3> bounds{{-9, 0, -9}, {9, 9, 9}, {}, {true, false, false}};
  double point[3];
  REQUIRE(lm_step<3>(3, theta, gradient, hessian, bounds, 0.0, point).solved);
  CHECK(point[0] == 1.0);
  CHECK(point[1] == 0.0);
  CHECK(point[2] == 1.0);
}

TEST_CASE("lm_step: a matrix that is not positive definite, or not finite, has no step") {
  const double theta[2] = {0.0, 0.0}, gradient[2] = {1.0, 1.0};
  const LmBounds<double, 2> bounds{{-9, -9}, {9, 9}, {}, {}};
  double point[2];
  const auto solved = [&](double a, double b, double c) {
    const double hessian[3] = {a, b, c};
    return lm_step<2>(2, theta, gradient, hessian, bounds, 0.0, point).solved;
  };
  CHECK(solved(1.0, 0.5, 1.0));
  CHECK(!solved(1.0, 2.0, 1.0));
  CHECK(!solved(0.0, 0.0, 1.0));
  CHECK(!solved(std::nan(""), 0.0, 1.0));
}

TEST_CASE("lm_step: each element of a pack takes the step of a fit alone, bit for bit") {
  using Packed = Pack<double, 4>;
  Packed theta[2], gradient[2], hessian[3], point[2], damping(0.0);
  LmBounds<Packed, 2> bounds;
  // Inside, stopped by the first bound, by the second, and indefinite.
  const double gradients[4][2] = {{-0.3, 0.2}, {-30.0, 2.0}, {1.0, -50.0}, {1.0, 1.0}};
  const double mixed[4] = {1.0, 1.0, -1.9, 5.0};
  for (int w = 0; w < 4; ++w) {
    for (int p = 0; p < 2; ++p) {
      set_element(theta[p], w, 0.1 * w);
      set_element(gradient[p], w, gradients[w][p]);
      set_element(bounds.lower[p], w, -1.0);
      set_element(bounds.upper[p], w, 1.0 + p);
      set_element(bounds.least_curvature[p], w, 0.0);
      set_element(bounds.fixed[p], w, false);
    }
    set_element(hessian[0], w, 2.0);
    set_element(hessian[1], w, mixed[w]);
    set_element(hessian[2], w, 4.0);
    set_element(damping, w, 0.01 * w);
  }
  const LmStep<Packed> together = lm_step<2>(2, theta, gradient, hessian, bounds, damping, point);
  for (int w = 0; w < 4; ++w) {
    CAPTURE(w);
    const double one_theta[2] = {0.1 * w, 0.1 * w}, one_hessian[3] = {2.0, mixed[w], 4.0};
    const LmBounds<double, 2> one_bounds{{-1.0, -1.0}, {1.0, 2.0}, {}, {}};
    double one_point[2];
    const LmStep<double> alone =
        lm_step<2>(2, one_theta, gradients[w], one_hessian, one_bounds, 0.01 * w, one_point);
    CHECK(element(together.solved, w) == alone.solved);
    CHECK(alone.solved == (w < 3));
    if (alone.solved) {
      CHECK(element(together.decrease, w) == alone.decrease);
      CHECK(element(point[0], w) == one_point[0]);
      CHECK(element(point[1], w) == one_point[1]);
    }
  }
}

TEST_CASE("lm_damping: kept predictions lower it by ten at most, rejections raise it ever faster") {
  const LmOptions options{.initial_damping = 1.0, .min_damping = 0.05};
  const auto relaxed = [&](double ratio) {
    auto damping = LmDamping<double>::start(options);
    damping.growth = 64.0;
    damping.relax(true, ratio, options);
    CHECK(damping.growth == 4.0);
    return damping.value;
  };
  // max(1 / 10, 1 - (2 ratio - 1)^3), with ratios above one as one.
  CHECK(relaxed(1.0) == rounded(0.1));
  CHECK(relaxed(3.0) == rounded(0.1));
  CHECK(relaxed(0.75) == rounded(0.875));
  CHECK(relaxed(0.5) == rounded(1.0));
  CHECK(relaxed(0.25) == rounded(1.125));
  auto damping = LmDamping<double>::start(options);
  CHECK(damping.value == 1.0);
  damping.relax(true, 1.0, options);
  damping.relax(true, 1.0, options);
  CHECK(damping.value == 0.05);  // not below the least
  damping.tighten(true);
  CHECK(damping.value == rounded(0.2));
  damping.tighten(true);
  CHECK(damping.value == rounded(1.6));
  damping.relax(false, 1.0, options);
  damping.tighten(false);
  CHECK(damping.value == rounded(1.6));
}

}  // namespace rvfit::test::step
