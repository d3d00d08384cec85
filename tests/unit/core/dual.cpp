// SPDX-License-Identifier: MIT

/// @file
/// Derivatives by duals against central differences, function by function.

#include <rvfit/core/dual_math.hpp>

#include <doctest/doctest.h>
#include <support/tolerance.hpp>

#include <cmath>
#include <limits>

namespace rvfit::test {

using D = Dual<double, 2>;

/// Check both partial derivatives of f at (x, y).
template <class Function>
void check_partials(const char* name, const Function& f, double x, double y) {
  const D got = f(D::variable(x, 0), D::variable(y, 1));
  constexpr double h = 1e-5;
  const double in_x = (f(x + h, y) - f(x - h, y)) / (2.0 * h);
  const double in_y = (f(x, y + h) - f(x, y - h)) / (2.0 * h);
  // The value takes the operations of f, at most eight, which a compiler may contract otherwise.
  CHECK_MESSAGE(got.value == doctest::Approx(f(x, y)).epsilon(rounding<double>(8)), name);
  // Differences are off by h^2 / 6 of the third derivative and by eps |f| / h: measured 1.5e-10 of the
  // derivative (tan), margin 7.
  constexpr double tolerance = 1e-9;
  CHECK_MESSAGE(std::abs(got.derivative[0] - in_x) < tolerance * (1.0 + std::abs(in_x)), name);
  CHECK_MESSAGE(std::abs(got.derivative[1] - in_y) < tolerance * (1.0 + std::abs(in_y)), name);
}

// Duals are found by their type, plain numbers through this.
using std::acos, std::asin, std::atan, std::atan2, std::cbrt, std::cos, std::cosh, std::erf,
    std::erfc, std::exp, std::expm1, std::log, std::log10, std::log1p, std::pow, std::sin,
    std::sinh, std::sqrt, std::tan, std::tanh;

TEST_CASE("dual: arithmetic with duals and with constants") {
  const double x = 1.3, y = -0.7;
  check_partials(
      "x + y", [](auto a, auto b) { return a + b; }, x, y);
  check_partials(
      "x - y", [](auto a, auto b) { return a - b; }, x, y);
  check_partials(
      "x * y", [](auto a, auto b) { return a * b; }, x, y);
  check_partials(
      "x / y", [](auto a, auto b) { return a / b; }, x, y);
  check_partials(
      "constants", [](auto a, auto b) { return (2.0 - a * 3) / 4 + 5 / (b + 2) - 1; }, x, y);
  check_partials(
      "assignment",
      [](auto a, auto b) {
        auto c = a;
        c += b;
        c *= a;
        c -= 2.0;
        c /= b;
        return -c;
      },
      x, y);
}

TEST_CASE("dual: elementary functions") {
#define RVFIT_CHECK(expression) \
  check_partials(               \
      #expression, [](auto x, auto y) { return (expression)*y; }, 0.6, 1.7)
  RVFIT_CHECK(exp(x));
  RVFIT_CHECK(expm1(x));
  RVFIT_CHECK(log(x));
  RVFIT_CHECK(log1p(x));
  RVFIT_CHECK(log10(x));
  RVFIT_CHECK(sqrt(x));
  RVFIT_CHECK(cbrt(x));
  RVFIT_CHECK(sin(x));
  RVFIT_CHECK(cos(x));
  RVFIT_CHECK(tan(x));
  RVFIT_CHECK(asin(x));
  RVFIT_CHECK(acos(x));
  RVFIT_CHECK(atan(x));
  RVFIT_CHECK(sinh(x));
  RVFIT_CHECK(cosh(x));
  RVFIT_CHECK(tanh(x));
  RVFIT_CHECK(erf(x));
  RVFIT_CHECK(erfc(x));
  RVFIT_CHECK(pow(x, 2.5));
  RVFIT_CHECK(pow(1.5, x));
  RVFIT_CHECK(pow(x, y));
  RVFIT_CHECK(atan2(x, y));
  RVFIT_CHECK(atan2(x, 2.0) * atan2(-1.5, y));
#undef RVFIT_CHECK
  // The power of a number that may be negative or zero.
  CHECK(pow(D::variable(-2.0, 0), 2.0).derivative[0] == -4.0);
  CHECK(pow(D::variable(0.0, 0), 2.0).derivative[0] == 0.0);
  CHECK(pow(D::variable(0.0, 0), 0.0).derivative[0] == 0.0);
  const D zero = D::variable(0.0, 0), two = D::variable(2.0, 1), one = D::variable(1.0, 1);
  CHECK(pow(zero, two).derivative[0] == 0.0);
  CHECK(pow(zero, two).derivative[1] == 0.0);
  CHECK(pow(zero, one).derivative[0] == 1.0);
  CHECK(pow(0.0, two).derivative[1] == 0.0);
  // An infinite slope stays in its own direction.
  CHECK(std::isinf(sqrt(zero).derivative[0]));
  CHECK((one + sqrt(zero)).derivative[1] == 1.0);
  CHECK(abs_of(D::variable(-2.0, 0)).derivative[0] == -1.0);
}

TEST_CASE("dual: comparison and selection look at values") {
  const D a = D::variable(1.0, 0), b = D::variable(2.0, 1);
  CHECK(a < b);
  CHECK(a <= 1.0);
  CHECK(3.0 > b);
  CHECK(select(a > b, a, b).derivative[1] == 1.0);
}

/// max(x, 1) + min(x, y), as a model writes it.
template <class T>
T clipped(const T& x, const T& y) {
  using Kokkos::max;
  using Kokkos::min;
  return max(x, 1.0) + min(x, y);
}

TEST_CASE("dual: max and min are those of numbers, with the derivatives of the one that is taken") {
  using DL = Dual<Pack<double, 4>, 2>;
  Pack<double, 4> x(0), y(1.5);
  for (int w = 0; w < 4; ++w) {
    x.set(w, 0.7 * w);  // 0, 0.7, 1.4, 2.1
  }
  const DL f = clipped(DL::variable(x, 0), DL::variable(y, 1));
  const Pack<double, 4> plain = clipped(x, y);
  for (int w = 0; w < 4; ++w) {
    const D one = clipped(D::variable(x[w], 0), D::variable(y[w], 1));
    CHECK(f.value[w] == clipped(x[w], y[w]));
    CHECK(plain[w] == f.value[w]);
    CHECK(one.value == f.value[w]);
    CHECK(f.derivative[0][w] == (x[w] > 1.0 ? 1.0 : 0.0) + (x[w] < 1.5 ? 1.0 : 0.0));
    CHECK(f.derivative[1][w] == (x[w] < 1.5 ? 0.0 : 1.0));
    CHECK(one.derivative[0] == f.derivative[0][w]);
  }
}

TEST_CASE("dual: of lanes, each lane has its own derivatives") {
  using L = Pack<double, 4>;
  L x(0);
  for (int w = 0; w < 4; ++w) {
    x.set(w, 0.5 + w);
  }
  using DL = Dual<L, 1>;
  const DL y = 2.0 * exp(-0.5 * DL::variable(x, 0)) + x;
  for (int w = 0; w < 4; ++w) {
    // The exponential of packs is good to 2 ulp, that of the library to 1.
    const double exact = std::exp(-0.5 * x[w]);
    CHECK(y.value[w] == doctest::Approx(2.0 * exact + x[w]).epsilon(rounding<double>(3)));
    CHECK(y.derivative[0][w] == doctest::Approx(-exact).epsilon(rounding<double>(3)));
  }
}

}  // namespace rvfit::test
