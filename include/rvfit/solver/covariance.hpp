// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Covariance of the parameters at the solution, C = 2 H^-1 with H the Hessian of neg2_log_like,
/// over the parameters that are free and inside their bounds.

#include <rvfit/linalg/ldlt.hpp>
#include <rvfit/solver/device_parameters.hpp>
#include <rvfit/solver/lm_state.hpp>
#include <rvfit/solver/parameter_capacity.hpp>

namespace rvfit {

/// Errors of B fits.
template <ExecutionPolicy P>
struct Covariance {
  Cube<double, P> matrix;          ///< (B, P, P)  NaN in rows and columns that are not free
  Vector<std::uint32_t, P> bound;  ///< (B)        bit p: parameter p is on a bound
  Vector<std::uint8_t, P> bad;     ///< (B)        1: Hessian not positive definite

  Covariance(const typename P::execution_space& exec, int size, int parameters)
      : matrix(allocate<Cube<double, P>>(exec, "rvfit::Covariance::matrix", size, parameters,
                                         parameters)),
        bound(allocate<Vector<std::uint32_t, P>>(exec, "rvfit::Covariance::bound", size)),
        bad(allocate<Vector<std::uint8_t, P>>(exec, "rvfit::Covariance::bad", size)) {}
};

/// C = 2 H^-1 over the free parameters of one fit; NaN in other rows and columns, and everywhere if H
/// is not positive definite.
///
/// @param[in]  free        (n)
/// @param[in]  hessian     (packed(n,0))  lower triangle
/// @param[out] covariance  (packed(n,0))  lower triangle
/// @return true if H is positive definite
template <int N, class T>
KOKKOS_INLINE_FUNCTION bool lm_covariance(int n, const bool* free, const T* hessian,
                                          T* covariance) {
  T factor[packed(N, 0)];
  for (int p = 0; p < n; ++p) {
    for (int q = 0; q <= p; ++q) {
      // A parameter that is not free is a row and a column of the unit matrix.
      factor[packed(p, q)] = free[p] && free[q] ? hessian[packed(p, q)] : T(p == q ? 1 : 0);
      covariance[packed(p, q)] = Kokkos::Experimental::quiet_NaN_v<T>;
    }
  }
  if (!ldlt_factor(factor, n, T(16) * Kokkos::Experimental::epsilon_v<T>)) {
    return false;
  }
  for (int q = 0; q < n; ++q) {
    T column[N] = {};
    column[q] = T(2);
    ldlt_solve(factor, n, column);
    for (int p = q; free[q] && p < n; ++p) {
      covariance[packed(p, q)] = free[p] ? column[p] : covariance[packed(p, q)];
    }
  }
  return true;
}

namespace detail {

template <ExecutionPolicy P, int N>
struct InvertHessian {
  LmState<P> state;
  DeviceParameters<P> parameters;
  Covariance<P> out;

  KOKKOS_FUNCTION void operator()(int b) const {
    const auto n = static_cast<int>(state.theta.extent(1));
    bool free[N];
    double hessian[packed(N, 0)], covariance[packed(N, 0)];
    std::uint32_t flags = 0;
    bool undetermined = false;
    for (int p = 0; p < n; ++p) {
      const double value = state.theta(b, p);
      const bool on_bound = value <= parameters.lower(p) || value >= parameters.upper(p);
      const bool fixed = parameters.fixed(p) != 0;
      // A parameter that no datum depends on (the velocity of an exposure without good pixels) has no
      // error, which is bad, but says nothing of the others'.
      const bool without_effect = state.current.hessian(b, p, p) == 0.0;
      free[p] = !fixed && !on_bound && !without_effect;
      undetermined = undetermined || (!fixed && !on_bound && without_effect);
      flags |= !fixed && on_bound ? std::uint32_t{1} << p : 0;
      for (int q = 0; q <= p; ++q) {
        hessian[packed(p, q)] = state.current.hessian(b, p, q);
        covariance[packed(p, q)] = Kokkos::Experimental::quiet_NaN_v<double>;
      }
    }
    const bool solved = is_solution(state.status(b));
    const bool inverted = solved && lm_covariance<N>(n, free, hessian, covariance);
    out.bound(b) = solved ? flags : 0;
    out.bad(b) = solved && (undetermined || !inverted) ? 1 : 0;
    for (int p = 0; p < n; ++p) {
      for (int q = 0; q <= p; ++q) {
        out.matrix(b, p, q) = covariance[packed(p, q)];
        out.matrix(b, q, p) = covariance[packed(p, q)];
      }
    }
  }
};

}  // namespace detail

/// Invert the Hessians of `state.current` at `state.theta`.
///
/// @param[in]  exec   instance the work is enqueued on; the call does not fence
/// @param[in]  size   B fits
/// @param[out] out    of at least B rows; NaN for fits that have no solution
template <ExecutionPolicy P>
void invert_hessians(const typename P::execution_space& exec, int size, const LmState<P>& state,
                     const DeviceParameters<P>& parameters, const Covariance<P>& out) {
  detail::with_capacity(static_cast<int>(state.theta.extent(1)), [&](auto capacity) {
    Kokkos::parallel_for(
        "rvfit::Covariance::invert", typename P::range_policy(exec, 0, size),
        detail::InvertHessian<P, decltype(capacity)::value>{state, parameters, out});
  });
}

}  // namespace rvfit
