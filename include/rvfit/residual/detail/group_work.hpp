// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The state of a group's fit (arrow_order.hpp), which its team shares, and sums over data sets. A sum is split into
/// strips that one thread each keeps, so that the order of additions depends on the number of data sets alone.

#include <rvfit/residual/detail/arrow_order.hpp>
#include <rvfit/residual/detail/arrow_step.hpp>
#include <rvfit/residual/detail/residual_problem.hpp>
#include <rvfit/residual/detail/thread_types.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit::detail {

template <class Problem, ExecutionPolicy P>
struct GroupWork {
  static constexpr int n = Problem::n;
  using Model = typename Problem::ModelType;
  using Accum = typename P::accum_type;
  using Member = typename P::member_type;
  using T = typename ThreadTypes<P, Model>::T;
  using R = typename ThreadTypes<P, Model>::R;
  static constexpr int W = pack_size<T>;  ///< data sets that a thread works on at once
  static constexpr int most_terms = Kokkos::max(1 + n + packed(n, 0), 4);
  static constexpr int strips = P::on_host ? 8 : (most_terms < 32 ? 32 : 8);
  static constexpr int abreast = P::on_host ? strips : 1;  ///< strips of a thread

  /// Scratch of a team.
  struct Shared {
    LmFit<Accum, n> fit;  ///< of the shared parameters; its F is that of the group
    LmBounds<Accum, n> bounds;
    LmPoint<Accum, n> at_trial;
    Accum square[n], goal[n], moved[n];
    Accum damping;  ///< of the step
    Accum root_of_signal, root_of_first, used, freedom;
    LmStep<Accum> step;
    Accum partial[most_terms][strips];
    Accum total[most_terms];
    Accum covariance[packed(n, 0)];
    std::uint64_t undetermined;
    int which;  ///< point of the workspace that is the present one; the other is the trial point
    int evaluations, rank;
    bool fresh, moves, short_step, grows, singular, first_pass, settled, tries, again, running;
  };

  ArrowOrder<n> order;
  ArrowRows<n> rows;
  Matrix<Accum, P> work;

  /// A number of the data sets in columns c .. c + W of a group.
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T get(const ArrowGroup& group, int row, int c) const {
    return load<T>(&work(row, group.column + c));
  }
  KOKKOS_FORCEINLINE_FUNCTION void put(const ArrowGroup& group, int row, int c, const T& x) const {
    store(x, &work(row, group.column + c));
  }

  /// Call body(c) for each pack of data sets.
  template <class Body>
  KOKKOS_FUNCTION void for_each_pack(const Member& member, const ArrowGroup& group,
                                     const Body& body) const {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, (group.size + W - 1) / W),
                         [&](int k) { body(k * W); });
  }
  /// Call body(c) for each column, those that fill the last pack included.
  template <class Body>
  KOKKOS_FUNCTION void for_each_column(const Member& member, const ArrowGroup& group,
                                       const Body& body) const {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, (group.size + W - 1) / W * W), body);
  }

  /// shared.total[k] = the sum of row `row` + k over the data sets.
  KOKKOS_FUNCTION void sum(const Member& member, const ArrowGroup& group, int row, int count,
                           Shared& shared) const {
    constexpr int groups = strips / abreast;
    member.team_barrier();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, count * groups), [&](int item) {
      const int k = item / groups, strip = item % groups;
      const Accum* numbers = &work(row + k, group.column);
      Accum part[abreast] = {};
      int c = strip;
      for (; c + abreast <= group.size; c += strips) {
        for (int j = 0; j < abreast; ++j) {
          part[j] += numbers[c + j];
        }
      }
      for (int j = 0; c + j < group.size; ++j) {
        part[j] += numbers[c + j];
      }
      for (int j = 0; j < abreast; ++j) {
        shared.partial[k][strip + j] = part[j];
      }
    });
    member.team_barrier();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, count), [&](int k) {
      Accum total = 0;
      for (int j = 0; j < strips; ++j) {
        total += shared.partial[k][j];
      }
      shared.total[k] = total;
    });
    member.team_barrier();
  }

  /// shared.at_trial = the sums over data sets of the objective at a point.
  KOKKOS_FUNCTION void sum_point(const Member& member, const ArrowGroup& group, int at,
                                 Shared& shared) const {
    sum(member, group, rows.value(at), 1 + rows.shared, shared);
    Kokkos::single(Kokkos::PerTeam(member), [&]() {
      shared.at_trial.value = shared.total[0];
      for (int s = 0; s < rows.shared; ++s) {
        shared.at_trial.gradient[s] = shared.total[1 + s];
      }
    });
    sum(member, group, rows.hessian(at), packed(rows.shared, 0), shared);
    Kokkos::single(Kokkos::PerTeam(member), [&]() {
      for (int k = 0; k < packed(rows.shared, 0); ++k) {
        shared.at_trial.hessian[k] = shared.total[k];
      }
    });
    member.team_barrier();
  }

  /// Bounds of the local parameters of a pack of data sets.
  KOKKOS_FUNCTION void local_bounds(const Problem& problem, const ArrowGroup& group, int c,
                                    LmBounds<T, n>& bounds) const {
    for (int w = 0; w < W; ++w) {
      for (int l = 0; l < rows.local; ++l) {
        const auto own = problem.parameter(group.number(c + w), order.parameter[rows.shared + l]);
        set_element(bounds.lower[l], w, own.lower);
        set_element(bounds.upper[l], w, own.upper);
        set_element(bounds.fixed[l], w, own.fixed);
      }
    }
  }

  /// Least curvature of the local parameters' damping but for their size, as ResidualState has it, with the data set's own
  /// F. A data set without points has none; a rounding of the group's F keeps its equations solvable.
  [[nodiscard]] KOKKOS_FUNCTION T local_floor(const ArrowGroup& group, int c, const T& value,
                                              const Shared& shared) const {
    using Kokkos::sqrt;
    const T least(Kokkos::Experimental::epsilon_v<Accum> * shared.fit.current.value);
    return least_of_value(value + least, get(group, rows.first_value(), c), sqrt(value));
  }
  KOKKOS_FUNCTION void local_least(const ArrowGroup& group, int c, const ArrowPoint<T, n>& at,
                                   const Shared& shared, T* least) const {
    const T floor = local_floor(group, c, at.value, shared);
    for (int l = 0; l < rows.local; ++l) {
      least[l] = shared.singular ? least_if_singular(at.block(rows.shared, l, l))
                                 : floor / get(group, rows.square() + l, c);
    }
  }

  /// The present point of a pack of data sets, and its local parameters with their bounds.
  KOKKOS_FUNCTION void present(const Problem& problem, const ArrowGroup& group, int c,
                               const Shared& shared, ArrowPoint<T, n>& at, T* theta,
                               LmBounds<T, n>& bounds) const {
    present(group, c, shared.which, at);
    local_bounds(problem, group, c, bounds);
    local_least(group, c, at, shared, bounds.least_curvature);
    for (int l = 0; l < rows.local; ++l) {
      theta[l] = get(group, rows.theta() + l, c);
    }
  }

  /// The present point of a pack of data sets.
  KOKKOS_FUNCTION void present(const ArrowGroup& group, int c, int which,
                               ArrowPoint<T, n>& at) const {
    at.value = get(group, rows.value(which), c);
    for (int a = 0; a < n; ++a) {
      at.gradient[a] = get(group, rows.gradient(which) + a, c);
    }
    for (int k = 0; k < packed(n, 0); ++k) {
      at.hessian[k] = get(group, rows.hessian(which) + k, c);
    }
  }
};

}  // namespace rvfit::detail
