// SPDX-License-Identifier: MIT

#include "../../../examples/03_line_profiles/faddeeva.hpp"
#include "../../../examples/03_line_profiles/profiles.hpp"
#include "support/compare.hpp"
#include "support/test_policies.hpp"
#include "support/tolerance.hpp"
#include <rvfit/core/dual_math.hpp>
#include <rvfit/core/views.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <string>
#include <vector>

namespace rvfit::test {

/// w(z) = i / pi * integral of exp(-t^2) / (z - t), by the trapezoidal rule, whose error is
/// exp(-12 pi) here.
std::complex<double> faddeeva_oracle(double x, double y) {
  const double step = std::min(y / 6.0, 0.1);
  std::complex<double> sum = 0.0;
  for (int n = -static_cast<int>(6.5 / step); n <= static_cast<int>(6.5 / step); ++n) {
    const double t = n * step;
    sum += std::exp(-t * t) / (std::complex<double>(x, y) - t);
  }
  return std::complex<double>(0.0, std::numbers::inv_pi) * step * sum;
}

TEST_CASE("faddeeva: agrees with the integral to the stated accuracy") {
  for (const double y : {0.02, 0.1, 0.5, 1.0, 3.0, 20.0}) {
    for (const double x : {0.0, 0.1, -0.7, 1.5, 3.0, -6.0, 12.0, 50.0}) {
      const auto got = line_profiles::faddeeva(x, y);
      const std::complex<double> want = faddeeva_oracle(x, y);
      const double error = std::abs(std::complex<double>(got.re, got.im) - want);
      INFO(x, " + i ", y);
      // The accuracies that faddeeva.hpp states: measured 3.4e-14 and 2.8e-13.
      constexpr double absolute = 1e-13, relative = 1e-12;
      CHECK(error < absolute);
      CHECK(error < relative * std::abs(want));
    }
  }
}

TEST_CASE("faddeeva: without a Lorentzian part the profile is a Gaussian") {
  for (int n = 0; n <= 100; ++n) {
    const double x = 0.1 * n;
    const auto got = line_profiles::faddeeva(x, 0.0);
    CHECK(std::abs(got.re - std::exp(-x * x)) < 1e-13);  // as above; measured 3.9e-14
  }
}

/// Row i of `out` is of point i: the value with its derivatives by hand, the value alone, derivatives by dual numbers.
template <class Model>
struct EvaluateProfile {
  static constexpr int n = Model::parameters;
  Model model;
  Kokkos::View<const double*, Exec::memory_space> theta;
  Kokkos::View<double**, Kokkos::LayoutRight, Exec::memory_space> out;

  KOKKOS_FUNCTION void operator()(int i) const {
    double at[n], by_hand[n];
    Dual<double, n> dual[n];
    for (int p = 0; p < n; ++p) {
      at[p] = theta(p);
      dual[p] = Dual<double, n>::variable(at[p], p);
    }
    out(i, 0) = model.linearize(at, i, by_hand);
    out(i, 1) = model(at, i);
    const Dual<double, n> by_dual = model(dual, i);
    for (int p = 0; p < n; ++p) {
      out(i, 2 + p) = by_hand[p];
      out(i, 2 + n + p) = by_dual.derivative[p];
    }
  }
};

/// Derivatives by hand against those of the value by dual numbers.
template <class Model>
void check_derivatives(const std::vector<double>& theta, Tolerance allowed) {
  constexpr int n = Model::parameters;
  const int points = 41;
  Kokkos::View<double*, Kokkos::HostSpace> wave("wave", points);
  for (int i = 0; i < points; ++i) {
    wave(i) = 90.0 + 0.5 * i;
  }
  const Exec exec;
  const EvaluateProfile<Model> evaluate{
      {Kokkos::create_mirror_view_and_copy(Exec::memory_space(), wave)},
      upload<Kokkos::View<const double*, Exec::memory_space>>(exec, "theta", theta),
      decltype(EvaluateProfile<Model>::out)("profile", points, 2 + 2 * n)};
  Kokkos::parallel_for("profile", Kokkos::RangePolicy<Exec>(exec, 0, points), evaluate);
  const auto out = download(exec, evaluate.out);
  std::vector<double> by_hand, by_dual;
  for (int i = 0; i < points; ++i) {
    // The compiler may fuse multiplications and additions in one and not in the other.
    CHECK(out(i, 0) == doctest::Approx(out(i, 1)).epsilon(rounding<double>(16)));
    for (int p = 0; p < n; ++p) {
      by_hand.push_back(out(i, 2 + p));
      by_dual.push_back(out(i, 2 + n + p));
    }
  }
  check_close(Model::name, by_hand, by_dual, allowed);
}

TEST_CASE("line profiles: derivatives by hand are those of the value") {
  // Some ten operations, a hundred in w, each on numbers up to 30.
  const Tolerance rounded{rounding<double>(10, 30.0), rounding<double>(10)};
  check_derivatives<line_profiles::Gaussian>({30.0, 100.3, 1.2, 4.0}, rounded);
  check_derivatives<line_profiles::Lorentzian>({30.0, 100.3, 1.2, 4.0}, rounded);
  // w' is that of the function, not of its approximation: |z|^2 times the error of w. Measured a fifth.
  check_derivatives<line_profiles::Voigt>({30.0, 100.3, 1.2, 0.8, 4.0}, {1e-12, 1e-9});
}

}  // namespace rvfit::test
