// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The models of NIST's nonlinear regression problems, as functions of the parameters b and of the
/// predictors of point i, and the list of all problems.

#include <Kokkos_Core.hpp>

#include <numbers>

namespace rvfit::test::nist {

using Kokkos::atan;
using Kokkos::cos;
using Kokkos::exp;
using Kokkos::log;
using Kokkos::sin;
using Kokkos::sqrt;

/// What the models share: predictors, a row a point.
template <int Parameters>
struct Model {
  Model() {}  // NOLINT(modernize-use-equals-default): GCC 12 leaves the view's constructor out
  static constexpr int parameters = Parameters;
  Kokkos::View<const double**, Kokkos::LayoutRight, Kokkos::DefaultExecutionSpace::memory_space> x;
};

template <class T>
KOKKOS_INLINE_FUNCTION T square(const T& v) {
  return v * v;
}

struct Bennett5 : Model<3> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] * exp(-log(b[1] + x(i, 0)) / b[2]);
  }
};

/// Chwirut1, Chwirut2.
struct Chwirut : Model<3> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return exp(-b[0] * x(i, 0)) / (b[1] + b[2] * x(i, 0));
  }
};

struct DanWood : Model<2> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] * exp(b[1] * log(x(i, 0)));
  }
};

struct Enso : Model<9> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    const double turn = 2.0 * std::numbers::pi * x(i, 0);
    const T first = turn / b[3], second = turn / b[6];
    return b[0] + b[1] * cos(turn / 12.0) + b[2] * sin(turn / 12.0) + b[4] * cos(first) +
           b[5] * sin(first) + b[7] * cos(second) + b[8] * sin(second);
  }
};

struct Eckerle4 : Model<3> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] / b[1] * exp(-0.5 * square((x(i, 0) - b[2]) / b[1]));
  }
};

/// Gauss1, Gauss2, Gauss3: two peaks on a decaying baseline.
struct Gauss : Model<8> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] * exp(-b[1] * x(i, 0)) + b[2] * exp(-square((x(i, 0) - b[3]) / b[4])) +
           b[5] * exp(-square((x(i, 0) - b[6]) / b[7]));
  }
};

/// Hahn1, Thurber: cubic / cubic.
struct Cubics : Model<7> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    const double t = x(i, 0);
    return (b[0] + t * (b[1] + t * (b[2] + t * b[3]))) / (1.0 + t * (b[4] + t * (b[5] + t * b[6])));
  }
};

struct Kirby2 : Model<5> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    const double t = x(i, 0);
    return (b[0] + t * (b[1] + t * b[2])) / (1.0 + t * (b[3] + t * b[4]));
  }
};

/// Lanczos1, Lanczos2, Lanczos3: a sum of exponentials.
struct Lanczos : Model<6> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] * exp(-b[1] * x(i, 0)) + b[2] * exp(-b[3] * x(i, 0)) + b[4] * exp(-b[5] * x(i, 0));
  }
};

struct Mgh09 : Model<4> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    const double t = x(i, 0);
    return b[0] * (t * t + t * b[1]) / (t * t + t * b[2] + b[3]);
  }
};

struct Mgh10 : Model<3> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] * exp(b[1] / (x(i, 0) + b[2]));
  }
};

struct Mgh17 : Model<5> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] + b[1] * exp(-b[3] * x(i, 0)) + b[2] * exp(-b[4] * x(i, 0));
  }
};

/// Misra1a, BoxBOD.
struct Misra1a : Model<2> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] * (1.0 - exp(-b[1] * x(i, 0)));
  }
};

struct Misra1b : Model<2> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] * (1.0 - 1.0 / square(1.0 + 0.5 * b[1] * x(i, 0)));
  }
};

struct Misra1c : Model<2> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] * (1.0 - 1.0 / sqrt(1.0 + 2.0 * b[1] * x(i, 0)));
  }
};

struct Misra1d : Model<2> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] * b[1] * x(i, 0) / (1.0 + b[1] * x(i, 0));
  }
};

/// Fits log y.
struct Nelson : Model<3> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] - b[1] * x(i, 0) * exp(-b[2] * x(i, 1));
  }
};

struct Rat42 : Model<3> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] / (1.0 + exp(b[1] - b[2] * x(i, 0)));
  }
};

struct Rat43 : Model<4> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] * exp(-log(1.0 + exp(b[1] - b[2] * x(i, 0))) / b[3]);
  }
};

struct Roszman1 : Model<4> {
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* b, int i) const {
    return b[0] - b[1] * x(i, 0) - atan(b[2] / (x(i, 0) - b[3])) / std::numbers::pi;
  }
};

/// visit(name, model) for each of the 27 problems, the easy ones first as NIST lists them.
template <class Visit>
void for_each_problem(const Visit& visit) {
  visit("Misra1a", Misra1a{});
  visit("Chwirut2", Chwirut{});
  visit("Chwirut1", Chwirut{});
  visit("Lanczos3", Lanczos{});
  visit("Gauss1", Gauss{});
  visit("Gauss2", Gauss{});
  visit("DanWood", DanWood{});
  visit("Misra1b", Misra1b{});
  visit("Kirby2", Kirby2{});
  visit("Hahn1", Cubics{});
  visit("Nelson", Nelson{});
  visit("MGH17", Mgh17{});
  visit("Lanczos1", Lanczos{});
  visit("Lanczos2", Lanczos{});
  visit("Gauss3", Gauss{});
  visit("Misra1c", Misra1c{});
  visit("Misra1d", Misra1d{});
  visit("Roszman1", Roszman1{});
  visit("ENSO", Enso{});
  visit("MGH09", Mgh09{});
  visit("Thurber", Cubics{});
  visit("BoxBOD", Misra1a{});
  visit("Rat42", Rat42{});
  visit("MGH10", Mgh10{});
  visit("Eckerle4", Eckerle4{});
  visit("Rat43", Rat43{});
  visit("Bennett5", Bennett5{});
}

}  // namespace rvfit::test::nist
