// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Residual fits by a thread each. On CPUs a thread takes a pack of them at once.

#include <rvfit/residual/detail/eliminate_coefficients.hpp>
#include <rvfit/residual/detail/residual_problem.hpp>
#include <rvfit/residual/detail/residual_state.hpp>
#include <rvfit/residual/detail/thread_types.hpp>
#include <rvfit/residual/detail/write_fit.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit::detail {

/// Each thread takes a block of fits through its pack. When a fit ends the next one takes its element.
template <class Problem, class T, class R, ExecutionPolicy P>
struct FitByThread {
  static constexpr int n = Problem::n;
  static constexpr int W = pack_size<T>;
  using Real = typename Problem::Real;
  using Model = typename Problem::ModelType;
  using Fit = FitOf<T>;

  Problem problem;
  std::int64_t first;  ///< fit of this launch
  int count;           ///< fits of this launch
  int block;           ///< fits of a thread

  /// Scratch of a thread: y and w of each point of the fits in its pack.
  [[nodiscard]] static std::size_t scratch_bytes(int points) {
    return W == 1 ? 0 : 2 * static_cast<std::size_t>(points) * sizeof(R) + alignof(R);
  }

  /// Begin a fit in element w, with its data.
  KOKKOS_FUNCTION void load(std::int64_t number, int w, ResidualState<T, Problem>& state, R* y,
                            R* weight) const {
    const std::int64_t set = problem.set_of(number);
    DataSums<typename Problem::Accum> sums;
    for (int i = 0; i < problem.data.points; ++i) {
      const auto datum = problem.datum(set, i);
      const auto scale = problem.weight(set, i);
      problem.add_datum(datum, scale, sums);
      if constexpr (W > 1) {
        set_element(y[i], w, datum);
        set_element(weight[i], w, scale);
      }
    }
    problem.begin(number, w, sums, state);
    if constexpr (W > 1) {
      if (element(state.units.used, w)) {
        for (int i = 0; i < problem.data.points; ++i) {
          set_element(y[i], w, element(state.units.data, w) * problem.datum(set, i));
          set_element(weight[i], w, element(state.units.weight, w) * problem.weight(set, i));
        }
      }
    }
  }

  /// Datum and 1 / sigma of point i in the units of the fits.
  KOKKOS_FORCEINLINE_FUNCTION void point(const ResidualState<T, Problem>& state, const Fit& set,
                                         const R* y, const R* weight, int i, T& datum,
                                         T& root) const {
    if constexpr (W > 1) {
      datum = pack_cast<T>(y[i]);
      root = pack_cast<T>(weight[i]);
    } else {
      datum = problem.datum(set, i) * state.units.data;
      root = problem.weight(set, i) * state.units.weight;
    }
  }

  /// The objective at the trial points, with its derivatives.
  ///
  /// @tparam Plain  no fit has units of its own or leaves a point out
  template <bool Plain>
  KOKKOS_FUNCTION void evaluate(ResidualState<T, Problem>& state, const Fit& set, const R* y,
                                const R* weight, LmPoint<T, n>& out) const {
    if constexpr (Problem::eliminated > 0) {
      eliminate_coefficients<R>(problem, state, set, [&](int i, T& datum, T& root) {
        point(state, set, y, weight, i, datum, root);
      });
    }
    constexpr int abreast = Plain && W > 1 ? 2 : 1;
    LmPoint<T, n> sums;
    problem.add_priors(state.priors, state.fit.trial, sums);
    const auto at = model_arguments<R, Model>(state.fit.trial, state.bounds, state.seen,
                                              state.scale, state.units);
    problem.template add_data<!Plain, !Plain, abreast>(
        at, state.units, set,
        [&](int i, T& datum, T& root) { point(state, set, y, weight, i, datum, root); }, sums);
    out = sums;
  }

  /// Fit the block that begins at fit `begin`.
  KOKKOS_FUNCTION void run(int begin, R* y, R* weight) const {
    const int end = Kokkos::min(begin + block, count);
    ResidualState<T, Problem> state;
    LmPoint<T, n> at_trial;
    Fit set;
    std::int64_t number[W];
    bool taken[W];
    int evaluations[W];
    int next = begin;
    int busy = 0;
    for (int w = 0; w < W; ++w) {
      // An element without a fit of its own repeats the first one, to no effect.
      taken[w] = next < end;
      busy += taken[w] ? 1 : 0;
      number[w] = first + (taken[w] ? next++ : begin);
      fit_in_element(set, w) = problem.set_of(number[w]);
      evaluations[w] = 0;
      load(number[w], w, state, y, weight);
    }
    while (busy > 0) {
      // A branch at each point would cost a tenth of a short fit, and masks as much of a long one.
      if (any(state.units.used || state.used < T(problem.data.points))) {
        evaluate<false>(state, set, y, weight, at_trial);
      } else {
        evaluate<true>(state, set, y, weight, at_trial);
      }
      state.advance(at_trial, problem.options, problem.knows_errors());
      const auto running = state.fit.running();
      for (int w = 0; w < W; ++w) {
        ++evaluations[w];
        if (!taken[w] || element(running, w)) {
          continue;
        }
        write_fit(problem, number[w], w, state, evaluations[w]);
        taken[w] = next < end;
        if (taken[w]) {
          number[w] = first + next++;
          fit_in_element(set, w) = problem.set_of(number[w]);
          evaluations[w] = 0;
          load(number[w], w, state, y, weight);
        } else {
          --busy;
        }
      }
    }
  }

  /// Devices call this: a thread for each fit.
  KOKKOS_FUNCTION void operator()(int fit) const { run(fit, nullptr, nullptr); }

  /// Hosts call this: a team of one thread for each block.
  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    R* y = nullptr;
    if constexpr (W > 1) {
      const auto bytes = 2 * static_cast<std::size_t>(problem.data.points) * sizeof(R);
      y = static_cast<R*>(member.team_scratch(1).get_shmem_aligned(bytes, alignof(R)));
    }
    run(member.league_rank() * block, y, y + problem.data.points);
  }
};

}  // namespace rvfit::detail
