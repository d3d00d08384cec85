// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The models of NIST's nonlinear regression problems, as functions of the parameters b and of the
/// predictors of point i, and the list of all problems.

#include <Kokkos_Core.hpp>

#include <numbers>
#include <type_traits>

namespace rvfit::test::nist {

using Kokkos::atan;
using Kokkos::cos;
using Kokkos::exp;
using Kokkos::log;
using Kokkos::sin;
using Kokkos::sqrt;

/// (N, K)  a row a point.
using Predictors =
    Kokkos::View<const double**, Kokkos::LayoutRight, Kokkos::DefaultExecutionSpace::memory_space>;

template <class T>
KOKKOS_INLINE_FUNCTION T square(const T& v) {
  return v * v;
}

struct Bennett5 {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] * exp(-log(b[1] + x(i, 0)) / b[2]);
  }
};

/// Chwirut1, Chwirut2.
struct Chwirut {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return exp(-b[0] * x(i, 0)) / (b[1] + b[2] * x(i, 0));
  }
};

struct DanWood {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] * exp(b[1] * log(x(i, 0)));
  }
};

struct Enso {
  static constexpr int parameters = 9;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    const double turn = 2.0 * std::numbers::pi * x(i, 0);
    const T first = turn / b[3], second = turn / b[6];
    return b[0] + b[1] * cos(turn / 12.0) + b[2] * sin(turn / 12.0) + b[4] * cos(first) +
           b[5] * sin(first) + b[7] * cos(second) + b[8] * sin(second);
  }
};

struct Eckerle4 {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] / b[1] * exp(-0.5 * square((x(i, 0) - b[2]) / b[1]));
  }
};

/// Gauss1, Gauss2, Gauss3: two peaks on a decaying baseline.
struct Gauss {
  static constexpr int parameters = 8;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] * exp(-b[1] * x(i, 0)) + b[2] * exp(-square((x(i, 0) - b[3]) / b[4])) +
           b[5] * exp(-square((x(i, 0) - b[6]) / b[7]));
  }
};

/// Hahn1, Thurber: cubic / cubic.
struct Cubics {
  static constexpr int parameters = 7;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    const double t = x(i, 0);
    return (b[0] + t * (b[1] + t * (b[2] + t * b[3]))) / (1.0 + t * (b[4] + t * (b[5] + t * b[6])));
  }
};

struct Kirby2 {
  static constexpr int parameters = 5;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    const double t = x(i, 0);
    return (b[0] + t * (b[1] + t * b[2])) / (1.0 + t * (b[3] + t * b[4]));
  }
};

/// Lanczos1, Lanczos2, Lanczos3: a sum of exponentials.
struct Lanczos {
  static constexpr int parameters = 6;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] * exp(-b[1] * x(i, 0)) + b[2] * exp(-b[3] * x(i, 0)) + b[4] * exp(-b[5] * x(i, 0));
  }
};

struct Mgh09 {
  static constexpr int parameters = 4;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    const double t = x(i, 0);
    return b[0] * (t * t + t * b[1]) / (t * t + t * b[2] + b[3]);
  }
};

struct Mgh10 {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] * exp(b[1] / (x(i, 0) + b[2]));
  }
};

struct Mgh17 {
  static constexpr int parameters = 5;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] + b[1] * exp(-b[3] * x(i, 0)) + b[2] * exp(-b[4] * x(i, 0));
  }
};

/// Misra1a, BoxBOD.
struct Misra1a {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] * (1.0 - exp(-b[1] * x(i, 0)));
  }
};

struct Misra1b {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] * (1.0 - 1.0 / square(1.0 + 0.5 * b[1] * x(i, 0)));
  }
};

struct Misra1c {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] * (1.0 - 1.0 / sqrt(1.0 + 2.0 * b[1] * x(i, 0)));
  }
};

struct Misra1d {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] * b[1] * x(i, 0) / (1.0 + b[1] * x(i, 0));
  }
};

/// Fits log y.
struct Nelson {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] - b[1] * x(i, 0) * exp(-b[2] * x(i, 1));
  }
};

struct Rat42 {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] / (1.0 + exp(b[1] - b[2] * x(i, 0)));
  }
};

struct Rat43 {
  static constexpr int parameters = 4;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] * exp(-log(1.0 + exp(b[1] - b[2] * x(i, 0))) / b[3]);
  }
};

struct Roszman1 {
  static constexpr int parameters = 4;
  template <class T>
  KOKKOS_FUNCTION static T value(const T* b, const Predictors& x, int i) {
    return b[0] - b[1] * x(i, 0) - atan(b[2] / (x(i, 0) - b[3])) / std::numbers::pi;
  }
};

/// Models of one number of parameters as one that is chosen at run time: less to compile.
template <class... Models>
struct OneOf {
  static constexpr int parameters = (Models::parameters, ...);
  static_assert(((Models::parameters == parameters) && ...));
  int which = 0;
  Predictors x{};

  template <class Model>
  [[nodiscard]] static OneOf of() {
    static_assert((std::is_same_v<Model, Models> || ...));
    OneOf out;
    int k = 0;
    ((out.which = std::is_same_v<Model, Models> ? k : out.which, ++k), ...);
    return out;
  }

  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    T out(0.0);
    int k = 0;
    ((out = k++ == which ? Models::value(b, x, i) : out), ...);
    return out;
  }
};
using Two = OneOf<Misra1a, Misra1b, Misra1c, Misra1d, DanWood>;
using Three = OneOf<Bennett5, Chwirut, Eckerle4, Mgh10, Nelson, Rat42>;
using Four = OneOf<Mgh09, Rat43, Roszman1>;
using Five = OneOf<Kirby2, Mgh17>;

/// visit(name, model) for each of the 27 problems, the easy ones first as NIST lists them.
template <class Visit>
void for_each_problem(const Visit& visit) {
  visit("Misra1a", Two::of<Misra1a>());
  visit("Chwirut2", Three::of<Chwirut>());
  visit("Chwirut1", Three::of<Chwirut>());
  visit("Lanczos3", OneOf<Lanczos>{});
  visit("Gauss1", OneOf<Gauss>{});
  visit("Gauss2", OneOf<Gauss>{});
  visit("DanWood", Two::of<DanWood>());
  visit("Misra1b", Two::of<Misra1b>());
  visit("Kirby2", Five::of<Kirby2>());
  visit("Hahn1", OneOf<Cubics>{});
  visit("Nelson", Three::of<Nelson>());
  visit("MGH17", Five::of<Mgh17>());
  visit("Lanczos1", OneOf<Lanczos>{});
  visit("Lanczos2", OneOf<Lanczos>{});
  visit("Gauss3", OneOf<Gauss>{});
  visit("Misra1c", Two::of<Misra1c>());
  visit("Misra1d", Two::of<Misra1d>());
  visit("Roszman1", Four::of<Roszman1>());
  visit("ENSO", OneOf<Enso>{});
  visit("MGH09", Four::of<Mgh09>());
  visit("Thurber", OneOf<Cubics>{});
  visit("BoxBOD", Two::of<Misra1a>());
  visit("Rat42", Three::of<Rat42>());
  visit("MGH10", Three::of<Mgh10>());
  visit("Eckerle4", Three::of<Eckerle4>());
  visit("Rat43", Four::of<Rat43>());
  visit("Bennett5", Three::of<Bennett5>());
}

}  // namespace rvfit::test::nist
