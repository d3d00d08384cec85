// SPDX-License-Identifier: MIT

#include <rvfit/solver/check_derivatives.hpp>

#include <doctest/doctest.h>

#include <optional>

namespace rvfit::test {

using Double = Policy<Kokkos::DefaultExecutionSpace, double, double>;

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

TEST_CASE("check_derivatives: another number of parameters is refused") {
  CHECK_THROWS_AS((void)check_derivatives<Double>(Double::execution_space(), Decay{}, 5, {1.0}),
                  InvalidArgument);
}

}  // namespace rvfit::test
