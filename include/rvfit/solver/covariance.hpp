// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Covariance of the parameters at the solution, C = 2 H^-1 with H the Hessian of neg2_log_like,
/// over the parameters that are free and inside their bounds.

#include <rvfit/solver/lm.hpp>

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

namespace detail {

template <ExecutionPolicy P>
struct InvertHessian {
  LmState<P> state;
  DeviceParameters<P> parameters;
  Covariance<P> out;

  KOKKOS_FUNCTION void operator()(int b) const {
    const auto n = static_cast<int>(state.theta.extent(1));
    int free[max_parameters];
    int size = 0;
    std::uint32_t flags = 0;
    for (int p = 0; p < n; ++p) {
      const double value = state.theta(b, p);
      const bool on_bound = value <= parameters.lower(p) || value >= parameters.upper(p);
      if (parameters.fixed(p) != 0) {
        continue;
      }
      if (on_bound) {
        flags |= std::uint32_t{1} << p;
      } else {
        free[size++] = p;
      }
    }
    for (int p = 0; p < n; ++p) {
      for (int q = 0; q < n; ++q) {
        out.matrix(b, p, q) = Kokkos::Experimental::quiet_NaN_v<double>;
      }
    }
    out.bad(b) = 0;
    out.bound(b) = 0;
    if (!is_solution(state.status(b))) {
      return;
    }
    out.bound(b) = flags;
    double factor[max_parameters * max_parameters];
    for (int i = 0; i < size; ++i) {
      for (int j = 0; j <= i; ++j) {
        factor[i * max_parameters + j] = state.current.hessian(b, free[i], free[j]);
      }
    }
    if (cholesky_factor(factor, size, max_parameters, 1e-14) < size) {
      out.bad(b) = 1;
      return;
    }
    for (int j = 0; j < size; ++j) {
      double column[max_parameters] = {};
      column[j] = 2.0;
      cholesky_solve(factor, size, max_parameters, column);
      for (int i = 0; i < size; ++i) {
        out.matrix(b, free[i], free[j]) = column[i];
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
  Kokkos::parallel_for("rvfit::Covariance::invert", typename P::range_policy(exec, 0, size),
                       detail::InvertHessian<P>{state, parameters, out});
}

}  // namespace rvfit
