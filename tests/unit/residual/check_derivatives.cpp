// SPDX-License-Identifier: MIT

#include <rvfit/residual/check_derivatives.hpp>

#include <doctest/doctest.h>
#include <support/policies.hpp>

#include <optional>
#include <vector>

namespace rvfit::test {

using Double = DoublePolicy;

/// theta_0 exp(-theta_1 i), wrong as told: at `point` in `parameter`, or in its value.
struct Decay {
  static constexpr int parameters = 2;
  int point = -1, parameter = 0;
  bool nan = false;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    return theta[0] * exp(-theta[1] * static_cast<double>(i));
  }
  template <class T>
  KOKKOS_FUNCTION T linearize(const T* theta, int i, T* derivative) const {
    const T f = (*this)(theta, i);
    derivative[0] = f / theta[0];
    derivative[1] = -f * static_cast<double>(i);
    if (i == point) {
      if (parameter < 0) {
        return 1.0001 * f;
      }
      derivative[parameter] =
          nan ? T(Kokkos::Experimental::quiet_NaN_v<double>) : 1.0001 * derivative[parameter];
    }
    return f;
  }
};

TEST_CASE("check_derivatives: the parameter and the point of a wrong derivative are named") {
  const Double::execution_space exec;
  const auto check = [&](const Decay& model) {
    return check_derivatives<Double>(exec, model, 20, {3.0, 0.2});
  };
  CHECK(!check({}).has_value());
  for (const int parameter : {-1, 0, 1}) {
    for (const bool nan : {false, true}) {
      const std::optional<DerivativeError> error = check({7, parameter, nan});
      REQUIRE(error.has_value());
      CHECK(error->point == 7);
      CHECK(error->parameter == parameter);
    }
  }
  const std::string message = check({7, 1, false})->message();
  CHECK(message.find("derivative in parameter 1 at point 7") != std::string::npos);
  CHECK(check({7, -1, false})->message().find("the value at point 7") != std::string::npos);
}

/// A line of width theta_2 far from 0: theta_0 exp(-(x - theta_1)^2 / (2 theta_2^2)), x = 6558 + 0.25 i,
/// with the derivative in the centre multiplied by `factor`; of duals, or of plain numbers only.
struct Line {
  static constexpr int parameters = 3;
  double factor = 1.0;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    const T u = (6558.0 + 0.25 * i - theta[1]) / theta[2];
    return theta[0] * exp(-0.5 * (u * u));
  }
  template <class T>
  KOKKOS_FUNCTION T linearize(const T* theta, int i, T* derivative) const {
    const T u = (6558.0 + 0.25 * i - theta[1]) / theta[2];
    const T f = (*this)(theta, i);
    derivative[0] = f / theta[0];
    derivative[1] = factor * (f * u / theta[2]);
    derivative[2] = f * u * u / theta[2];
    return f;
  }
};
struct PlainLine {
  static constexpr int parameters = 3;
  Line line;
  KOKKOS_FUNCTION double operator()(const double* theta, int i) const { return line(theta, i); }
  KOKKOS_FUNCTION double linearize(const double* theta, int i, double* derivative) const {
    return line.linearize(theta, i, derivative);
  }
};

TEST_CASE("check_derivatives: a narrow line far from 0 is right, and wrong by a hundredth is not") {
  const Double::execution_space exec;
  for (const double width : {2.0, 0.5}) {
    const std::vector<double> theta = {300.0, 6562.9, width};
    CHECK(!check_derivatives<Double>(exec, Line{}, 40, theta).has_value());
    CHECK(!check_derivatives<Double>(exec, PlainLine{}, 40, theta).has_value());
    const auto exact = check_derivatives<Double>(exec, Line{1.0001}, 40, theta);
    REQUIRE(exact.has_value());
    CHECK(exact->parameter == 1);
    // Steps are 0.04, good to some 1e-3 at the smaller width.
    const auto plain = check_derivatives<Double>(exec, PlainLine{{1.01}}, 40, theta);
    REQUIRE(plain.has_value());
    CHECK(plain->parameter == 1);
  }
}

TEST_CASE("check_derivatives: another number of parameters is refused") {
  CHECK_THROWS_AS((void)check_derivatives<Double>(Double::execution_space(), Decay{}, 5, {1.0}),
                  InvalidArgument);
}

}  // namespace rvfit::test
