// SPDX-License-Identifier: MIT
// A million exponential decays y = a exp(-t / tau) + c, 16 points each, fitted at once.

#include <rvfit/residual/residual_fitter.hpp>

#include <Kokkos_Core.hpp>
#include <Kokkos_Random.hpp>

#include <cmath>
#include <cstdio>

using P = rvfit::Policy<Kokkos::DefaultExecutionSpace, double, double>;
constexpr int fits = 1'000'000, points = 16;

/// The model: a function of the parameters and of the number of the point, for any scalar.
struct Decay {
  static constexpr int parameters = 3;  // a, tau, c

  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    return theta[0] * exp(-0.25 * i / theta[1]) + theta[2];
  }
};

/// Data of known truth a = 10, tau = 1, c = 2 with noise of sigma = 0.1, and starts off the truth.
struct Simulate {
  rvfit::Matrix<double, P> y, start;

  KOKKOS_FUNCTION void operator()(int b) const {
    Kokkos::Random_XorShift64<P::execution_space> random(0x9e3779b97f4a7c15U * (b + 1U));
    const double truth[] = {10.0, 1.0, 2.0};
    for (int i = 0; i < points; ++i) {
      y(b, i) = Decay{}(truth, i) + 0.1 * random.normal();
    }
    for (int p = 0; p < Decay::parameters; ++p) {
      start(b, p) = truth[p] * random.drand(0.7, 1.3);
    }
  }
};

int main(int argc, char** argv) {
  const Kokkos::ScopeGuard kokkos(argc, argv);
  const P::execution_space exec;
  const rvfit::Matrix<double, P> y("y", fits, points), start("start", fits, Decay::parameters);
  const rvfit::Matrix<double, P> weight("1 / sigma", 1, points);
  Kokkos::deep_copy(weight, 10.0);
  Kokkos::parallel_for(P::range_policy(exec, 0, fits), Simulate{y, start});

  const auto result = rvfit::fit_residuals<P>(exec, Decay{}, {.y = y, .weight = weight}, start);

  const auto theta = rvfit::download(exec, result.theta);
  const auto covariance = rvfit::download(exec, result.covariance);
  for (int b = 0; b < 3; ++b) {
    std::printf("a = %.2f, tau = %.3f +- %.3f\n", theta(b, 0), theta(b, 1),
                std::sqrt(covariance(b, 1, 1)));
  }
}
