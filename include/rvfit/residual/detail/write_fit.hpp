// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Results of a residual fit, written by one thread as the fit ends.

#include <rvfit/core/pack.hpp>
#include <rvfit/data/fit_result.hpp>
#include <rvfit/residual/detail/residual_state.hpp>
#include <rvfit/residual/residual_data.hpp>
#include <rvfit/solver/determined_covariance.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit::detail {

/// Least pivot of a Hessian with unit diagonal whose column is taken to be independent of the others: above the
/// rounding of the sums, and of the squares of derivatives.
template <class Problem>
[[nodiscard]] KOKKOS_INLINE_FUNCTION constexpr typename Problem::Accum least_pivot() {
  using Accum = typename Problem::Accum;
  using Real = typename Problem::Real;
  const Accum sums =
      Accum(16 * Problem::n) * static_cast<Accum>(Kokkos::Experimental::epsilon_v<Accum>);
  constexpr bool differences =
      derivatives_of<typename Problem::ModelType>() == Derivatives::differences;
  const Accum slope =
      Accum(16) * static_cast<Accum>(differences ? difference_step<Real> * difference_step<Real>
                                                 : Kokkos::Experimental::epsilon_v<Real>);
  return Kokkos::max(sums, slope * slope);
}

/// Write covariance and correlation of a fit, where they are wanted.
///
/// @param[in] covariance  (packed(n,0))  in units of unit_p unit_q / factor
/// @param[in] unit        (n)
template <int N, ExecutionPolicy P, class Accum>
KOKKOS_INLINE_FUNCTION void write_matrices(const ResidualFits<P>& out, std::int64_t number,
                                           const Accum* covariance, const Accum* unit,
                                           Accum factor) {
  Accum deviation[N];
  for (int p = 0; p < N; ++p) {
    deviation[p] = Kokkos::sqrt(covariance[packed(p, p)]);
  }
  for (int p = 0; p < N; ++p) {
    for (int q = 0; q < N; ++q) {
      const Accum of_pair = covariance[p < q ? packed(q, p) : packed(p, q)];
      if (out.covariance.extent(0) != 0) {
        out.covariance(number, p, q) = factor * of_pair * unit[p] * unit[q];
      }
      if (out.correlation.extent(0) != 0) {
        out.correlation(number, p, q) = of_pair / deviation[p] / deviation[q];
      }
    }
  }
}

/// Write covariance, correlation and rank of the fit in element w: NaN unless it is solved, and for parameters
/// that are fixed, on a bound or undetermined.
template <class Problem, class T>
KOKKOS_INLINE_FUNCTION void write_covariance(const Problem& problem, std::int64_t number, int w,
                                             const ResidualState<T, Problem>& state, bool solved) {
  constexpr int n = Problem::n;
  using Accum = typename Problem::Accum;
  const auto& out = problem.out;
  const LmFit<T, n>& fit = state.fit;
  constexpr Accum nan = Kokkos::Experimental::quiet_NaN_v<Accum>;
  bool free[n];
  Accum hessian[packed(n, 0)], covariance[packed(n, 0)];
  std::uint64_t on_bound = 0;
  for (int p = 0; p < n; ++p) {
    const Accum value = element(fit.theta[p], w);
    const bool fixed = element(state.bounds.fixed[p], w);
    const bool inside =
        value > element(state.bounds.lower[p], w) && value < element(state.bounds.upper[p], w);
    free[p] = !fixed && inside;
    on_bound |= !fixed && !inside ? std::uint64_t{1} << p : 0;
  }
  for (int k = 0; k < packed(n, 0); ++k) {
    hessian[k] = element(fit.current.hessian[k], w);
    covariance[k] = nan;
  }
  DeterminedParameters determined;
  if (solved) {
    determined = determined_covariance<n>(n, free, hessian, least_pivot<Problem>(), covariance);
  }
  // Covariances are in units of c_p c_q / (k h)^2; with their factor, F / freedom, in those of c_p c_q.
  Accum factor = 1, root = element(state.units.root_of_value(), w);
  const int freedom = static_cast<int>(element(state.used, w)) - determined.rank;
  if (problem.scale_covariance) {
    factor = freedom > 0 ? element(fit.current.value, w) / static_cast<Accum>(freedom) : nan;
    root = 1;
  }
  Accum unit[n];
  for (int p = 0; p < n; ++p) {
    unit[p] = element(state.units.parameter[p], w) * root;
  }
  write_matrices<n>(out, number, covariance, unit, factor);
  if (out.rank.extent(0) != 0) {
    out.rank(number) = determined.rank;
    out.freedom(number) = freedom;
    out.undetermined(number) = determined.undetermined;
    out.on_bound(number) = solved ? on_bound : 0;
  }
}

/// Write the results of the fit in element w.
template <class Problem, class T>
KOKKOS_INLINE_FUNCTION void write_fit(const Problem& problem, std::int64_t number, int w,
                                      const ResidualState<T, Problem>& state, int evaluations) {
  const auto& out = problem.out;
  const LmFit<T, Problem::n>& fit = state.fit;
  const auto status = static_cast<FitStatus>(element(fit.status, w));
  for (int p = 0; p < Problem::n; ++p) {
    out.theta(number, p) = element(fit.theta[p], w) * element(state.units.parameter[p], w);
  }
  const auto root = element(state.units.used, w) ? element(state.units.root_of_value(), w)
                                                 : typename Problem::Accum(1);
  out.value(number) = status == FitStatus::invalid
                          ? Kokkos::Experimental::quiet_NaN_v<typename Problem::Accum>
                          : element(fit.current.value, w) / root / root;
  out.status(number) = status;
  out.iterations(number) = static_cast<int>(element(fit.iterations, w));
  out.evaluations(number) = evaluations;
  if (out.covariance.extent(0) != 0 || out.correlation.extent(0) != 0) {
    write_covariance(problem, number, w, state, is_solution(status));
  }
}

}  // namespace rvfit::detail
