// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Kernels of the objective (pipeline/objective.hpp): priors, and weights of the penalty outside the
/// model's domain.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/core/tile.hpp>
#include <rvfit/data/linearization.hpp>
#include <rvfit/solver/lm.hpp>

namespace rvfit::detail {

/// The sums of a tile begin with the priors, sum_p ((theta_p - mean_p) / sigma_p)^2.
template <ExecutionPolicy P>
struct BeginObjective {
  Tile<P> tile;
  Matrix<const double, P> theta;
  DeviceParameters<P> parameters;
  Linearization<P> out;
  bool derivatives;

  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = tile.fit(t);
    if (b < 0) {
      return;
    }
    const auto n = static_cast<int>(theta.extent(1));
    double value = 0.0;
    for (int p = 0; p < n; ++p) {
      // 1 / sigma^2 is exactly 0 without a prior.
      const double precision = 1.0 / (parameters.prior_sigma(p) * parameters.prior_sigma(p));
      const double offset = theta(b, p) - parameters.prior_mean(p);
      value += precision * offset * offset;
      if (derivatives) {
        out.gradient(b, p) = 2.0 * precision * offset;
        for (int q = 0; q < n; ++q) {
          out.hessian(b, p, q) = p == q ? 2.0 * precision : 0.0;
        }
      }
    }
    out.value(b) = value;
  }
};

/// count = number of elements in which a and b differ.
template <ExecutionPolicy P>
struct CountDifferent {
  Matrix<const double, P> a, b;
  KOKKOS_FUNCTION void operator()(std::size_t n, int& count) const {
    count += a.data()[n] == b.data()[n] ? 0 : 1;
  }
};

/// Whether two arrays hold the same numbers; waits for the comparison unless they are the very same.
template <ExecutionPolicy P>
[[nodiscard]] bool same_values(const typename P::execution_space& exec,
                               const Matrix<const double, P>& a, const Matrix<const double, P>& b) {
  if (a.extent(0) != b.extent(0) || a.extent(1) != b.extent(1)) {
    return false;
  }
  int different = 0;
  if (a.data() != b.data()) {
    Kokkos::parallel_reduce("rvfit::Objective::same_values",
                            typename P::range_policy(exec, 0, a.size()), CountDifferent<P>{a, b},
                            different);
  }
  return different == 0;
}

/// sum(b) += amount, for spectra that have enough good pixels in an arm.
template <ExecutionPolicy P>
struct AddIfObserved {
  Vector<const int, P> good;
  int columns;
  Vector<double, P> sum;
  double amount;
  KOKKOS_FUNCTION void operator()(int b) const {
    sum(b) += has_enough_pixels(good(b), columns) ? amount : 0.0;
  }
};

/// weight(b) *= per_pixel * pixels(b).
template <ExecutionPolicy P>
struct ScalePenalty {
  double per_pixel;
  Vector<const double, P> pixels;
  Vector<double, P> weight;
  KOKKOS_FUNCTION void operator()(int b) const { weight(b) *= per_pixel * pixels(b); }
};

}  // namespace rvfit::detail
