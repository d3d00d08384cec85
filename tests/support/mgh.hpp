// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The least-squares problems of More, Garbow & Hillstrom (ACM TOMS 7, 17, 1981; "MGH" and number below)
/// in the 53 runs of MINPACK's own driver: dimensions, starts, and all minima that are known.
///
/// A residual is f(x; i) - y_i; most problems have y = 0. i counts from 0, the paper's from 1.

#include <Kokkos_Core.hpp>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

namespace rvfit::test::mgh {

using Kokkos::atan2;
using Kokkos::exp;
using Kokkos::sqrt;

template <class T>
KOKKOS_INLINE_FUNCTION T square(const T& v) {
  return v * v;
}

/// sum_j (j + 1) x_j, j = first .. last - 1.
template <class T>
KOKKOS_INLINE_FUNCTION T ramp(const T* x, int first, int last) {
  T sum = (first + 1.0) * x[first];
  for (int j = first + 1; j < last; ++j) {
    sum = sum + (j + 1.0) * x[j];
  }
  return sum;
}

template <class T>
KOKKOS_INLINE_FUNCTION T sum_of(const T* x, int n) {
  T sum = x[0];
  for (int j = 1; j < n; ++j) {
    sum = sum + x[j];
  }
  return sum;
}

/// MGH 32: linear, full rank, of `points` equations.
template <int N>
struct LinearFullRank {
  static constexpr int parameters = N;
  int points;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    const T mean = 2.0 / points * sum_of(x, N) + 1.0;
    return i < N ? x[i] - mean : -mean;
  }
};

/// MGH 33: linear, rank 1.
template <int N>
struct LinearRank1 {
  static constexpr int parameters = N;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    return (i + 1.0) * ramp(x, 0, N) - 1.0;
  }
};

/// MGH 34: linear, rank 1, with columns and rows of zeros.
template <int N>
struct LinearRank1Zeros {
  static constexpr int parameters = N;
  int points;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    const double factor = i == 0 || i == points - 1 ? 0.0 : i;
    return factor * ramp(x, 1, N - 1) - 1.0;
  }
};

/// MGH 1.
struct Rosenbrock {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    return i == 0 ? 10.0 * (x[1] - square(x[0])) : 1.0 - x[0];
  }
};

/// MGH 7: the angle runs from -1/4 to 3/4 turns, with its cut where x_0 = 0 and x_1 < 0.
struct HelicalValley {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    if (i == 2) {
      return x[2];
    }
    if (i == 1) {
      return 10.0 * (sqrt(square(x[0]) + square(x[1])) - 1.0);
    }
    const T turns = 0.25 + atan2(-x[0], x[1]) / (2.0 * std::numbers::pi);
    return 10.0 * (x[2] - 10.0 * turns);
  }
};

/// MGH 13.
struct PowellSingular {
  static constexpr int parameters = 4;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    switch (i) {
      case 0:
        return x[0] + 10.0 * x[1];
      case 1:
        return 2.2360679774997897 *  // sqrt(5)
               (x[2] - x[3]);
      case 2:
        return square(x[1] - 2.0 * x[2]);
      default:
        return 3.1622776601683793 *  // sqrt(10)
               square(x[0] - x[3]);
    }
  }
};

/// MGH 2.
struct FreudensteinRoth {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    return i == 0 ? -13.0 + x[0] + ((5.0 - x[1]) * x[1] - 2.0) * x[1]
                  : -29.0 + x[0] + ((x[1] + 1.0) * x[1] - 14.0) * x[1];
  }
};

/// MGH 8.
struct Bard {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    const double u = i + 1, v = 15 - i, w = u < v ? u : v;
    return x[0] + u / (v * x[1] + w * x[2]);
  }
};

/// MGH 15.
struct KowalikOsborne {
  static constexpr int parameters = 4;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    constexpr double u[] = {4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625};
    return x[0] * (u[i] * u[i] + u[i] * x[1]) / (u[i] * u[i] + u[i] * x[2] + x[3]);
  }
};

/// MGH 10.
struct Meyer {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    return x[0] * exp(x[1] / (50.0 + 5.0 * i + x[2]));
  }
};

/// MGH 20.
template <int N>
struct Watson {
  static constexpr int parameters = N;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    if (i >= 29) {
      return i == 29 ? x[0] : x[1] - square(x[0]) - 1.0;
    }
    // Polynomial and derivative by Horner's rule.
    const double t = (i + 1) / 29.0;
    T value = x[N - 1];
    T slope = (N - 1.0) * x[N - 1];
    for (int j = N - 2; j > 0; --j) {
      value = x[j] + t * value;
      slope = j * x[j] + t * slope;
    }
    value = x[0] + t * value;
    return slope - square(value) - 1.0;
  }
};

/// MGH 12.
struct Box {
  static constexpr int parameters = 3;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    const double t = 0.1 * (i + 1);
    return exp(-t * x[0]) - exp(-t * x[1]) - x[2] * (Kokkos::exp(-t) - Kokkos::exp(-10.0 * t));
  }
};

/// MGH 6.
struct JennrichSampson {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    const double n = i + 1;
    return 2.0 + 2.0 * n - (exp(n * x[0]) + exp(n * x[1]));
  }
};

/// MGH 16.
struct BrownDennis {
  static constexpr int parameters = 4;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    const double t = (i + 1) / 5.0;
    return square(x[0] + t * x[1] - Kokkos::exp(t)) +
           square(x[2] + Kokkos::sin(t) * x[3] - Kokkos::cos(t));
  }
};

/// MGH 35: means of shifted Chebyshev polynomials less their integrals over 0 .. 1.
template <int N>
struct Chebyquad {
  static constexpr int parameters = N;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    const double n = i + 1;
    T sum = polynomial(x[0], i + 1);
    for (int j = 1; j < N; ++j) {
      sum = sum + polynomial(x[j], i + 1);
    }
    return sum / static_cast<double>(N) + (i % 2 == 1 ? 1.0 / (n * n - 1.0) : 0.0);
  }
  template <class T>
  KOKKOS_FUNCTION static T polynomial(const T& x, int degree) {
    const T u = 2.0 * x - 1.0;
    T last = u - u + 1.0, value = u;
    for (int k = 1; k < degree; ++k) {
      const T next = 2.0 * u * value - last;
      last = value;
      value = next;
    }
    return value;
  }
};

/// MGH 27: Brown's almost-linear function.
template <int N>
struct BrownAlmostLinear {
  static constexpr int parameters = N;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    if (i < N - 1) {
      return x[i] + sum_of(x, N) - (N + 1.0);
    }
    T product = x[0];
    for (int j = 1; j < N; ++j) {
      product = product * x[j];
    }
    return product - 1.0;
  }
};

/// MGH 17.
struct Osborne1 {
  static constexpr int parameters = 5;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    const double t = 10.0 * i;
    return x[0] + x[1] * exp(-t * x[3]) + x[2] * exp(-t * x[4]);
  }
};

/// MGH 19.
struct Osborne2 {
  static constexpr int parameters = 11;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    const double t = 0.1 * i;
    return x[0] * exp(-t * x[4]) + x[1] * exp(-x[5] * square(t - x[8])) +
           x[2] * exp(-x[6] * square(t - x[9])) + x[3] * exp(-x[7] * square(t - x[10]));
  }
};

/// One problem in fixed dimensions.
struct Problem {
  std::string name;
  int points;                  ///< M
  std::vector<double> start;   ///< (P)  standard start
  int tries;                   ///< runs: starts times 1, 10, 100
  std::vector<double> minima;  ///< sums of squares; those at infinity included
  std::vector<double> y;       ///< (M)  data; empty: 0

  /// Start of a run; a standard start of zeros (Watson's) becomes the factor itself, as in the driver.
  [[nodiscard]] std::vector<double> start_of(int run) const {
    const double factor = std::pow(10.0, run);
    std::vector<double> out = start;
    for (double& v : out) {
      v = run == 0 ? v : (v == 0.0 ? factor : factor * v);
    }
    return out;
  }

  /// True where the root of a sum of squares is within a relative 1e-5 and an absolute 1e-7 of that of
  /// a known minimum: the paper gives six digits, and a minimum of zero is left at about the tolerance of
  /// MINPACK's driver, 1.5e-8, times the slope.
  [[nodiscard]] bool is_known_minimum(double sum_of_squares) const {
    const double root = std::sqrt(sum_of_squares);
    for (const double minimum : minima) {
      if (std::abs(root - std::sqrt(minimum)) <= 1e-7 + 1e-5 * std::sqrt(minimum)) {
        return true;
      }
    }
    return false;
  }
};

inline const std::vector<double> bard_y{0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39,
                                        0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39};
inline const std::vector<double> kowalik_osborne_y{0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627,
                                                   0.0456, 0.0342, 0.0323, 0.0235, 0.0246};
inline const std::vector<double> meyer_y{34780.0, 28610.0, 23650.0, 19630.0, 16370.0, 13720.0,
                                         11540.0, 9744.0,  8261.0,  7030.0,  6005.0,  5147.0,
                                         4427.0,  3820.0,  3307.0,  2872.0};
inline const std::vector<double> osborne1_y{
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751,
    0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490,
    0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406};
inline const std::vector<double> osborne2_y{
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608,
    0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661,
    0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428,
    0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559,
    0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054};

/// j / (n + 1), j = 1 .. n.
[[nodiscard]] inline std::vector<double> chebyquad_start(int n) {
  std::vector<double> out;
  for (int j = 1; j <= n; ++j) {
    out.push_back(j / (n + 1.0));
  }
  return out;
}

/// visit(problem, model) for each problem of the driver, in its order: 53 runs in all.
template <class Visit>
void for_each_problem(const Visit& visit) {
  const auto filled = [](int n, double value) {
    return std::vector<double>(static_cast<std::size_t>(n), value);
  };
  for (const int m : {10, 50}) {
    visit(Problem{"linear full rank", m, filled(5, 1.0), 1, {m - 5.0}, {}}, LinearFullRank<5>{m});
  }
  for (const int m : {10, 50}) {
    visit(Problem{"linear rank 1", m, filled(5, 1.0), 1, {m * (m - 1.0) / (4.0 * m + 2.0)}, {}},
          LinearRank1<5>{});
  }
  for (const int m : {10, 50}) {
    visit(Problem{"linear rank 1 zeros",
                  m,
                  filled(5, 1.0),
                  1,
                  {(m * m + 3.0 * m - 6.0) / (4.0 * m - 6.0)},
                  {}},
          LinearRank1Zeros<5>{m});
  }
  visit(Problem{"Rosenbrock", 2, {-1.2, 1.0}, 3, {0.0}, {}}, Rosenbrock{});
  visit(Problem{"helical valley", 3, {-1.0, 0.0, 0.0}, 3, {0.0}, {}}, HelicalValley{});
  visit(Problem{"Powell singular", 4, {3.0, -1.0, 0.0, 1.0}, 3, {0.0}, {}}, PowellSingular{});
  visit(Problem{"Freudenstein-Roth", 2, {0.5, -2.0}, 3, {0.0, 48.9842}, {}}, FreudensteinRoth{});
  visit(Problem{"Bard", 15, filled(3, 1.0), 3, {8.21487e-3, 17.4286}, bard_y}, Bard{});
  visit(Problem{"Kowalik-Osborne",
                11,
                {0.25, 0.39, 0.415, 0.39},
                3,
                {3.07505e-4, 1.02734e-3},
                kowalik_osborne_y},
        KowalikOsborne{});
  visit(Problem{"Meyer", 16, {0.02, 4000.0, 250.0}, 2, {87.9458}, meyer_y}, Meyer{});
  visit(Problem{"Watson", 31, filled(6, 0.0), 3, {2.28767e-3}, {}}, Watson<6>{});
  visit(Problem{"Watson", 31, filled(9, 0.0), 3, {1.39976e-6}, {}}, Watson<9>{});
  visit(Problem{"Watson", 31, filled(12, 0.0), 3, {4.72238e-10}, {}}, Watson<12>{});
  visit(Problem{"Box 3-d", 10, {0.0, 10.0, 20.0}, 1, {0.0}, {}}, Box{});
  visit(Problem{"Jennrich-Sampson", 10, {0.3, 0.4}, 1, {124.362}, {}}, JennrichSampson{});
  visit(Problem{"Brown-Dennis", 20, {25.0, 5.0, -5.0, -1.0}, 3, {85822.2}, {}}, BrownDennis{});
  // Minima of the polynomial of degree 16, by scanning -1/2 .. 3/2. The start, 1/2, is a maximum.
  visit(Problem{"Chebyquad",
                8,
                chebyquad_start(1),
                3,
                {3.066527232, 3.239086001, 3.491482170, 3.550391298},
                {}},
        Chebyquad<1>{});
  visit(Problem{"Chebyquad", 8, chebyquad_start(8), 1, {3.51687e-3}, {}}, Chebyquad<8>{});
  visit(Problem{"Chebyquad", 9, chebyquad_start(9), 1, {0.0}, {}}, Chebyquad<9>{});
  visit(Problem{"Chebyquad", 10, chebyquad_start(10), 1, {6.50395e-3}, {}}, Chebyquad<10>{});
  visit(Problem{"Brown almost-linear", 10, filled(10, 0.5), 3, {0.0, 1.0}, {}},
        BrownAlmostLinear<10>{});
  visit(Problem{"Brown almost-linear", 30, filled(30, 0.5), 1, {0.0, 1.0}, {}},
        BrownAlmostLinear<30>{});
  visit(Problem{"Brown almost-linear", 40, filled(40, 0.5), 1, {0.0, 1.0}, {}},
        BrownAlmostLinear<40>{});
  visit(Problem{"Osborne 1", 33, {0.5, 1.5, -1.0, 0.01, 0.02}, 1, {5.46489e-5}, osborne1_y},
        Osborne1{});
  visit(Problem{"Osborne 2",
                65,
                {1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5},
                1,
                {4.01377e-2},
                osborne2_y},
        Osborne2{});
}

}  // namespace rvfit::test::mgh
