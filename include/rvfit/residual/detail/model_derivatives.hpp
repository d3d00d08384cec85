// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A user's model with its derivatives: those that it gives by hand, those of duals, or central differences
///
///   df/dtheta_p = (f(theta + h e_p) - f(theta - h e_p)) / (2 h),
///
/// one-sided on a bound.

#include <rvfit/core/pack.hpp>
#include <rvfit/residual/residual_model.hpp>
#include <rvfit/solver/device_parameters.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit::detail {

/// Parameters as the model is called with them, prepared once for all points.
template <class R, int N>
struct ModelArguments {
  R theta[N];
  R up[N], down[N], inverse[N];  ///< for differences
};

/// Prepare theta for a model whose derivatives are differences of Real, or need no differences.
template <class R, class Model, class T, ExecutionPolicy P>
KOKKOS_INLINE_FUNCTION ModelArguments<R, Model::parameters> model_arguments(
    const T* theta, const LmBounds<T, Model::parameters>& bounds,
    const DeviceParameters<P>& parameters) {
  using Real = PackValue<R>;
  constexpr int n = Model::parameters;
  ModelArguments<R, n> out;
  for (int p = 0; p < n; ++p) {
    out.theta[p] = pack_cast<R>(theta[p]);
    if constexpr (derivatives_of<Model>() == Derivatives::differences) {
      // eps^(1/3) balances rounding, eps / h, and truncation, h^2; one-sided on a bound.
      constexpr Real h = sizeof(Real) == 4 ? Real(4.9e-3) : Real(6.1e-6);
      const R size = abs_of(out.theta[p]);
      const R step = h * select(size > R(0), size, R(static_cast<Real>(parameters.scale(p))));
      out.up[p] = min_of(out.theta[p] + step, pack_cast<R>(bounds.upper[p]));
      out.down[p] = max_of(out.theta[p] - step, pack_cast<R>(bounds.lower[p]));
      const R width = out.up[p] - out.down[p];
      out.inverse[p] = select(width > R(0), R(1) / width, R(0));
    }
  }
  return out;
}

/// f(theta; i), and its derivatives in all parameters.
template <class R, class Model, class Fit>
KOKKOS_FORCEINLINE_FUNCTION R linearize_model(const Model& model,
                                              const ModelArguments<R, Model::parameters>& at,
                                              const Fit& fit, int i, R* jacobian) {
  constexpr int n = Model::parameters;
  constexpr Derivatives derivatives = derivatives_of<Model>();
  if constexpr (derivatives == Derivatives::by_hand) {
    if constexpr (LinearizedWithFit<Model, R, Fit>) {
      return model.linearize(at.theta, fit, i, jacobian);
    } else {
      return model.linearize(at.theta, i, jacobian);
    }
  } else if constexpr (derivatives == Derivatives::dual) {
    Dual<R, n> theta[n];
    for (int p = 0; p < n; ++p) {
      theta[p] = Dual<R, n>::variable(at.theta[p], p);
    }
    const Dual<R, n> f = model_value(model, theta, fit, i);
    for (int p = 0; p < n; ++p) {
      jacobian[p] = f.derivative[p];
    }
    return f.value;
  } else {
    R theta[n];
    for (int p = 0; p < n; ++p) {
      theta[p] = at.theta[p];
    }
    for (int p = 0; p < n; ++p) {
      theta[p] = at.up[p];
      const R up = model_value(model, theta, fit, i);
      theta[p] = at.down[p];
      jacobian[p] = (up - model_value(model, theta, fit, i)) * at.inverse[p];
      theta[p] = at.theta[p];
    }
    return model_value(model, theta, fit, i);
  }
}

}  // namespace rvfit::detail
