// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The exact Hessian of the objective by differences of its exact gradient,
///
///   H_pq = [g_q(theta + h_p e_p) - g_q(theta - h_p e_p)] / 2 h_p,   made symmetric,
///
/// with h_p a fraction of the error that the Gauss-Newton curvature gives. Where a bound is nearer
/// than h_p the difference is one-sided.

#include <rvfit/pipeline/objective.hpp>

namespace rvfit {

/// The Hessian that errors are made of.
enum class HessianKind {
  gauss_newton,  ///< Kaufman's form: always positive, no further evaluations
  exact,         ///< second differences: 2 P gradients more
};

namespace detail {

/// Set the trial point a step of one parameter to one side of theta, within the bounds.
template <ExecutionPolicy P>
struct DisplaceParameter {
  Tile<P> list;
  LmState<P> state;
  DeviceParameters<P> parameters;
  int parameter;
  double side;  ///< +1 or -1
  double fraction;

  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = list.fit(t);
    if (b < 0) {
      return;
    }
    for (int p = 0; p < static_cast<int>(state.theta.extent(1)); ++p) {
      state.trial(b, p) = state.theta(b, p);
    }
    const double curvature = state.current.hessian(b, parameter, parameter);
    const double h = curvature > 0.0 ? fraction * Kokkos::sqrt(2.0 / curvature)
                                     : fraction * parameters.scale(parameter);
    const double moved = state.theta(b, parameter) + side * h;
    state.trial(b, parameter) =
        Kokkos::fmin(Kokkos::fmax(moved, parameters.lower(parameter)), parameters.upper(parameter));
  }
};

/// Keep the gradient at the upper side; after the lower side, make a row of the Hessian.
template <ExecutionPolicy P>
struct DifferenceGradients {
  Tile<P> list;
  LmState<P> state;
  Linearization<P> displaced;  ///< at state.trial
  int parameter;
  bool upper;
  Cube<double, P> rows;           ///< (B, P, P)
  Vector<double, P> upper_point;  ///< (B)  the parameter on the upper side

  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = list.fit(t);
    if (b < 0) {
      return;
    }
    const double width = upper_point(b) - state.trial(b, parameter);
    for (int q = 0; q < static_cast<int>(state.theta.extent(1)); ++q) {
      const double g = displaced.gradient(b, q);
      rows(b, parameter, q) = upper ? g : (rows(b, parameter, q) - g) / width;
    }
    if (upper) {
      upper_point(b) = state.trial(b, parameter);
    }
  }
};

/// Replace the Hessian of the state. Rows and columns of fixed parameters keep the Gauss-Newton form.
template <ExecutionPolicy P>
struct UseExactHessian {
  Tile<P> list;
  LmState<P> state;
  DeviceParameters<P> parameters;
  Cube<const double, P> rows;

  KOKKOS_FUNCTION void operator()(int t) const {
    const int b = list.fit(t);
    if (b < 0) {
      return;
    }
    const auto n = static_cast<int>(state.theta.extent(1));
    for (int p = 0; p < n; ++p) {
      for (int q = 0; q < n; ++q) {
        if (parameters.fixed(p) == 0 && parameters.fixed(q) == 0) {
          state.current.hessian(b, p, q) = 0.5 * (rows(b, p, q) + rows(b, q, p));
        }
      }
    }
  }
};

}  // namespace detail

/// Replaces Gauss-Newton Hessians of solutions by exact ones. Allocates in its constructor only.
template <ExecutionPolicy P, class Model>
class ExactHessian {
 public:
  using Exec = typename P::execution_space;

  /// Step in units of a parameter's error at fixed others: large against the rounding of gradients of
  /// float templates, small against the scale on which curvatures change.
  static constexpr double fraction = 0.1;

  ExactHessian(const Exec& exec, const ParameterSet& parameters, int capacity)
      : parameters_(parameters),
        displaced_(exec, capacity, parameters.size()),
        rows_(allocate<Cube<double, P>>(exec, "rvfit::ExactHessian::rows", capacity,
                                        parameters.size(), parameters.size())),
        upper_point_(
            allocate<Vector<double, P>>(exec, "rvfit::ExactHessian::upper_point", capacity)) {}

  /// @param[in]     list   fits that have a solution
  /// @param[in,out] state  theta is read, current.hessian replaced, trial overwritten
  void run(const Exec& exec, Objective<P, Model>& objective, const ActiveList<P>& list,
           const LmState<P>& state) {
    using Range = typename P::range_policy;
    const Tile<P> all = list.tile(0, list.bound());
    const DeviceParameters<P>& parameters = objective.parameters();
    for (int p = 0; p < parameters_.size(); ++p) {
      if (parameters_[p].fixed) {
        continue;
      }
      for (const bool upper : {true, false}) {
        Kokkos::parallel_for(
            "rvfit::ExactHessian::step", Range(exec, 0, all.size),
            detail::DisplaceParameter<P>{all, state, parameters, p, upper ? 1.0 : -1.0, fraction});
        objective.linearize(exec, list, state.trial, displaced_);
        Kokkos::parallel_for(
            "rvfit::ExactHessian::difference", Range(exec, 0, all.size),
            detail::DifferenceGradients<P>{all, state, displaced_, p, upper, rows_, upper_point_});
      }
    }
    Kokkos::parallel_for("rvfit::ExactHessian::use", Range(exec, 0, all.size),
                         detail::UseExactHessian<P>{all, state, parameters, rows_});
  }

 private:
  ParameterSet parameters_;
  Linearization<P> displaced_;
  Cube<double, P> rows_;
  Vector<double, P> upper_point_;
};

}  // namespace rvfit
