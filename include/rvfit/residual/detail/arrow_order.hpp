// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Parameters and numbers of data sets that share parameters. With the shared ones first, the Hessian of a group of
/// data sets is an arrow: a corner of the shared ones, and for each data set a border B and a block L,
///
///       | S    B_1^T  B_2^T  .. |
///   H = | B_1  L_1              |
///       | B_2         L_2       |
///       | ..                 .. |
///
/// S is a sum over data sets. The matrix of one data set alone is packed by rows, so that its share in S comes first,
/// and then in each row the border before the block.

#include <rvfit/linalg/ldlt.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit::detail {

/// Places of parameters, shared ones first.
template <int N>
struct ArrowOrder {
  int shared = 0;
  int parameter[N] = {};  ///< at each place
  [[nodiscard]] KOKKOS_FUNCTION int local() const { return N - shared; }
};

/// Rows of the workspace: each holds one number of each data set.
template <int N>
struct ArrowRows {
  int shared = 0, local = 0;

  static constexpr int of_point = 1 + N + packed(N, 0);
  /// Objective, gradient and Hessian of a data set at one of two points.
  [[nodiscard]] KOKKOS_FUNCTION int value(int at) const { return at * of_point; }
  [[nodiscard]] KOKKOS_FUNCTION int gradient(int at) const { return value(at) + 1; }
  [[nodiscard]] KOKKOS_FUNCTION int hessian(int at) const { return value(at) + 1 + N; }
  [[nodiscard]] KOKKOS_FUNCTION int theta() const { return 2 * of_point; }     ///< local
  [[nodiscard]] KOKKOS_FUNCTION int trial() const { return theta() + local; }  ///< local
  [[nodiscard]] KOKKOS_FUNCTION int goal() const { return trial() + local; }   ///< end of a step
  [[nodiscard]] KOKKOS_FUNCTION int square() const { return goal() + local; }  ///< of the size
  [[nodiscard]] KOKKOS_FUNCTION int held() const { return square() + local; }  ///< 1: by the step
  [[nodiscard]] KOKKOS_FUNCTION int first_value() const {
    return held() + local;
  }                                                                             ///< at the start
  [[nodiscard]] KOKKOS_FUNCTION int term() const { return first_value() + 1; }  ///< to be summed
  /// Matrix and gradient of the shared ones, and a flag; or four numbers.
  [[nodiscard]] KOKKOS_FUNCTION int terms() const {
    return Kokkos::max(packed(shared, 0) + shared + 1, 4);
  }
  [[nodiscard]] KOKKOS_FUNCTION int count() const { return term() + terms(); }
};

/// A group of data sets: their numbers, and their columns of the workspace.
struct ArrowGroup {
  std::int64_t first;  ///< data set
  int column, size;

  /// Data set of a column. Those past the last one repeat it.
  [[nodiscard]] KOKKOS_FUNCTION std::int64_t number(int c) const {
    return first + Kokkos::min(c, size - 1);
  }
};

}  // namespace rvfit::detail
