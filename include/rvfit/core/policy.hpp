// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Policy is the one compile-time bundle of the library: the execution space of a fit and its precisions.

#include <Kokkos_Core.hpp>

#include <concepts>
#include <type_traits>

namespace rvfit {

/// Execution space, storage precision and accumulation precision of a fit.
///
/// @tparam Exec   Kokkos execution space; an *instance* of it is the first argument of every call
/// @tparam Real   storage of spectra, templates and network weights (float, or double as an oracle)
/// @tparam Accum  accumulation of every sum over pixels, and everything of the size of the solver
template <class Exec = Kokkos::DefaultExecutionSpace, std::floating_point Real = float,
          std::floating_point Accum = double>
struct Policy {
  using execution_space = Exec;
  using memory_space = typename Exec::memory_space;
  using real_type = Real;
  using accum_type = Accum;
  using team_policy = Kokkos::TeamPolicy<Exec>;
  using range_policy = Kokkos::RangePolicy<Exec>;
  using member_type = typename team_policy::member_type;

  /// Index spaces of two and three dimensions; neighbouring threads take neighbours in the last, as
  /// the arrays do (Kokkos' own default on GPUs is the first).
  template <unsigned Rank>
  using grid_policy =
      Kokkos::MDRangePolicy<Exec,
                            Kokkos::Rank<Rank, Kokkos::Iterate::Right, Kokkos::Iterate::Right>,
                            Kokkos::IndexType<int>>;

  /// True where kernels run on the processor that calls them. Memory that both see does not count.
  static constexpr bool on_host = std::is_same_v<memory_space, Kokkos::HostSpace>;

  /// Pixels that one thread handles at once: a few vector registers on a CPU, one pixel on a GPU, where
  /// neighbouring threads take neighbouring pixels.
  static constexpr int pixels_abreast = on_host ? 128 / static_cast<int>(sizeof(Real)) : 1;

  /// Iterations of the solver between two looks of the host at the number of active fits.
  static constexpr int check_interval = on_host ? 1 : 4;
};

/// Anything shaped like `Policy`.
template <class P>
concept ExecutionPolicy = requires {
  typename P::execution_space;
  typename P::memory_space;
  typename P::real_type;
  typename P::accum_type;
};

}  // namespace rvfit
