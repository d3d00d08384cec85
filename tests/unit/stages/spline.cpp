// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/stages/spline.hpp>
#include <rvfit/stages/spline_taps.hpp>

#include <cmath>
#include <vector>

namespace rvfit::test::spline {

template <class P>
struct EvaluateKernel {
  using Real = typename P::real_type;
  Vector<const Real, P> coefficients;
  Vector<const double, P> position;
  Vector<Real, P> value, slope;
  KOKKOS_FUNCTION void operator()(int i) const {
    const auto size = static_cast<int>(coefficients.extent(0)) - 2 * spline_padding;
    const SplinePosition at = spline_position(position(i), size);
    const auto weights = spline_weights(static_cast<Real>(at.fraction));
    Real f = 0, df = 0;
    for (int m = 0; m < 4; ++m) {
      f += weights.value[m] * coefficients(at.pixel + m);
      df += weights.slope[m] * coefficients(at.pixel + m);
    }
    value(i) = f;
    slope(i) = df;
  }
};

template <class P>
struct Spline {
  std::vector<typename P::real_type> value, slope;
};

/// The spline of `y` and its derivative at some positions.
template <class P>
Spline<P> evaluate(const std::vector<double>& y, const std::vector<double>& position) {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto coefficients = spline_coefficients<P>(exec, y, 1);
  const auto value = allocate<Vector<Real, P>>(exec, "value", position.size());
  const auto slope = allocate<Vector<Real, P>>(exec, "slope", position.size());
  Kokkos::parallel_for(
      "evaluate", typename P::range_policy(exec, 0, position.size()),
      EvaluateKernel<P>{Kokkos::subview(coefficients, 0, Kokkos::ALL),
                        upload<Vector<const double, P>>(exec, "position", position), value, slope});
  return {values(exec, value), values(exec, slope)};
}

/// Positions at every node, between all of them and at both sides of the ends.
std::vector<double> positions(int size) {
  std::vector<double> s;
  for (int i = 0; i < size - 1; ++i) {
    for (const double u : {0.0, 1e-9, 0.1, 0.37, 0.5, 0.875, 0.999999}) {
      s.push_back(i + u);
    }
  }
  s.push_back(size - 1.0);
  return s;
}

constexpr int sizes[] = {31, 32, 33, 64, 129, 1025};

TEST_CASE("spline: taps are the inverse of (1, 4, 1) / 6") {
  for (int k = 0; k < 40; ++k) {
    const double product =
        (spline_tap(std::abs(k - 1)) + 4 * spline_tap(k) + spline_tap(k + 1)) / 6;
    // Three taps, each a power that is rounded.
    check_close("product", product, k == 0 ? 1.0 : 0.0, {rounding<double>(4)});
  }
  // The taps beyond the reach add to less than the rounding of a sum of values of order one.
  const auto beyond = [](int reach) { return 2 * spline_tap(reach + 1) / (std::sqrt(3.0) - 1); };
  CHECK(std::abs(beyond(spline_reach<float>)) < rounding<float>(0.5));
  CHECK(std::abs(beyond(spline_reach<double>)) < rounding<double>(0.5));
}

TEST_CASE("spline: weights are the cubic B-spline and its derivative") {
  const auto b_spline = [](double x) {
    x = std::abs(x);
    return x < 1 ? (4 - 6 * x * x + 3 * x * x * x) / 6 : (x < 2 ? std::pow(2 - x, 3) / 6 : 0.0);
  };
  for (const double u : {0.0, 0.125, 0.3, 0.5, 0.71, 1.0}) {
    CAPTURE(u);
    const auto weights = spline_weights(u);
    double sum = 0, slope_sum = 0, first_moment = 0;
    for (int m = 0; m < 4; ++m) {
      // Polynomials of degree three with values below 1.
      check_close("value", weights.value[m], b_spline(u - (m - 1)), {rounding<double>(4)});
      // A cubic: differences are exact but for rounding, 3 eps / h.
      check_close("slope", weights.slope[m],
                  oracle::derivative([&](double x) { return spline_weights(x).value[m]; }, u, 0.1),
                  {rounding<double>(60)});
      sum += weights.value[m];
      slope_sum += weights.slope[m];
      first_moment += (m - 1) * weights.value[m];
    }
    const Tolerance four_terms{rounding<double>(4)};  // each is rounded
    check_close("sum", sum, 1.0, four_terms);
    check_close("sum of slopes", slope_sum, 0.0, four_terms);
    check_close("first moment", first_moment, u, {rounding<double>(8)});  // and up to twice each
  }
}

TEST_CASE("spline: positions are split into pixel and fraction, clamped to the grid") {
  const auto check = [](double position, int pixel, double fraction) {
    const SplinePosition at = spline_position(position, 10);
    CAPTURE(position);
    CHECK(at.pixel == pixel);
    CHECK(at.fraction == fraction);
  };
  check(0.0, 0, 0.0);
  check(3.25, 3, 0.25);
  check(8.0, 8, 0.0);
  check(9.0, 8, 1.0);
  check(9.5, 8, 1.0);
  check(-0.5, 0, 0.0);
  check(1e300, 8, 1.0);
  check(-1e300, 0, 0.0);
  const SplinePosition nan = spline_position(std::nan(""), 10);
  CHECK((nan.pixel >= 0 && nan.pixel <= 8));  // stays on the grid
}

template <class P>
void interpolates_the_data() {
  using Real = typename P::real_type;
  for (const int size : sizes) {
    CAPTURE(size);
    const auto y = line_spectrum(size, 1);
    std::vector<double> nodes;
    for (int i = 0; i < size; ++i) {
      nodes.push_back(i);
    }
    // Coefficients are up to three times the data (the sum of |taps|).
    check_close("nodes", evaluate<P>(y, nodes).value, y, {rounding<Real>(8, 3 * largest(y))});
  }
}

template <class P>
void agrees_with_the_tridiagonal_form() {
  using Real = typename P::real_type;
  for (const int size : sizes) {
    CAPTURE(size);
    Random random(static_cast<std::uint64_t>(size));
    // The roughest data there are, and a spectrum.
    for (const auto& y :
         {random.uniform(static_cast<std::size_t>(size), -1, 1), line_spectrum(size, 2)}) {
      const oracle::NaturalSpline want(y);
      const auto s = positions(size);
      oracle::Numbers value, slope;
      for (const double position : s) {
        value.push_back(want(position));
        slope.push_back(want.slope(position));
      }
      const Spline<P> got = evaluate<P>(y, s);
      const double allowed = rounding<Real>(16, 3 * largest(y));
      check_close("value", got.value, value, {allowed});
      check_close("slope", got.slope, slope, {2 * allowed});  // |weights| sum to two at most
      check_close("coefficients", values(Exec{}, spline_coefficients<P>(Exec{}, y, 1)),
                  want.coefficients(), {2 * allowed});  // the outermost are 2 c_0 - c_1
    }
  }
}

template <class P>
void has_no_curvature_at_its_ends() {
  for (const int size : sizes) {
    const auto y = line_spectrum(size, 3);
    // f'' is linear within a pixel: from f' at three points of it, extrapolated to the end.
    const double last = size - 1.0;
    const auto got = evaluate<P>(y, {0.0, 0.25, 0.5, last - 0.5, last - 0.25, last}).slope;
    const double left = (-3 * got[0] + 4 * got[1] - got[2]) / 0.5;
    const double right = (3 * got[5] - 4 * got[4] + got[3]) / 0.5;
    const Tolerance allowed{rounding<double>(300, largest(y))};  // 16 roundings x 16
    check_close("left", left, 0.0, allowed);
    check_close("right", right, 0.0, allowed);
  }
}

template <class P>
void converges_with_the_fourth_power() {
  // f = sin on [0, pi], whose curvature vanishes at the ends: all f^(n) are at most one.
  double before = 0.0, slope_before = 0.0;
  for (const int size : {33, 65, 129, 257}) {
    CAPTURE(size);
    const double h = oracle::pi / (size - 1);
    std::vector<double> y;
    for (int i = 0; i < size; ++i) {
      y.push_back(std::sin(h * i));
    }
    const auto s = positions(size);
    const Spline<P> got = evaluate<P>(y, s);
    double error = 0.0, slope_error = 0.0;
    for (std::size_t i = 0; i < s.size(); ++i) {
      error = std::max(error, std::abs(got.value[i] - std::sin(h * s[i])));
      slope_error = std::max(slope_error, std::abs(got.slope[i] / h - std::cos(h * s[i])));
    }
    CHECK(error <= spline_error(h, 1.0));
    CHECK(slope_error <= spline_slope_error(h, 1.0));
    if (before > 0.0) {
      constexpr double next_order = 0.01;  // h^2 of the coarsest
      CHECK(before / error == doctest::Approx(16.0).epsilon(next_order));
      CHECK(slope_before / slope_error == doctest::Approx(8.0).epsilon(next_order));
    }
    before = error;
    slope_before = slope_error;
  }
}

/// One block of positions; `Width` is how many are summed abreast.
template <int Width, class Real>
void check_sums() {
  CAPTURE(Width);
  Random random(Width);
  const auto numbers = random.uniform(40, -1, 1);
  const std::vector<Real> row(numbers.begin(), numbers.end());
  Real weight[Width][4], result[Width];
  int pixel[Width];
  std::vector<double> want;
  for (int w = 0; w < Width; ++w) {
    pixel[w] = (w * 7 + 3) % 37;  // any order, the row's ends too
    double sum = 0.0;
    for (int m = 0; m < 4; ++m) {
      weight[w][m] = static_cast<Real>(random.uniform(1, -1, 1)[0]);
      sum += static_cast<double>(weight[w][m]) *
             static_cast<double>(row[static_cast<std::size_t>(pixel[w] + m)]);
    }
    want.push_back(sum);
  }
  spline_sums<Width>(weight, pixel, row.data(), result);
  // Four products of numbers below 1.
  check_close("sums", std::vector<Real>(result, result + Width), want, {rounding<Real>(8, 4.0)});
}

template <class P>
void sums_four_neighbours() {
  using Real = typename P::real_type;
  check_sums<1, Real>();
  check_sums<4, Real>();
  check_sums<P::pixels_abreast, Real>();
}

RVFIT_TEST("spline: sums over four neighbours of each position", sums_four_neighbours);
RVFIT_TEST("spline: interpolates the data at nodes", interpolates_the_data);
RVFIT_TEST("spline: is the natural spline of a tridiagonal system, ends included",
           agrees_with_the_tridiagonal_form);
RVFIT_TEST_DOUBLE("spline: has no curvature at its ends", has_no_curvature_at_its_ends);
RVFIT_TEST_DOUBLE("spline: converges with the fourth power of the step, below 5/384 h^4 max|f''''|",
                  converges_with_the_fourth_power);

}  // namespace rvfit::test::spline
