// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Batched Levenberg-Marquardt: B small fits advance together, each with its own damping, and leave
/// the active list as they end. Parameters, damping and statuses stay on the device.

#include <rvfit/data/linearization.hpp>
#include <rvfit/solver/active_list.hpp>
#include <rvfit/solver/detail/lm_kernels.hpp>
#include <rvfit/solver/device_parameters.hpp>
#include <rvfit/solver/lm_options.hpp>
#include <rvfit/solver/lm_state.hpp>

namespace rvfit {

/// B objectives of P parameters that the solver minimises, evaluated for a list of them at once.
///
/// `linearize` sets values, gradients and Hessians of the listed fits at `theta` (B, P); it enqueues on
/// `exec`, allocates nothing, and leaves other rows alone.
template <class Problem, class P>
concept BatchedObjective = requires(Problem& problem, const typename P::execution_space& exec,
                                    const ActiveList<P>& list, const Matrix<const double, P>& theta,
                                    const Linearization<P>& out) {
  problem.linearize(exec, list, theta, out);
};

/// An objective that looks at all fits after each pass, and may end some by their status.
template <class Problem, class P>
concept ReviewedObjective = BatchedObjective<Problem, P> &&
    requires(Problem& problem, const typename P::execution_space& exec, const LmState<P>& state) {
  problem.review(exec, state);
};

/// Minimise B objectives from `state.theta`; fits with `state.status` other than `running` are left
/// out. At the end `state.current` is the linearization at the solution. For fits that converged by their
/// last step it is that of the point before, a step below the tolerance away (docs/decisions/0002).
/// Covariances are made of it.
///
/// Trial points are linearized at once instead of evaluated first: nearly all are accepted
/// (docs/decisions/0012).
///
/// One integer goes to the host every P::check_interval passes (on hosts, where that costs nothing,
/// after every selection); nothing is allocated.
///
/// @param[in]     exec   instance the work is enqueued on
/// @param[in]     size   B fits of the workspace in use
/// @param[in,out] state  theta and status
/// @throws InvalidArgument  options that are not valid, more than 32 parameters
template <ExecutionPolicy P, class Problem>
requires BatchedObjective<Problem, P>
void minimize(const typename P::execution_space& exec, Problem& problem,
              const DeviceParameters<P>& parameters, const LmOptions& options, int size,
              LmWorkspace<P>& state) {
  options.require_valid();
  ActiveList<P>& active = state.active;
  const detail::IsRunning<P> running{state.status};
  Kokkos::parallel_for("rvfit::Lm::begin", typename P::range_policy(exec, 0, size),
                       detail::BeginFit<P>{state, parameters, options});
  active.select(exec, size, size, running);
  active.refresh(exec);
  problem.linearize(exec, active, state.theta, state.current);
  // Every pass tries one step of each active fit; the pass after the last step only ends fits.
  for (int pass = 0; pass <= options.max_iterations; ++pass) {
    if (pass % P::check_interval == 0 && active.refresh(exec) == 0) {
      return;
    }
    detail::propose_steps<P>(exec, parameters, options, state);
    active.select(exec, size, active.bound(), running);
    problem.linearize(exec, active, state.trial, state.proposed);
    detail::judge_steps<P>(exec, options, state);
    if constexpr (ReviewedObjective<Problem, P>) {
      problem.review(exec, state);
    }
    active.select(exec, size, active.bound(), running);
  }
}

}  // namespace rvfit
