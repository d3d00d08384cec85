// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A user's model with its derivatives: those that it gives by hand, those of duals, or central differences
///
///   df/dtheta_p = (f(theta + h e_p) - f(theta - h e_p)) / (2 h),
///
/// one-sided on a bound. The step h is relative to the largest size that the parameter had: relative to the present
/// one it would fall below the rounding of f as the parameter goes to 0.

#include <rvfit/core/pack.hpp>
#include <rvfit/residual/detail/residual_units.hpp>
#include <rvfit/residual/residual_model.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit::detail {

/// Parameters as the model is called with them, prepared once for all points.
template <class R, int N>
struct ModelArguments {
  R theta[N];
  R up[N], down[N], inverse[N];  ///< for differences
};

/// Step of a difference relative to the size of a parameter: eps^(1/3) balances rounding, eps / h, and truncation, h^2.
template <class Real>
inline constexpr Real difference_step = sizeof(Real) == 4 ? Real(4.9e-3) : Real(6.1e-6);

/// Prepare theta for a model whose derivatives are differences of Real, or need no differences.
///
/// @param[in] theta  (n)  in units of `units`, as are bounds, size and scale
/// @param[in] seen   (n)  largest |theta_p| so far
/// @param[in] scale  (n)  its stand-in where that is 0
template <class R, class Model, class T>
KOKKOS_INLINE_FUNCTION ModelArguments<R, Model::parameters> model_arguments(
    const T* theta, const LmBounds<T, Model::parameters>& bounds, const T* seen, const T* scale,
    const ResidualUnits<T, Model::parameters>& units) {
  constexpr int n = Model::parameters;
  ModelArguments<R, n> out;
  for (int p = 0; p < n; ++p) {
    out.theta[p] = pack_cast<R>(theta[p] * units.parameter[p]);
    if constexpr (derivatives_of<Model>() == Derivatives::differences) {
      const T sized = select(seen[p] > T(0), seen[p], scale[p]) * units.parameter[p];
      const R step = difference_step<PackValue<R>> * pack_cast<R>(sized);
      out.up[p] = min_of(out.theta[p] + step, pack_cast<R>(bounds.upper[p] * units.parameter[p]));
      out.down[p] = max_of(out.theta[p] - step, pack_cast<R>(bounds.lower[p] * units.parameter[p]));
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
  } else if constexpr (derivatives == Derivatives::dual && coefficients_of<Model>() > 0) {
    constexpr int linear = coefficients_of<Model>(), others = n - linear;
    const R* c = at.theta + others;
    Dual<R, others> alpha[others], phi[linear];
    for (int p = 0; p < others; ++p) {
      alpha[p] = Dual<R, others>::variable(at.theta[p], p);
    }
    model_basis(model, alpha, fit, i, phi);
    R f = R(0);
    for (int p = 0; p < others; ++p) {
      jacobian[p] = R(0);
    }
    for (int k = 0; k < linear; ++k) {
      f = f + c[k] * phi[k].value;
      jacobian[others + k] = phi[k].value;
      for (int p = 0; p < others; ++p) {
        jacobian[p] = jacobian[p] + c[k] * phi[k].derivative[p];
      }
    }
    return f;
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

/// All values of a model at point i, and their derivatives.
///
/// @param[out] f         (C)
/// @param[out] jacobian  (C, n)
template <class R, class Model, class Fit>
KOKKOS_FORCEINLINE_FUNCTION void linearize_values(const Model& model,
                                                  const ModelArguments<R, Model::parameters>& at,
                                                  const Fit& fit, int i, R* f,
                                                  R (*jacobian)[Model::parameters]) {
  constexpr int n = Model::parameters, values = values_of<Model>();
  if constexpr (values == 1) {
    f[0] = linearize_model(model, at, fit, i, jacobian[0]);
  } else if constexpr (derivatives_of<Model>() == Derivatives::dual) {
    Dual<R, n> theta[n], out[values];
    for (int p = 0; p < n; ++p) {
      theta[p] = Dual<R, n>::variable(at.theta[p], p);
    }
    model_values(model, theta, fit, i, out);
    for (int c = 0; c < values; ++c) {
      f[c] = out[c].value;
      for (int p = 0; p < n; ++p) {
        jacobian[c][p] = out[c].derivative[p];
      }
    }
  } else {
    for (int c = 0; c < values; ++c) {
      f[c] = linearize_model(model, at, fit, i * values + c, jacobian[c]);
    }
  }
}

}  // namespace rvfit::detail
