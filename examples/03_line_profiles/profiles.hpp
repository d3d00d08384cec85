// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Emission lines on a flat continuum, as models of rvfit: continuum + flux * profile(wave - centre), the
/// profiles of unit area. Wavelengths and widths in Angstrom. Derivatives by hand: the value's
/// exponential or quotient serves them all.

#include "faddeeva.hpp"

#include <Kokkos_Core.hpp>

#include <numbers>

namespace line_profiles {

using Kokkos::exp;

using Wave = Kokkos::View<const double*>;  ///< (M), the same for all fits

/// exp(-u^2 / 2) / (sigma sqrt(2 pi)), u = (wave - centre) / sigma.
struct Gaussian {
  static constexpr const char* name = "Gaussian";
  static constexpr int parameters = 4;  ///< flux, centre, sigma, continuum
  Wave wave;

  template <class T>
  KOKKOS_FUNCTION T linearize(const T* theta, int i, T* derivative) const {
    constexpr double inverse_sqrt_two_pi = 0.39894228040143268;
    const T inverse = 1.0 / theta[2];
    const T u = (wave(i) - theta[1]) * inverse;
    const T profile = inverse_sqrt_two_pi * inverse * exp(-0.5 * (u * u));
    const T line = theta[0] * profile;
    derivative[0] = profile;
    derivative[1] = line * inverse * u;
    derivative[2] = line * inverse * (u * u - 1.0);
    derivative[3] = T(1.0);
    return line + theta[3];
  }
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    T unused[parameters];
    return linearize(theta, i, unused);
  }
};

/// gamma / pi / ((wave - centre)^2 + gamma^2).
struct Lorentzian {
  static constexpr const char* name = "Lorentzian";
  static constexpr int parameters = 4;  ///< flux, centre, gamma, continuum
  Wave wave;

  template <class T>
  KOKKOS_FUNCTION T linearize(const T* theta, int i, T* derivative) const {
    const T x = wave(i) - theta[1];
    const T gamma = theta[2];
    const T inverse = 1.0 / (x * x + gamma * gamma);
    const T profile = std::numbers::inv_pi * gamma * inverse;
    const T line = theta[0] * profile;
    derivative[0] = profile;
    derivative[1] = 2.0 * line * x * inverse;
    derivative[2] = theta[0] * std::numbers::inv_pi * inverse * inverse * (x * x - gamma * gamma);
    derivative[3] = T(1.0);
    return line + theta[3];
  }
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    T unused[parameters];
    return linearize(theta, i, unused);
  }
};

/// The convolution of both: Re w(z) / (sigma sqrt(2 pi)), z = (wave - centre + i gamma) / (sigma sqrt(2)).
/// Derivatives from w' = 2 i / sqrt(pi) - 2 z w, which loses |z|^2 eps / |w'| to cancellation: nothing
/// that matters within some hundred sigma of the centre.
struct Voigt {
  static constexpr const char* name = "Voigt";
  static constexpr int parameters = 5;  ///< flux, centre, sigma, gamma, continuum
  Wave wave;

  template <class T>
  KOKKOS_FUNCTION T linearize(const T* theta, int i, T* derivative) const {
    constexpr double inverse_sqrt_two_pi = 0.39894228040143268;
    constexpr double two_inverse_sqrt_pi = 1.1283791670955126;
    const T inverse = 1.0 / theta[2];
    const T scale = inverse * (1.0 / std::numbers::sqrt2);  // dz/dwave
    const T x = (wave(i) - theta[1]) * scale;
    const T y = theta[3] * scale;
    const Complex<T> w = faddeeva(x, y);
    const T slope_re = -2.0 * (x * w.re - y * w.im);                       // Re w' = dRe w/dx
    const T slope_im = two_inverse_sqrt_pi - 2.0 * (x * w.im + y * w.re);  // Im w' = -dRe w/dy
    const T height = inverse_sqrt_two_pi * inverse;
    const T line = theta[0] * height;
    derivative[0] = height * w.re;
    derivative[1] = -line * scale * slope_re;
    derivative[2] = -line * inverse * (w.re + x * slope_re - y * slope_im);
    derivative[3] = -line * scale * slope_im;
    derivative[4] = T(1.0);
    return line * w.re + theta[4];
  }
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    T unused[parameters];
    return linearize(theta, i, unused);
  }
};

}  // namespace line_profiles
