// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Batched Levenberg-Marquardt: B small fits advance together, each with its own damping, and leave
/// the active list as they end. Parameters, damping and statuses stay on the device.

#include <rvfit/data/fit_result.hpp>
#include <rvfit/data/linearization.hpp>
#include <rvfit/data/parameters.hpp>
#include <rvfit/solver/active_list.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace rvfit {

/// Upper limit on the parameters of an objective that `minimize` works on.
inline constexpr int max_batched_parameters = 32;

/// What the solver minimises: B objectives of P parameters, evaluated for a list of them at once.
///
/// `linearize` sets values, gradients and Hessians of the listed fits at `theta` (B, P); it enqueues on
/// `exec`, allocates nothing, and leaves other rows alone.
template <class Problem, class P>
concept BatchedObjective = requires(Problem& problem, const typename P::execution_space& exec,
                                    const ActiveList<P>& list, const Matrix<const double, P>& theta,
                                    const Linearization<P>& out) {
  problem.linearize(exec, list, theta, out);
};

/// Bounds, scales, freedom of the parameters, on the device.
template <ExecutionPolicy P>
struct DeviceParameters {
  Vector<const double, P> lower, upper, scale, value, prior_mean, prior_sigma;
  Vector<const int, P> fixed;

  DeviceParameters() = default;
  DeviceParameters(const typename P::execution_space& exec, const ParameterSet& set) {
    const auto column = [&](const char* label, auto member) {
      std::vector<double> values;
      for (const Parameter& p : set) {
        values.push_back(static_cast<double>(p.*member));
      }
      return upload<Vector<const double, P>>(exec, label, values);
    };
    lower = column("rvfit::Parameters::lower", &Parameter::lower);
    upper = column("rvfit::Parameters::upper", &Parameter::upper);
    scale = column("rvfit::Parameters::scale", &Parameter::scale);
    value = column("rvfit::Parameters::value", &Parameter::value);
    prior_mean = column("rvfit::Parameters::prior_mean", &Parameter::prior_mean);
    prior_sigma = column("rvfit::Parameters::prior_sigma", &Parameter::prior_sigma);
    std::vector<int> flags;
    for (const Parameter& p : set) {
      flags.push_back(p.fixed ? 1 : 0);
    }
    fixed = upload<Vector<const int, P>>(exec, "rvfit::Parameters::fixed", flags);
  }

  /// Where parameter p starts: its fixed value, or `start` put within the bounds (NaN stays NaN).
  [[nodiscard]] KOKKOS_FUNCTION double start(int p, double start) const {
    if (fixed(p) != 0) {
      return value(p);
    }
    return start < lower(p) ? lower(p) : (start > upper(p) ? upper(p) : start);
  }

  /// Curvature that a parameter has at least, for the sake of damping.
  [[nodiscard]] KOKKOS_FUNCTION double least_curvature(int p) const {
    return 1e-12 / (scale(p) * scale(p));
  }

  template <int N>
  [[nodiscard]] KOKKOS_FUNCTION LmBounds<double, N> bounds() const {
    LmBounds<double, N> out;
    for (int p = 0; p < static_cast<int>(fixed.extent(0)); ++p) {
      out.lower[p] = lower(p);
      out.upper[p] = upper(p);
      out.least_curvature[p] = least_curvature(p);
      out.fixed[p] = fixed(p) != 0;
    }
    return out;
  }
};

/// State of B fits on the device.
template <ExecutionPolicy P>
struct LmState {
  Matrix<double, P> theta;               ///< (B, P)  start on entry, solution at the end
  Linearization<P> current;              ///< at theta
  Vector<FitStatus, P> status;           ///< (B)
  Vector<int, P> iterations;             ///< (B)
  Matrix<double, P> trial;               ///< (B, P)
  Linearization<P> proposed;             ///< at trial
  Vector<LmDamping<double>, P> damping;  ///< (B)
  Vector<double, P> predicted;           ///< (B)     decrease promised for `trial`
  Vector<double, P> promise;             ///< (B)     LmFit::promise
  /// (B)  absolute rounding error of the objective, 0 unless set: a fit whose undamped step promises
  /// less, and whose objective changes by less, is as converged as can be told
  Vector<double, P> rounding;

  LmState(const typename P::execution_space& exec, int capacity, int parameters)
      : theta(allocate<Matrix<double, P>>(exec, "rvfit::Lm::theta", capacity, parameters)),
        current(exec, capacity, parameters),
        status(allocate<Vector<FitStatus, P>>(exec, "rvfit::Lm::status", capacity)),
        iterations(allocate<Vector<int, P>>(exec, "rvfit::Lm::iterations", capacity)),
        trial(allocate<Matrix<double, P>>(exec, "rvfit::Lm::trial", capacity, parameters)),
        proposed(exec, capacity, parameters),
        damping(allocate<Vector<LmDamping<double>, P>>(exec, "rvfit::Lm::damping", capacity)),
        predicted(allocate<Vector<double, P>>(exec, "rvfit::Lm::predicted", capacity)),
        promise(allocate<Vector<double, P>>(exec, "rvfit::Lm::promise", capacity)),
        rounding(allocate<Vector<double, P>>(exec, "rvfit::Lm::rounding", capacity)) {}
};

/// The state and the list of the fits still worked on, allocated once.
template <ExecutionPolicy P>
struct LmWorkspace : LmState<P> {
  ActiveList<P> active;

  LmWorkspace(const typename P::execution_space& exec, int capacity, int parameters)
      : LmState<P>(exec, capacity, parameters), active(exec, capacity) {}
};

/// An objective that looks at all fits after each pass, and may end some by their status.
template <class Problem, class P>
concept ReviewedObjective = BatchedObjective<Problem, P> &&
    requires(Problem& problem, const typename P::execution_space& exec, const LmState<P>& state) {
  problem.review(exec, state);
};

namespace detail {

template <ExecutionPolicy P>
struct IsRunning {
  Vector<const FitStatus, P> status;
  KOKKOS_FUNCTION bool operator()(int b) const { return status(b) == FitStatus::running; }
};

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

/// Row b of the state, but for gradient and Hessian.
template <int N, ExecutionPolicy P>
KOKKOS_FUNCTION void load_fit(const LmState<P>& state, int b, LmFit<double, N>& fit) {
  for (int p = 0; p < static_cast<int>(state.theta.extent(1)); ++p) {
    fit.theta[p] = state.theta(b, p);
    fit.trial[p] = state.trial(b, p);
  }
  fit.current.value = state.current.value(b);
  fit.last = false;
  fit.damping = state.damping(b);
  fit.predicted = state.predicted(b);
  fit.promise = state.promise(b);
  fit.rounding = state.rounding(b);
  fit.iterations = state.iterations(b);
  fit.status = static_cast<int>(state.status(b));
}

template <int N, ExecutionPolicy P>
KOKKOS_FUNCTION void store_fit(const LmFit<double, N>& fit, int b, const LmState<P>& state) {
  for (int p = 0; p < static_cast<int>(state.theta.extent(1)); ++p) {
    state.theta(b, p) = fit.theta[p];
    state.trial(b, p) = fit.trial[p];
  }
  state.current.value(b) = fit.current.value;
  state.damping(b) = fit.damping;
  state.predicted(b) = fit.predicted;
  state.promise(b) = fit.promise;
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

/// Call `body` with the least capacity for n parameters that kernels are made for, as a constant.
template <class Body>
void with_capacity(int n, const Body& body) {
  if (n <= 8) {
    body(std::integral_constant<int, 8>{});
  } else if (n <= 16) {
    body(std::integral_constant<int, 16>{});
  } else {
    RVFIT_REQUIRE(n <= max_batched_parameters, "minimize: ", n, " parameters, at most ",
                  max_batched_parameters, " are supported");
    body(std::integral_constant<int, max_batched_parameters>{});
  }
}

}  // namespace detail

/// Minimise B objectives from `state.theta`; fits with `state.status` other than `running` are left
/// out. At the end `state.current` is the linearization at the solution of every fit that ended as
/// converged, stalled or at the iteration cap, or for converged fits one last step away from it, a
/// step below the tolerance: covariances are made of it.
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
  using Range = typename P::range_policy;
  // A thread holds the matrices of a fit: more registers than one of a full block of a GPU can have.
  using SmallBlocks =
      Kokkos::RangePolicy<typename P::execution_space, Kokkos::LaunchBounds<128, 1>>;
  options.require_valid();
  const auto n = static_cast<int>(state.theta.extent(1));
  const detail::IsRunning<P> running{state.status};
  Kokkos::parallel_for("rvfit::Lm::begin", Range(exec, 0, size),
                       detail::BeginFit<P>{state, parameters, options});
  state.active.select(exec, size, size, running);
  state.active.refresh(exec);
  problem.linearize(exec, state.active, state.theta, state.current);
  // Every pass tries one step of each active fit; the pass after the last step only ends fits.
  for (int pass = 0; pass <= options.max_iterations; ++pass) {
    if (pass % P::check_interval == 0 && state.active.refresh(exec) == 0) {
      return;
    }
    const int bound = state.active.bound();
    detail::with_capacity(n, [&](auto capacity) {
      Kokkos::parallel_for("rvfit::Lm::propose", SmallBlocks(exec, 0, bound),
                           detail::ProposeStep<P, decltype(capacity)::value>{
                               state, parameters, options, state.active.tile(0, bound)});
    });
    state.active.select(exec, size, bound, running);
    problem.linearize(exec, state.active, state.trial, state.proposed);
    detail::with_capacity(n, [&](auto capacity) {
      Kokkos::parallel_for("rvfit::Lm::judge", Range(exec, 0, bound),
                           detail::JudgeStep<P, decltype(capacity)::value>{
                               state, options, state.active.tile(0, bound)});
    });
    if constexpr (ReviewedObjective<Problem, P>) {
      problem.review(exec, state);
    }
    state.active.select(exec, size, bound, running);
  }
}

}  // namespace rvfit
