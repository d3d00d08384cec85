// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Kernels that hold the matrices of one fit in a thread are compiled for a few capacities of parameters.

#include <rvfit/core/require.hpp>

#include <type_traits>

namespace rvfit {

/// Largest number of parameters of an objective that `minimize` works on.
inline constexpr int max_batched_parameters = 32;

namespace detail {

/// Call `body` with the least capacity for n parameters that kernels are made for, as a constant.
template <class Body>
void with_capacity(int n, const Body& body) {
  if (n <= 8) {
    body(std::integral_constant<int, 8>{});
  } else if (n <= 16) {
    body(std::integral_constant<int, 16>{});
  } else {
    RVFIT_REQUIRE(n <= max_batched_parameters, "minimize: ", n, " parameters, at most ",
                  max_batched_parameters, " are supported");
    body(std::integral_constant<int, max_batched_parameters>{});
  }
}

}  // namespace detail

}  // namespace rvfit
