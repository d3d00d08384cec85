// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The kernels of `minimize`: one thread takes one row of the state through `lm_propose` or `lm_judge`.

#include <rvfit/solver/device_parameters.hpp>
#include <rvfit/solver/lm_fit.hpp>
#include <rvfit/solver/lm_state.hpp>
#include <rvfit/solver/parameter_capacity.hpp>

namespace rvfit::detail {

/// Put starts within the bounds and reset the state of one fit. A fit whose status is not `running`
/// on entry (a spectrum without pixels, say) is left out.
template <ExecutionPolicy P>
struct BeginFit {
  LmState<P> state;
  DeviceParameters<P> parameters;
  LmOptions options;

  KOKKOS_FUNCTION void operator()(int b) const {
    for (int p = 0; p < static_cast<int>(state.theta.extent(1)); ++p) {
      const double start = state.theta(b, p);
      state.theta(b, p) = parameters.start(p, start);
    }
    state.iterations(b) = 0;
    state.damping(b) = LmDamping<double>::start(options);
  }
};

/// Read row b of the state, but for gradient and Hessian.
template <int N, ExecutionPolicy P>
KOKKOS_FUNCTION void load_fit(const LmState<P>& state, int b, LmFit<double, N>& fit) {
  for (int p = 0; p < static_cast<int>(state.theta.extent(1)); ++p) {
    fit.theta[p] = state.theta(b, p);
    fit.trial[p] = state.trial(b, p);
  }
  fit.current.value = state.current.value(b);
  fit.final_trial = false;
  fit.damping = state.damping(b);
  fit.predicted_decrease = state.predicted_decrease(b);
  fit.newton_decrease = state.newton_decrease(b);
  fit.rounding = state.rounding(b);
  fit.unit = 1.0;
  fit.iterations = state.iterations(b);
  fit.status = static_cast<int>(state.status(b));
}

/// Write row b of the state, but for gradient and Hessian.
template <int N, ExecutionPolicy P>
KOKKOS_FUNCTION void store_fit(const LmFit<double, N>& fit, int b, const LmState<P>& state) {
  for (int p = 0; p < static_cast<int>(state.theta.extent(1)); ++p) {
    state.theta(b, p) = fit.theta[p];
    state.trial(b, p) = fit.trial[p];
  }
  state.current.value(b) = fit.current.value;
  state.damping(b) = fit.damping;
  state.predicted_decrease(b) = fit.predicted_decrease;
  state.newton_decrease(b) = fit.newton_decrease;
  state.iterations(b) = fit.iterations;
  state.status(b) = static_cast<FitStatus>(fit.status);
}

/// End fits that are done and propose a step for the others; N is at least their parameters.
template <ExecutionPolicy P, int N>
struct ProposeStep {
  LmState<P> state;
  DeviceParameters<P> parameters;
  LmOptions options;
  Tile<P> list;

  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = list.fit(t);
    if (b < 0) {
      return;
    }
    const auto n = static_cast<int>(state.theta.extent(1));
    LmFit<double, N> fit;
    load_fit(state, b, fit);
    for (int p = 0; p < n; ++p) {
      fit.current.gradient[p] = state.current.gradient(b, p);
      for (int q = 0; q <= p; ++q) {
        fit.current.hessian[packed(p, q)] = state.current.hessian(b, p, q);
      }
    }
    lm_propose(fit, n, parameters.template bounds<N>(), options);
    store_fit(fit, b, state);
  }
};

/// Accept or reject the trial points, and take over the linearization where a fit moves there.
template <ExecutionPolicy P, int N>
struct JudgeStep {
  LmState<P> state;
  LmOptions options;
  Tile<P> list;

  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = list.fit(t);
    if (b < 0) {
      return;
    }
    const auto n = static_cast<int>(state.theta.extent(1));
    LmFit<double, N> fit;
    load_fit(state, b, fit);
    const bool moved = lm_judge(fit, n, true, state.proposed.value(b), options);
    store_fit(fit, b, state);
    for (int p = 0; moved && p < n; ++p) {
      state.current.gradient(b, p) = state.proposed.gradient(b, p);
      for (int q = 0; q < n; ++q) {
        state.current.hessian(b, p, q) = state.proposed.hessian(b, p, q);
      }
    }
  }
};

/// Propose a step of every active fit.
template <ExecutionPolicy P>
void propose_steps(const typename P::execution_space& exec, const DeviceParameters<P>& parameters,
                   const LmOptions& options, const LmWorkspace<P>& state) {
  // A thread holds the matrices of a fit: more registers than one of a full block of a GPU can have.
  using SmallBlocks =
      Kokkos::RangePolicy<typename P::execution_space, Kokkos::LaunchBounds<128, 1>, SentAlong>;
  const int bound = state.active.bound();
  with_capacity(static_cast<int>(state.theta.extent(1)), [&](auto capacity) {
    Kokkos::parallel_for("rvfit::Lm::propose", SmallBlocks(exec, 0, bound),
                         ProposeStep<P, decltype(capacity)::value>{state, parameters, options,
                                                                   state.active.tile(0, bound)});
  });
}

/// Judge the trial point of every active fit.
template <ExecutionPolicy P>
void judge_steps(const typename P::execution_space& exec, const LmOptions& options,
                 const LmWorkspace<P>& state) {
  const int bound = state.active.bound();
  with_capacity(static_cast<int>(state.theta.extent(1)), [&](auto capacity) {
    Kokkos::parallel_for(
        "rvfit::Lm::judge", typename P::range_policy(exec, 0, bound),
        JudgeStep<P, decltype(capacity)::value>{state, options, state.active.tile(0, bound)});
  });
}

}  // namespace rvfit::detail
