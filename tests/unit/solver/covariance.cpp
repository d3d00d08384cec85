// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include <rvfit/solver/covariance.hpp>

#include <limits>
#include <vector>

namespace rvfit::test::covariance {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// A few roundings of numbers of order one, of a matrix of condition 4.
constexpr Tolerance few_roundings{.absolute = 32 * std::numeric_limits<double>::epsilon()};

/// Lower triangle of the covariance of H = (4 2; 2 3), or of its free part.
std::vector<double> covariance_of(bool first, bool second, std::vector<double> hessian,
                                  bool* positive = nullptr) {
  const bool free[2] = {first, second};
  std::vector<double> out(3, 7.0);
  const bool solved = lm_covariance<2>(2, free, hessian.data(), out.data());
  if (positive != nullptr) {
    *positive = solved;
  }
  return out;
}

TEST_CASE("covariance: twice the inverse of the Hessian of the free parameters") {
  // The determinant is 8, the inverse (3 -2; -2 4) / 8.
  check_close("both free", covariance_of(true, true, {4, 2, 3}), {0.75, -0.5, 1.0}, few_roundings);
  check_close("first free", covariance_of(true, false, {4, 2, 3}), {0.5, nan, nan}, few_roundings);
  check_close("second free", covariance_of(false, true, {4, 2, 3}), {nan, nan, 2.0 / 3.0},
              few_roundings);
  check_close("none free", covariance_of(false, false, {4, 2, 3}), {nan, nan, nan}, few_roundings);
}

TEST_CASE("covariance: a Hessian that is not positive definite has none") {
  bool positive = true;
  check_close("indefinite", covariance_of(true, true, {1, 2, 1}, &positive), {nan, nan, nan}, {});
  CHECK(!positive);
  // Singular but for rounding: a pivot of 2 eps of its diagonal is below the limit of 16 eps.
  const double eps = std::numeric_limits<double>::epsilon();
  check_close("singular", covariance_of(true, true, {1, 1, 1 + 2 * eps}, &positive),
              {nan, nan, nan}, {});
  CHECK(!positive);
  // A parameter that is not free does not matter, whatever its row holds.
  check_close("nan in a held row", covariance_of(true, false, {2, nan, nan}, &positive),
              {1.0, nan, nan}, few_roundings);
  CHECK(positive);
}

template <class P>
void inverts_a_batch() {
  const Exec exec{};
  constexpr int size = 6;
  const DeviceParameters<P> parameters(
      exec, ParameterSet({{.name = "x", .lower = -1.0, .upper = 1.0},
                          {.name = "y", .lower = -1.0, .upper = 1.0},
                          {.name = "held", .lower = -1.0, .upper = 1.0, .fixed = true}}));
  const LmState<P> state(exec, size, 3);
  const auto theta = Kokkos::create_mirror_view(state.theta);
  const auto hessian = Kokkos::create_mirror_view(state.current.hessian);
  const auto status = Kokkos::create_mirror_view(state.status);
  for (int b = 0; b < size; ++b) {
    status(b) = FitStatus::converged;
    const double h[3][3] = {{4, 2, 1}, {2, 3, 1}, {1, 1, 5}};
    for (int p = 0; p < 3; ++p) {
      theta(b, p) = 0.5;
      for (int q = 0; q < 3; ++q) {
        hessian(b, p, q) = h[p][q];
      }
    }
  }
  theta(1, 1) = 1.0;                  // on its upper bound
  theta(2, 0) = -1.0;                 // on its lower bound
  status(3) = FitStatus::non_finite;  // no solution
  theta(3, 0) = 1.0;                  // whose bounds do not count
  for (int p = 0; p < 3; ++p) {       // no datum depends on y
    hessian(4, 1, p) = hessian(4, p, 1) = 0.0;
  }
  hessian(5, 0, 0) = -4.0;  // a saddle
  Kokkos::deep_copy(exec, state.theta, theta);
  Kokkos::deep_copy(exec, state.current.hessian, hessian);
  Kokkos::deep_copy(exec, state.status, status);
  const Covariance<P> out(exec, size, 3);
  invert_hessians<P>(exec, size, state, parameters, out);
  const auto all = values(exec, out.matrix);
  const auto matrix = [&](std::ptrdiff_t b) {
    return std::vector<double>(all.begin() + 9 * b, all.begin() + 9 * (b + 1));
  };
  const std::vector<double> none(9, nan);
  check_close("free", matrix(0), {0.75, -0.5, nan, -0.5, 1.0, nan, nan, nan, nan}, few_roundings);
  check_close("y on a bound", matrix(1), {0.5, nan, nan, nan, nan, nan, nan, nan, nan},
              few_roundings);
  check_close("x on a bound", matrix(2), {nan, nan, nan, nan, 2.0 / 3.0, nan, nan, nan, nan},
              few_roundings);
  check_close("no solution", matrix(3), none, {});
  check_close("y without effect", matrix(4), {0.5, nan, nan, nan, nan, nan, nan, nan, nan},
              few_roundings);
  check_close("a saddle", matrix(5), none, {});
  CHECK(values(exec, out.bound) == std::vector<std::uint32_t>{0, 2, 1, 0, 0, 0});
  CHECK(values(exec, out.bad) == std::vector<std::uint8_t>{0, 0, 0, 0, 1, 1});
}

RVFIT_TEST_DOUBLE("covariance: parameters on bounds, without effect and without solution",
                  inverts_a_batch);

}  // namespace rvfit::test::covariance
