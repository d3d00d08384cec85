// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Activations of a dense layer: value and first derivative, as functors that vectorise.

#include <rvfit/core/math.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

/// Activation applied after a dense layer. `exponential` serves networks that give ln(flux).
enum class Activation { identity, silu, relu, leaky_relu, sigmoid, tanh, exponential };

namespace detail {

/// Value and derivative of an activation at one point.
template <class Real>
struct ActivationJet {
  Real value;
  Real slope;
};

struct Identity {
  template <class Real>
  KOKKOS_INLINE_FUNCTION ActivationJet<Real> operator()(Real z) const {
    return {z, Real(1)};
  }
};

/// z s(z), derivative s (1 + z (1 - s)), s the logistic function.
struct Silu {
  template <class Real>
  KOKKOS_INLINE_FUNCTION ActivationJet<Real> operator()(Real z) const {
    const Real s = Real(1) / (Real(1) + detail::exp(-z));
    return {z * s, s * (Real(1) + z * (Real(1) - s))};
  }
};

/// z where it is positive, else slope z; a slope of zero is the plain ReLU. The derivative at 0 is the slope.
struct LeakyRelu {
  double slope;
  template <class Real>
  KOKKOS_INLINE_FUNCTION ActivationJet<Real> operator()(Real z) const {
    const Real d = z > Real(0) ? Real(1) : static_cast<Real>(slope);
    return {z * d, d};
  }
};

struct Sigmoid {
  template <class Real>
  KOKKOS_INLINE_FUNCTION ActivationJet<Real> operator()(Real z) const {
    const Real s = Real(1) / (Real(1) + detail::exp(-z));
    return {s, s * (Real(1) - s)};
  }
};

/// tanh(z) = 2 s(2z) - 1.
struct Tanh {
  template <class Real>
  KOKKOS_INLINE_FUNCTION ActivationJet<Real> operator()(Real z) const {
    const Real t = Real(2) / (Real(1) + detail::exp(Real(-2) * z)) - Real(1);
    return {t, Real(1) - t * t};
  }
};

struct Exponential {
  template <class Real>
  KOKKOS_INLINE_FUNCTION ActivationJet<Real> operator()(Real z) const {
    const Real e = detail::exp(z);
    return {e, e};
  }
};

/// Call `body(functor)` with the functor of `activation`: one branch outside a loop over pixels.
template <class Body>
KOKKOS_INLINE_FUNCTION void visit_activation(Activation activation, double slope,
                                             const Body& body) {
  switch (activation) {
    case Activation::silu:
      return body(Silu{});
    case Activation::relu:
      return body(LeakyRelu{0.0});
    case Activation::leaky_relu:
      return body(LeakyRelu{slope});
    case Activation::sigmoid:
      return body(Sigmoid{});
    case Activation::tanh:
      return body(Tanh{});
    case Activation::exponential:
      return body(Exponential{});
    case Activation::identity:
      break;
  }
  return body(Identity{});
}

}  // namespace detail
}  // namespace rvfit
