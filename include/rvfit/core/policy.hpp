// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Policy is the one compile-time bundle of the library: the execution space of a fit and its precisions.

#include <Kokkos_Core.hpp>

#include <concepts>
#include <type_traits>

namespace rvfit {

/// A property of every execution policy: what a kernel holds travels with its launch. By itself Kokkos writes kernels of
/// more than 512 bytes to the constant memory of a CUDA device, of which there is one: each launch then waits on the
/// host until the kernel before it, of any instance, is done.
using SentAlong = Kokkos::Experimental::WorkItemProperty::HintLightWeight_t;

/// Execution space, storage precision and accumulation precision of a fit.
///
/// @tparam Exec   Kokkos execution space; an *instance* of it is the first argument of every call
/// @tparam Real   storage of spectra, templates and network weights (float, or double as an oracle)
/// @tparam Accum  accumulation of every sum over pixels, and everything of the size of the solver
/// @tparam OnHost kernels have the shape of a host's: packs of pixels, one thread a team. Tests say false on a
///                host, to run what devices run.
template <class Exec = Kokkos::DefaultExecutionSpace, std::floating_point Real = float,
          std::floating_point Accum = double,
          bool OnHost = std::is_same_v<typename Exec::memory_space, Kokkos::HostSpace>>
struct Policy {
  using execution_space = Exec;
  using memory_space = typename Exec::memory_space;
  using real_type = Real;
  using accum_type = Accum;
  using team_policy = Kokkos::TeamPolicy<Exec, SentAlong>;
  using range_policy = Kokkos::RangePolicy<Exec, SentAlong>;
  using member_type = typename team_policy::member_type;

  /// Index spaces of two and three dimensions; neighbouring threads take neighbours in the last, as
  /// the arrays do (Kokkos' own default on GPUs is the first).
  template <unsigned Rank>
  using grid_policy =
      Kokkos::MDRangePolicy<Exec,
                            Kokkos::Rank<Rank, Kokkos::Iterate::Right, Kokkos::Iterate::Right>,
                            Kokkos::IndexType<int>, SentAlong>;

  /// True where kernels run on the processor that calls them. Memory that both see does not count.
  static constexpr bool on_host = OnHost;

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

/// True for a policy that says how many threads its teams have, by `P::team_size(exec)`. `Policy` leaves that to Kokkos.
template <class P>
inline constexpr bool has_team_size = requires(const typename P::execution_space& exec) {
  P::team_size(exec);
};

/// `league` teams of a kernel, as large as the policy says, or else as Kokkos thinks best.
template <ExecutionPolicy P, class TeamPolicy = typename P::team_policy>
[[nodiscard]] TeamPolicy teams(const typename P::execution_space& exec, int league) {
  if constexpr (has_team_size<P>) {
    return TeamPolicy(exec, league, P::team_size(exec));
  } else {
    return TeamPolicy(exec, league, Kokkos::AUTO);
  }
}

}  // namespace rvfit
