// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Results of a residual fit, written by one thread as the fit ends.

#include <rvfit/core/pack.hpp>
#include <rvfit/data/fit_result.hpp>
#include <rvfit/solver/covariance.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit::detail {

/// Write the covariance and the correlation of the fit in element w: NaN unless it is solved, and for parameters
/// that are fixed or on a bound.
template <class Problem, class T>
KOKKOS_INLINE_FUNCTION void write_covariance(const Problem& problem, std::int64_t number, int w,
                                             const LmFit<T, Problem::n>& fit,
                                             const LmBounds<T, Problem::n>& bounds, bool solved) {
  constexpr int n = Problem::n;
  using Accum = typename Problem::Accum;
  const auto& out = problem.out;
  constexpr Accum nan = Kokkos::Experimental::quiet_NaN_v<Accum>;
  bool free[n];
  Accum hessian[packed(n, 0)], covariance[packed(n, 0)];
  int count = 0;
  for (int p = 0; p < n; ++p) {
    const Accum value = element(fit.theta[p], w);
    free[p] = !element(bounds.fixed[p], w) && value > element(bounds.lower[p], w) &&
              value < element(bounds.upper[p], w);
    count += free[p] ? 1 : 0;
  }
  for (int k = 0; k < packed(n, 0); ++k) {
    hessian[k] = element(fit.current.hessian[k], w);
    covariance[k] = nan;
  }
  if (solved) {
    lm_covariance<n>(n, free, hessian, covariance);
  }
  Accum factor = 1;
  if (problem.scale_covariance) {
    int used = 0;
    for (int i = 0; i < problem.data.points; ++i) {
      used += problem.weight(number, i) != Accum(0) ? 1 : 0;
    }
    factor = used > count ? element(fit.current.value, w) / static_cast<Accum>(used - count) : nan;
  }
  for (int p = 0; p < n; ++p) {
    for (int q = 0; q < n; ++q) {
      const Accum of_pair = covariance[p < q ? packed(q, p) : packed(p, q)];
      if (out.covariance.extent(0) != 0) {
        out.covariance(number, p, q) = factor * of_pair;
      }
      if (out.correlation.extent(0) != 0) {
        out.correlation(number, p, q) =
            of_pair / Kokkos::sqrt(covariance[packed(p, p)] * covariance[packed(q, q)]);
      }
    }
  }
}

/// Write the results of the fit in element w.
template <class Problem, class T>
KOKKOS_INLINE_FUNCTION void write_fit(const Problem& problem, std::int64_t number, int w,
                                      const LmFit<T, Problem::n>& fit,
                                      const LmBounds<T, Problem::n>& bounds, int evaluations) {
  const auto& out = problem.out;
  const auto status = static_cast<FitStatus>(element(fit.status, w));
  for (int p = 0; p < Problem::n; ++p) {
    out.theta(number, p) = element(fit.theta[p], w);
  }
  out.value(number) = element(fit.current.value, w);
  out.status(number) = status;
  out.iterations(number) = static_cast<int>(element(fit.iterations, w));
  out.evaluations(number) = evaluations;
  if (out.covariance.extent(0) != 0 || out.correlation.extent(0) != 0) {
    write_covariance(problem, number, w, fit, bounds, is_solution(status));
  }
}

}  // namespace rvfit::detail
