// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The state of B fits on the device, between the kernels of `minimize`.

#include <rvfit/data/fit_result.hpp>
#include <rvfit/data/linearization.hpp>
#include <rvfit/solver/active_list.hpp>
#include <rvfit/solver/lm_step.hpp>

namespace rvfit {

template <ExecutionPolicy P>
struct LmState {
  Matrix<double, P> theta;               ///< (B, P)  start on entry, solution at the end
  Linearization<P> current;              ///< at theta
  Vector<FitStatus, P> status;           ///< (B)
  Vector<int, P> iterations;             ///< (B)     steps tried
  Matrix<double, P> trial;               ///< (B, P)
  Linearization<P> proposed;             ///< at trial
  Vector<LmDamping<double>, P> damping;  ///< (B)
  Vector<double, P> predicted_decrease;  ///< (B)     LmFit::predicted_decrease, of `trial`
  Vector<double, P> newton_decrease;     ///< (B)     LmFit::newton_decrease, of the undamped step
  /// (B)  absolute rounding error of the objective, 0 unless set. A fit is as converged as can be told
  /// when both the decrease predicted for its undamped step and the change of its objective are less.
  Vector<double, P> rounding;

  LmState(const typename P::execution_space& exec, int capacity, int parameters)
      : theta(allocate<Matrix<double, P>>(exec, "rvfit::Lm::theta", capacity, parameters)),
        current(exec, capacity, parameters),
        status(allocate<Vector<FitStatus, P>>(exec, "rvfit::Lm::status", capacity)),
        iterations(allocate<Vector<int, P>>(exec, "rvfit::Lm::iterations", capacity)),
        trial(allocate<Matrix<double, P>>(exec, "rvfit::Lm::trial", capacity, parameters)),
        proposed(exec, capacity, parameters),
        damping(allocate<Vector<LmDamping<double>, P>>(exec, "rvfit::Lm::damping", capacity)),
        predicted_decrease(
            allocate<Vector<double, P>>(exec, "rvfit::Lm::predicted_decrease", capacity)),
        newton_decrease(allocate<Vector<double, P>>(exec, "rvfit::Lm::newton_decrease", capacity)),
        rounding(allocate<Vector<double, P>>(exec, "rvfit::Lm::rounding", capacity)) {}
};

/// The state and the list of the fits still worked on, allocated once.
template <ExecutionPolicy P>
struct LmWorkspace : LmState<P> {
  ActiveList<P> active;

  LmWorkspace(const typename P::execution_space& exec, int capacity, int parameters)
      : LmState<P>(exec, capacity, parameters), active(exec, capacity) {}
};

namespace detail {

/// Predicate of `ActiveList::select`.
template <ExecutionPolicy P>
struct IsRunning {
  Vector<const FitStatus, P> status;
  KOKKOS_FUNCTION bool operator()(int b) const { return status(b) == FitStatus::running; }
};

}  // namespace detail

}  // namespace rvfit
