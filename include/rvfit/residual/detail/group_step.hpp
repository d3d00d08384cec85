// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The next trial point of a group of data sets (arrow_order.hpp), by its team. The equations of a damped step are
///
///   (S + damping D_S - sum_j B_j^T A_j^-1 B_j) d_S = -(g_S - sum_j B_j^T A_j^-1 g_j),    A_j = L_j + damping D_j,
///   A_j d_j = -(g_j + B_j d_S).
///
/// Bounds: the shared parameters step by the active set of lm_step.hpp, and the local ones of each data set by one of their
/// own; those that end on a bound are held there while the shared ones step again, until the set of them settles.

#include <rvfit/residual/detail/arrow_step.hpp>
#include <rvfit/residual/detail/group_work.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit::detail {

/// Passes in which the set of parameters on bounds may change. One without bounds.
inline constexpr int most_passes_of_a_step = 10;

/// Least diagonal of the equations of the shared parameters, relative to S: what is left below is rounding.
template <class T>
inline constexpr T least_shared_pivot = T(sizeof(T) == 4 ? 4e-7 : 1e-15);

/// The shares of a pack of data sets in the equations of the shared parameters.
template <class Problem, ExecutionPolicy P>
KOKKOS_FUNCTION void add_share(const Problem& problem, const GroupWork<Problem, P>& work,
                               const ArrowGroup& group, int c,
                               const typename GroupWork<Problem, P>::Shared& shared) {
  using Work = GroupWork<Problem, P>;
  using T = typename Work::T;
  constexpr int n = Work::n;
  const ArrowRows<n>& rows = work.rows;
  ArrowPoint<T, n> at;
  T theta[n];
  LmBounds<T, n> bounds;
  work.present(problem, group, c, shared, at, theta, bounds);
  MaskOf<T> held[n];
  T offset[n];
  for (int l = 0; l < rows.local; ++l) {
    const T& g = at.gradient[rows.shared + l];
    if (shared.first_pass) {
      held[l] = bounds.fixed[l] || (theta[l] <= bounds.lower[l] && g > T(0)) ||
                (theta[l] >= bounds.upper[l] && g < T(0));
      offset[l] = T(0);
    } else {
      held[l] = work.get(group, rows.held() + l, c) != T(0);
      offset[l] = select(held[l], work.get(group, rows.goal() + l, c) - theta[l], T(0));
    }
    work.put(group, rows.held() + l, c, select(held[l], T(1), T(0)));
  }
  T reduced[packed(n, 0)], pull[n];
  const auto solved = eliminate_local<n>(rows.shared, rows.local, at, held, offset,
                                         bounds.least_curvature, T(shared.damping), reduced, pull);
  const int pulls = rows.term() + packed(rows.shared, 0);
  for (int k = 0; k < packed(rows.shared, 0); ++k) {
    work.put(group, rows.term() + k, c, reduced[k]);
  }
  for (int s = 0; s < rows.shared; ++s) {
    work.put(group, pulls + s, c, pull[s]);
  }
  work.put(group, pulls + rows.shared, c, select(solved, T(0), T(1)));
}

/// The step of the shared parameters, by one thread.
template <class Work>
KOKKOS_FUNCTION void step_shared(const Work& work, typename Work::Shared& shared) {
  using Accum = typename Work::Accum;
  constexpr int n = Work::n;
  constexpr Accum least_pivot = least_shared_pivot<Accum>;
  const int count = work.rows.shared;
  const auto& current = shared.fit.current;
  Accum gradient[n], hessian[packed(n, 0)];
  bool solved = shared.total[packed(count, 0) + count] == Accum(0);
  for (int s = 0; s < count; ++s) {
    gradient[s] = current.gradient[s] + shared.total[packed(count, 0) + s];
    for (int t = 0; t <= s; ++t) {
      hessian[packed(s, t)] = current.hessian[packed(s, t)] - shared.total[packed(s, t)];
    }
    const Accum curvature = current.hessian[packed(s, s)];
    const Accum least =
        shared.singular ? least_if_singular(curvature) : shared.bounds.least_curvature[s];
    Accum& diagonal = hessian[packed(s, s)];
    diagonal += shared.damping * Kokkos::fmax(curvature, least);
    solved = solved && (shared.bounds.fixed[s] || diagonal > least_pivot * curvature);
  }
  const LmStep<Accum> step =
      lm_step<n>(count, shared.fit.theta, gradient, hessian, shared.bounds, Accum(0), shared.goal);
  Accum change = 0;
  for (int s = 0; s < count; ++s) {
    shared.moved[s] = shared.goal[s] - shared.fit.theta[s];
  }
  for (int s = 0; s < count; ++s) {
    Accum row = 0;
    for (int t = 0; t < count; ++t) {
      row += current.hessian[s < t ? packed(t, s) : packed(s, t)] * shared.moved[t];
    }
    change += shared.moved[s] * (current.gradient[s] + Accum(0.5) * row);
  }
  shared.step = {-change, solved && step.solved};
}

/// The local parameters of a pack of data sets follow. Terms: decrease, parameters that are on a bound now and
/// were not or the reverse, steps that could not be solved for.
template <class Problem, ExecutionPolicy P>
KOKKOS_FUNCTION void follow(const Problem& problem, const GroupWork<Problem, P>& work,
                            const ArrowGroup& group, int c,
                            const typename GroupWork<Problem, P>::Shared& shared) {
  using Work = GroupWork<Problem, P>;
  using T = typename Work::T;
  constexpr int n = Work::n;
  const ArrowRows<n>& rows = work.rows;
  ArrowPoint<T, n> at;
  T theta[n], goal[n];
  LmBounds<T, n> bounds;
  work.present(problem, group, c, shared, at, theta, bounds);
  const LmStep<T> step = follow_shared<n>(rows.shared, rows.local, theta, at, bounds, shared.moved,
                                          T(shared.damping), goal);
  T changed(0);
  for (int l = 0; l < rows.local; ++l) {
    const auto held = bounds.fixed[l] || goal[l] <= bounds.lower[l] || goal[l] >= bounds.upper[l];
    const T now = select(held, T(1), T(0));
    changed = changed + abs_of(now - work.get(group, rows.held() + l, c));
    work.put(group, rows.held() + l, c, now);
    work.put(group, rows.goal() + l, c, goal[l]);
  }
  work.put(group, rows.term(), c, step.decrease);
  work.put(group, rows.term() + 1, c, changed);
  work.put(group, rows.term() + 2, c, select(step.solved, T(0), T(1)));
}

/// Solve for the step with shared.damping. All threads call it.
template <class Problem, ExecutionPolicy P>
KOKKOS_FUNCTION void step_group(const typename P::member_type& member, const Problem& problem,
                                const GroupWork<Problem, P>& work, const ArrowGroup& group,
                                typename GroupWork<Problem, P>::Shared& shared) {
  const auto& rows = work.rows;
  for (int pass = 0; pass < most_passes_of_a_step; ++pass) {
    work.for_each_pack(member, group, [&](int c) { add_share(problem, work, group, c, shared); });
    work.sum(member, group, rows.term(), packed(rows.shared, 0) + rows.shared + 1, shared);
    Kokkos::single(Kokkos::PerTeam(member), [&]() { step_shared(work, shared); });
    member.team_barrier();
    work.for_each_pack(member, group, [&](int c) { follow(problem, work, group, c, shared); });
    work.sum(member, group, rows.term(), 3, shared);
    Kokkos::single(Kokkos::PerTeam(member), [&]() {
      auto& step = shared.step;
      step.decrease += shared.total[0];
      shared.settled = shared.total[1] == 0;
      step.solved = step.solved && shared.total[2] == 0 && Kokkos::isfinite(step.decrease);
      shared.first_pass = false;
    });
    member.team_barrier();
    if (shared.settled || !shared.step.solved) {
      break;
    }
  }
  member.team_barrier();
}

/// Set the trial point of a fit that runs, as `lm_propose` does, or end it.
template <class Problem, ExecutionPolicy P>
KOKKOS_FUNCTION void propose_group(const typename P::member_type& member, const Problem& problem,
                                   const GroupWork<Problem, P>& work, const ArrowGroup& group,
                                   typename GroupWork<Problem, P>::Shared& shared) {
  using Work = GroupWork<Problem, P>;
  using Accum = typename Work::Accum;
  using T = typename Work::T;
  constexpr int n = Work::n;
  constexpr Accum singular_damping = lm_singular_damping<Accum>;
  const auto& rows = work.rows;
  // The damped step; the undamped one where that promises little; a stand-in where H is singular.
  for (int attempt = 0; attempt < 3; ++attempt) {
    Kokkos::single(Kokkos::PerTeam(member), [&]() {
      shared.damping =
          attempt == 0 ? shared.fit.damping.value : (attempt == 1 ? Accum(0) : singular_damping);
      shared.singular = attempt == 2;
      shared.first_pass = true;
    });
    member.team_barrier();
    step_group<Problem, P>(member, problem, work, group, shared);
    Kokkos::single(Kokkos::PerTeam(member), [&]() {
      auto& fit = shared.fit;
      LmStep<Accum>& step = shared.step;
      // A set of bounds that does not settle is good where it lowers the model.
      step.solved = step.solved && (shared.settled || step.decrease > Accum(0));
      if (attempt == 0) {
        shared.again = lm_note_damped<LmRules::residuals>(fit, step, problem.options);
        shared.tries = true;
      } else {
        shared.again = attempt == 1 && !step.solved;
        shared.tries = false;
        if (!shared.again) {
          const bool converged =
              lm_note_undamped<LmRules::residuals>(fit, true, step, problem.options);
          shared.tries = lm_try_undamped(fit, true, converged, step, problem.options);
          lm_meet_bounds(fit.theta, rows.shared, shared.bounds, shared.goal);
        }
      }
      for (int s = 0; shared.tries && s < rows.shared; ++s) {
        fit.trial[s] = step.solved ? shared.goal[s] : fit.theta[s];
      }
    });
    member.team_barrier();
    if (shared.tries) {
      work.for_each_pack(member, group, [&](int c) {
        T theta[n], goal[n];
        LmBounds<T, n> bounds;
        work.local_bounds(problem, group, c, bounds);
        for (int l = 0; l < rows.local; ++l) {
          theta[l] = work.get(group, rows.theta() + l, c);
          goal[l] = work.get(group, rows.goal() + l, c);
        }
        if (attempt > 0) {
          lm_meet_bounds(theta, rows.local, bounds, goal);
        }
        for (int l = 0; l < rows.local; ++l) {
          work.put(group, rows.trial() + l, c, shared.step.solved ? goal[l] : theta[l]);
        }
      });
    }
    if (!shared.again) {
      break;
    }
    member.team_barrier();
  }
  member.team_barrier();
  Kokkos::single(Kokkos::PerTeam(member), [&]() {
    shared.fit.end(!lm_steps_left(shared.fit, problem.options), FitStatus::max_iterations);
    shared.running = shared.fit.running();
  });
  member.team_barrier();
}

}  // namespace rvfit::detail
