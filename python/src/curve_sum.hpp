// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Sums of curves that are known by name. The terms of a sum are chosen at run time, so that one compiled
/// model serves all sums of N parameters.

#include <rvfit/core/pack_math.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit_python {

/// Terms of a sum. The Python part of the package knows them by these numbers (models.py).
enum class CurveKind : std::int32_t {
  polynomial,  ///< c0 + c1 x + .., of any degree
  gaussian,    ///< a exp(-u^2 / 2), u = (x - center) / sigma
  lorentz,     ///< a / (1 + u^2), u = (x - center) / gamma
  voigt,  ///< area V(x - center; sigma, gamma), V the convolution of unit Gauss and Lorentz profiles
  decay,        ///< a exp(-x / tau)
  power_law,    ///< a x^index
  logistic,     ///< a / (1 + exp(-(x - center) / width))
  gaussian_2d,  ///< a exp(-(u^2 + v^2) / 2), u = (x - x0) / sigma, v = (y - y0) / sigma
  rotated_gaussian_2d  ///< the same with sigma_x along an axis that is turned by an angle from x to y, sigma_y across
};

/// One term and its first parameter.
struct CurveTerm {
  CurveKind kind;
  int first;
  int parameters;
};

namespace curves {

using Kokkos::cos;
using Kokkos::exp;
using Kokkos::log;
using Kokkos::sin;

/// Each function returns its value and sets its derivatives in the order of its parameters.
template <class T, class X>
KOKKOS_FORCEINLINE_FUNCTION T polynomial(const T* c, int count, const X& x, T* d) {
  T power = T(1.0);
  T sum = c[0];
  d[0] = power;
  for (int p = 1; p < count; ++p) {
    power = power * x;
    d[p] = power;
    sum = sum + c[p] * power;
  }
  return sum;
}

template <class T, class X>
KOKKOS_FORCEINLINE_FUNCTION T gaussian(const T* c, const X& x, T* d) {
  const T inverse = 1.0 / c[2];
  const T u = (x - c[1]) * inverse;
  const T e = exp(-0.5 * (u * u));
  const T slope = c[0] * e * u * inverse;
  d[0] = e;
  d[1] = slope;
  d[2] = slope * u;
  return c[0] * e;
}

template <class T, class X>
KOKKOS_FORCEINLINE_FUNCTION T lorentz(const T* c, const X& x, T* d) {
  const T inverse = 1.0 / c[2];
  const T u = (x - c[1]) * inverse;
  const T profile = 1.0 / (1.0 + u * u);
  const T slope = 2.0 * c[0] * profile * profile * u * inverse;
  d[0] = profile;
  d[1] = slope;
  d[2] = slope * u;
  return c[0] * profile;
}

/// w(z) = exp(-z^2) erfc(-i z), z = x + i y, y >= 0, to 4e-14 (Weideman, SIAM J. Numer. Anal. 31, 1497, 1994, of 32
/// terms).
template <class T>
KOKKOS_FORCEINLINE_FUNCTION void faddeeva(const T& x, const T& y, T& real, T& imaginary) {
  constexpr double l = 4.756828460010884;
  constexpr double coefficient[32] = {
      -1.3031797863050087e-12, 3.7409519926256962e-12,  8.0303541594162198e-12,
      -2.1543655748246238e-11, -5.5442372914882299e-11, 1.1658260468117021e-10,
      4.1537444317452099e-10,  -5.2310206860584074e-10, -3.2080151035618343e-09,
      8.1248903091579727e-10,  2.3797556790612628e-08,  2.2930439061430441e-08,
      -1.4813078910620194e-07, -4.1840763705519579e-07, 4.2558331373381231e-07,
      4.4015317314924939e-06,  6.8210319440019849e-06,  -2.140961920187231e-05,
      -0.00013075449254633574, -0.00024532980270021025, 0.00039259136070058048,
      0.004519541105349148,    0.019006155784845324,    0.057304403529837206,
      0.14060716226893771,     0.29544451071508732,     0.54601397206393409,
      0.9019254893648001,      1.3455441692345449,      1.8256696296324813,
      2.2635372999002676,      2.5722534081245696};
  // With d = l - i z: Z = (l + i z) / d, w = 2 p(Z) / d^2 + 1 / (sqrt(pi) d).
  const T d_real = l + y;
  const T norm = 1.0 / (d_real * d_real + x * x);
  const T r_real = d_real * norm;  // 1 / d
  const T r_imaginary = x * norm;
  const T n_real = l - y;
  const T z_real = n_real * r_real - x * r_imaginary;
  const T z_imaginary = n_real * r_imaginary + x * r_real;
  T p_real = T(coefficient[0]), p_imaginary = T(0.0);
  for (int k = 1; k < 32; ++k) {
    const T next = p_real * z_real - p_imaginary * z_imaginary + coefficient[k];
    p_imaginary = p_real * z_imaginary + p_imaginary * z_real;
    p_real = next;
  }
  const T a_real = 2.0 * (p_real * r_real - p_imaginary * r_imaginary) + 0.5641895835477563;
  const T a_imaginary = 2.0 * (p_real * r_imaginary + p_imaginary * r_real);
  real = a_real * r_real - a_imaginary * r_imaginary;
  imaginary = a_real * r_imaginary + a_imaginary * r_real;
}

template <class T, class X>
KOKKOS_FORCEINLINE_FUNCTION T voigt(const T* c, const X& x, T* d) {
  constexpr double root_half = 0.7071067811865476, root_two_pi = 2.5066282746310002;
  const T inverse = root_half / c[2];  // 1 / (sigma sqrt 2)
  const T u = (x - c[1]) * inverse;
  const T v = c[3] * inverse;
  T real, imaginary;
  faddeeva(u, v, real, imaginary);
  const T density = 1.0 / (root_two_pi * c[2]);
  // w' = -2 z w + 2 i / sqrt(pi)
  const T slope_u = -2.0 * (u * real - v * imaginary);
  const T slope_v = 2.0 * (u * imaginary + v * real) - 1.1283791670955126;
  const T scale = c[0] * density;
  d[0] = real * density;
  d[1] = -scale * slope_u * inverse;
  d[3] = scale * slope_v * inverse;
  d[2] = -scale / c[2] * (real + u * slope_u + v * slope_v);
  return scale * real;
}

template <class T, class X>
KOKKOS_FORCEINLINE_FUNCTION T decay(const T* c, const X& x, T* d) {
  const T inverse = 1.0 / c[1];
  const T rate = x * inverse;
  const T e = exp(-rate);
  d[0] = e;
  d[1] = c[0] * e * rate * inverse;
  return c[0] * e;
}

template <class T, class X>
KOKKOS_FORCEINLINE_FUNCTION T power_law(const T* c, const X& x, T* d) {
  const T ln = T(log(x));
  const T power = exp(c[1] * ln);
  d[0] = power;
  d[1] = c[0] * power * ln;
  return c[0] * power;
}

template <class T, class X>
KOKKOS_FORCEINLINE_FUNCTION T logistic(const T* c, const X& x, T* d) {
  const T inverse = 1.0 / c[2];
  const T u = (x - c[1]) * inverse;
  const T share = 1.0 / (1.0 + exp(-u));
  const T slope = c[0] * share * (1.0 - share) * inverse;
  d[0] = share;
  d[1] = -slope;
  d[2] = -slope * u;
  return c[0] * share;
}

template <class T, class X>
KOKKOS_FORCEINLINE_FUNCTION T gaussian_2d(const T* c, const X& x, const X& y, T* d) {
  const T inverse = 1.0 / c[3];
  const T u = (x - c[1]) * inverse;
  const T v = (y - c[2]) * inverse;
  const T square = u * u + v * v;
  const T e = exp(-0.5 * square);
  const T slope = c[0] * e * inverse;
  d[0] = e;
  d[1] = slope * u;
  d[2] = slope * v;
  d[3] = slope * square;
  return c[0] * e;
}

template <class T, class X>
KOKKOS_FORCEINLINE_FUNCTION T rotated_gaussian_2d(const T* c, const X& x, const X& y, T* d) {
  const T turned = cos(c[5]), across = sin(c[5]);
  const T along_x = 1.0 / c[3], along_y = 1.0 / c[4];
  const T u = ((x - c[1]) * turned + (y - c[2]) * across) * along_x;
  const T v = ((y - c[2]) * turned - (x - c[1]) * across) * along_y;
  const T e = exp(-0.5 * (u * u + v * v));
  const T f = c[0] * e;
  d[0] = e;
  d[1] = f * (u * turned * along_x - v * across * along_y);
  d[2] = f * (u * across * along_x + v * turned * along_y);
  d[3] = f * u * u * along_x;
  d[4] = f * v * v * along_y;
  d[5] = f * u * v * (c[3] * along_y - c[4] * along_x);
  return f;
}

}  // namespace curves

/// The sum of some terms of N parameters in all.
template <int N>
struct CurveSum {
  static constexpr int parameters = N;

  CurveTerm term[N];
  int terms;

  template <class T, class X>
  KOKKOS_FORCEINLINE_FUNCTION T operator()(const T* theta, const X& x, const X& y) const {
    T derivative[N];
    return linearize(theta, x, y, derivative);
  }

  template <class T, class X>
  KOKKOS_FORCEINLINE_FUNCTION T linearize(const T* theta, const X& x, const X& y,
                                          T* derivative) const {
    if constexpr (N == 4) {
      // The most frequent sum keeps its derivatives in registers.
      if (term[0].kind == CurveKind::gaussian) {
        derivative[3] = T(1.0);
        return curves::gaussian(theta, x, derivative) + theta[3];
      }
    }
    T slope[N];
    const T sum = sum_of_terms(theta, x, y, slope);
    for (int p = 0; p < N; ++p) {
      derivative[p] = slope[p];
    }
    return sum;
  }

 private:
  /// One copy for all callers: they differ by estimator, and would take most of the time to compile.
  template <class T, class X>
  [[gnu::noinline]] KOKKOS_FUNCTION T sum_of_terms(const T* theta, const X& x, const X& y,
                                                   T* derivative) const {
    T sum = T(0.0);
    for (int t = 0; t < terms; ++t) {
      sum = sum + value(term[t], theta + term[t].first, x, y, derivative + term[t].first);
    }
    return sum;
  }

  template <class T, class X>
  KOKKOS_FORCEINLINE_FUNCTION static T value(const CurveTerm& term, const T* c, const X& x,
                                             const X& y, T* d) {
    switch (term.kind) {
      case CurveKind::polynomial:
        return curves::polynomial(c, term.parameters, x, d);
      case CurveKind::gaussian:
        return curves::gaussian(c, x, d);
      case CurveKind::lorentz:
        return curves::lorentz(c, x, d);
      case CurveKind::voigt:
        return curves::voigt(c, x, d);
      case CurveKind::decay:
        return curves::decay(c, x, d);
      case CurveKind::power_law:
        return curves::power_law(c, x, d);
      case CurveKind::logistic:
        return curves::logistic(c, x, d);
      case CurveKind::gaussian_2d:
        return curves::gaussian_2d(c, x, y, d);
      case CurveKind::rotated_gaussian_2d:
        return curves::rotated_gaussian_2d(c, x, y, d);
    }
    return T(0.0);
  }
};

}  // namespace rvfit_python
