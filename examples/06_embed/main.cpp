// SPDX-License-Identifier: MIT
//
// A foreign code that fits calibration curves with rvfit's solver, from arrays that it has anyway.
#include <rvfit/residual/residual_fitter.hpp>

#include <Kokkos_Core.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

/// y = a x^2 + b x + c at x = 0, 1, 2 ...
struct Parabola {
  static constexpr int parameters = 3;

  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    const double x = i;
    return (theta[0] * x + theta[1]) * x + theta[2];
  }
};

int main(int argc, char** argv) {
  using P = rvfit::Policy<Kokkos::DefaultExecutionSpace, double, double>;
  const Kokkos::ScopeGuard kokkos(argc, argv);
  const P::execution_space exec;

  // Curve b is b x^2 + 2 x + 3; the solver starts at 0.
  constexpr int curves = 100, points = 8;
  std::vector<double> y;
  for (int b = 0; b < curves; ++b) {
    for (int i = 0; i < points; ++i) {
      y.push_back((b * i + 2.0) * i + 3.0);
    }
  }
  rvfit::ResidualData<P> data;
  data.y = rvfit::upload_matrix<rvfit::Matrix<const double, P>>(exec, "y", y, curves, points);
  const rvfit::Matrix<double, P> start("start", curves, Parabola::parameters);
  const auto fits = rvfit::fit_residuals<P>(exec, Parabola{}, data, start);

  const auto theta = rvfit::download(exec, fits.theta);
  double worst = 0.0;
  for (int b = 0; b < curves; ++b) {
    worst = std::fmax(worst, std::fabs(theta(b, 0) - b));
  }
  std::printf("embed: %d curves, largest error %.1e\n", curves, worst);
  return worst < 1e-3 ? 0 : 1;
}
