// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fits of groups of data sets that share parameters, by a team each: the steps of lm_fit.hpp with the Hessian of
/// arrow_order.hpp. Threads take data sets, on hosts a pack of them at once; the shared parameters are one thread's.

#include <rvfit/residual/detail/group_step.hpp>
#include <rvfit/residual/detail/group_work.hpp>
#include <rvfit/residual/detail/model_derivatives.hpp>
#include <rvfit/residual/detail/residual_problem.hpp>
#include <rvfit/residual/detail/residual_state.hpp>
#include <rvfit/residual/detail/write_groups.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit::detail {

template <class Problem, ExecutionPolicy P>
struct FitGroups {
  using Work = GroupWork<Problem, P>;
  using Shared = typename Work::Shared;
  using Accum = typename P::accum_type;
  using Member = typename P::member_type;
  using T = typename Work::T;
  using R = typename Work::R;
  static constexpr int n = Problem::n;
  static constexpr int W = Work::W;

  Problem problem;
  Work work;
  SharedFits<P> out;
  Vector<const std::int64_t, P> begin;  ///< (G + 1)  first data set of each group
  int first_group;                      ///< of this launch
  bool priors;                          ///< some parameter has one

  [[nodiscard]] static int scratch_bytes() {
    return static_cast<int>(sizeof(Shared) + alignof(Shared));
  }
  [[nodiscard]] static constexpr int scratch_level() { return sizeof(Shared) < 30000 ? 0 : 1; }

  KOKKOS_FUNCTION void operator()(const Member& member) const {
    const int number = first_group + member.league_rank();
    const auto offset = begin(number) - begin(first_group);
    const ArrowGroup group{begin(number), static_cast<int>(offset) + W * member.league_rank(),
                           static_cast<int>(begin(number + 1) - begin(number))};
    Shared& shared = *static_cast<Shared*>(
        member.team_scratch(scratch_level()).get_shmem_aligned(sizeof(Shared), alignof(Shared)));
    start(member, group, shared);
    while (shared.running) {
      evaluate(member, group, shared);
      advance(member, group, shared);
    }
    write_group(member, problem, work, group, number, shared, out);
  }

 private:
  /// Begin the fit. Its first trial point is its start.
  KOKKOS_FUNCTION void start(const Member& member, const ArrowGroup& group, Shared& shared) const {
    const ArrowRows<n>& rows = work.rows;
    const Matrix<Accum, P>& numbers = work.work;
    const auto least = Kokkos::Experimental::norm_min_v<Accum>;
    const auto is_valid = [](const FitParameter<Accum>& own) {
      return own.valid() && (Kokkos::isinf(own.sigma) || Kokkos::isfinite(own.mean));
    };
    work.for_each_column(member, group, [&](int c) {
      const std::int64_t fit = group.number(c), set = problem.set_of(fit);
      const int column = group.column + c;
      DataSums<Accum> sums;
      for (int i = 0; i < problem.data.points; ++i) {
        problem.add_datum(problem.datum(set, i), problem.weight(set, i), sums);
      }
      int free = 0;
      for (int l = 0; l < rows.local; ++l) {
        const auto own = problem.parameter(fit, work.order.parameter[rows.shared + l]);
        numbers(rows.theta() + l, column) = own.first;
        numbers(rows.trial() + l, column) = own.first;
        numbers(rows.square() + l, column) = Kokkos::fmax(own.size() * own.size(), least);
        free += own.fixed ? 0 : 1;
        sums.valid = sums.valid && is_valid(own);
      }
      numbers(rows.term(), column) = sums.signal;
      numbers(rows.term() + 1, column) = static_cast<Accum>(sums.used);
      numbers(rows.term() + 2, column) = static_cast<Accum>(free);
      numbers(rows.term() + 3, column) = static_cast<Accum>(sums.valid ? 0 : 1);
    });
    work.sum(member, group, rows.term(), 4, shared);
    Kokkos::single(Kokkos::PerTeam(member), [&]() {
      bool valid = shared.total[3] == Accum(0);
      int free = 0;
      for (int a = 0; a < rows.shared; ++a) {
        const auto own = problem.parameter(group.first, work.order.parameter[a]);
        shared.fit.theta[a] = own.first;
        shared.fit.trial[a] = own.first;
        shared.bounds.lower[a] = own.lower;
        shared.bounds.upper[a] = own.upper;
        shared.bounds.fixed[a] = own.fixed;
        shared.square[a] = Kokkos::fmax(own.size() * own.size(), least);
        free += own.fixed ? 0 : 1;
        valid = valid && is_valid(own);
      }
      problem.begin_steps(valid, 0, shared.fit);
      shared.fit.unit = 1;
      shared.root_of_signal = Kokkos::sqrt(shared.total[0]);
      shared.used = shared.total[1];
      shared.freedom = Kokkos::fmax(shared.used - shared.total[2] - static_cast<Accum>(free), 1);
      shared.which = 0;
      shared.evaluations = 0;
      shared.fresh = true;
      shared.running = valid;
    });
    member.team_barrier();
  }

  /// The objective of each data set at the trial point, with its derivatives.
  KOKKOS_FUNCTION void evaluate(const Member& member, const ArrowGroup& group,
                                Shared& shared) const {
    const ArrowRows<n>& rows = work.rows;
    work.for_each_pack(member, group, [&](int c) {
      T theta[n], seen[n];
      LmBounds<T, n> bounds;  // by parameter
      ResidualUnits<T, n> units;
      LmBounds<T, n> local;
      work.local_bounds(problem, group, c, local);
      for (int a = 0; a < n; ++a) {
        const int p = work.order.parameter[a], l = a - rows.shared;
        const bool is_local = l >= 0;
        theta[p] = is_local ? work.get(group, rows.trial() + l, c) : T(shared.fit.trial[a]);
        bounds.lower[p] = is_local ? local.lower[l] : T(shared.bounds.lower[a]);
        bounds.upper[p] = is_local ? local.upper[l] : T(shared.bounds.upper[a]);
        using Kokkos::sqrt;
        seen[p] = sqrt(is_local ? work.get(group, rows.square() + l, c) : T(shared.square[a]));
        units.parameter[p] = T(1);
        for (int w = 0; w < W; ++w) {
          set_element(bounds.fixed[p], w,
                      is_local ? element(local.fixed[l], w) : shared.bounds.fixed[a]);
        }
      }
      const auto at =
          model_arguments<R, typename Problem::ModelType>(theta, bounds, seen, seen, units);
      FitOf<T> set;
      for (int w = 0; w < W; ++w) {
        fit_in_element(set, w) = problem.set_of(group.number(c + w));
      }
      LmPoint<T, n> sums;
      sums.clear(n);
      add_priors(group, c, theta, sums);
      problem.template add_data<false, true, 1>(
          at, units, set,
          [&](int i, T& y, T& weight) {
            for (int w = 0; w < W; ++w) {
              set_element(y, w, problem.datum(fit_in_element(set, w), i));
              set_element(weight, w, problem.weight(fit_in_element(set, w), i));
            }
          },
          sums);
      sums.drop(n, bounds.fixed);
      const T nan(Kokkos::Experimental::quiet_NaN_v<Accum>);
      const int trial = 1 - shared.which;
      work.put(group, rows.value(trial), c, select(sums.finite(n), sums.value, nan));
      for (int a = 0; a < n; ++a) {
        const int p = work.order.parameter[a];
        work.put(group, rows.gradient(trial) + a, c, sums.gradient[p]);
        for (int b = 0; b <= a; ++b) {
          const int q = work.order.parameter[b];
          work.put(group, rows.hessian(trial) + packed(a, b), c,
                   sums.hessian[p < q ? packed(q, p) : packed(p, q)]);
        }
      }
    });
    work.sum_point(member, group, 1 - shared.which, shared);
  }

  /// Priors of the local parameters, and with the first data set those of the shared ones.
  KOKKOS_FUNCTION void add_priors(const ArrowGroup& group, int c, const T* theta,
                                  LmPoint<T, n>& sums) const {
    for (int w = 0; priors && w < W; ++w) {
      for (int a = 0; a < n; ++a) {
        if (a < work.rows.shared && c + w > 0) {
          continue;
        }
        const int p = work.order.parameter[a];
        const auto own = problem.parameter(group.number(c + w), p);
        const Accum precision = Accum(1) / (own.sigma * own.sigma);
        const Accum offset = precision == Accum(0) ? Accum(0) : element(theta[p], w) - own.mean;
        const int pp = packed(p, p);
        set_element(sums.value, w, element(sums.value, w) + precision * offset * offset);
        set_element(sums.gradient[p], w, 2 * precision * offset);
        set_element(sums.hessian[pp], w, 2 * precision);
      }
    }
  }

  /// Judge the trial point, move there or not, and set the next one.
  KOKKOS_FUNCTION void advance(const Member& member, const ArrowGroup& group,
                               Shared& shared) const {
    const ArrowRows<n>& rows = work.rows;
    Kokkos::single(Kokkos::PerTeam(member), [&]() { judge(shared); });
    member.team_barrier();
    const double gradient_tolerance = problem.options.gradient_tolerance;
    work.for_each_pack(member, group, [&](int c) { move(group, shared, c); });
    work.sum(member, group, rows.term(), 2, shared);
    Kokkos::single(Kokkos::PerTeam(member), [&]() {
      auto& fit = shared.fit;
      const bool judged = !shared.fresh;
      fit.end(judged && shared.moves && problem.options.step_tolerance > 0.0 &&
                  shared.total[0] == Accum(0),
              FitStatus::converged_step);
      fit.final_trial = false;
      fit.end(!fit.current.finite(rows.shared), FitStatus::non_finite);
      if (gradient_tolerance > 0.0) {
        fit.end(shared.total[1] == Accum(0) &&
                    lm_gradient_vanishes(fit, rows.shared, shared.bounds, gradient_tolerance),
                FitStatus::converged_gradient);
      }
      ++shared.evaluations;
      shared.fresh = false;
      shared.running = fit.running();
    });
    member.team_barrier();
    if (shared.running) {
      propose_group(member, problem, work, group, shared);
    }
  }

  /// One thread judges the sums at the trial point.
  KOKKOS_FUNCTION void judge(Shared& shared) const {
    const int count = work.rows.shared;
    auto& fit = shared.fit;
    LmOptions options = problem.options;
    options.step_tolerance = 0.0;  // it is for the local parameters to tell, too
    const Accum before = fit.current.value;
    const bool finite = shared.at_trial.finite(count);
    const Accum value = finite ? shared.at_trial.value : Kokkos::Experimental::quiet_NaN_v<Accum>;
    shared.short_step = true;
    const auto tolerance = static_cast<Accum>(problem.options.step_tolerance);
    for (int a = 0; a < count; ++a) {
      const Accum size = Kokkos::fabs(fit.trial[a] - fit.theta[a]);
      shared.short_step =
          shared.short_step && size <= tolerance * (Kokkos::fabs(fit.theta[a]) + tolerance);
    }
    const bool judged = fit.running() && !shared.fresh;
    shared.moves = lm_judge<LmRules::residuals>(fit, count, judged, value, options) || shared.fresh;
    // Sizes are too small to damp with, see ResidualState.
    shared.grows =
        judged && shared.moves && fit.running() && Kokkos::fabs(before - value) <= fit.rounding;
    if (shared.moves) {
      fit.current = shared.at_trial;
      fit.current.value = value;
      shared.which = 1 - shared.which;
    }
    const Accum root = Kokkos::sqrt(fit.current.value);
    shared.root_of_first = shared.fresh ? root : shared.root_of_first;
    const Accum least = least_of_value(fit.current.value, shared.root_of_first, root);
    for (int a = 0; a < count; ++a) {
      const bool grows =
          shared.grows && shared.bounds.least_curvature[a] > fit.current.hessian[packed(a, a)];
      shared.square[a] = Kokkos::fmax(grows ? growth * shared.square[a] : shared.square[a],
                                      fit.theta[a] * fit.theta[a]);
      shared.bounds.least_curvature[a] = least / shared.square[a];
    }
    fit.rounding =
        rounding_of_value<typename P::real_type>(fit.current.value, root, shared.root_of_signal);
    if (!problem.knows_errors()) {
      fit.unit = fit.current.value / shared.freedom;
    }
  }

  /// Local parameters follow the judgement. Terms: steps that are not short, gradients that do not vanish.
  KOKKOS_FUNCTION void move(const ArrowGroup& group, const Shared& shared, int c) const {
    using Kokkos::sqrt;
    const ArrowRows<n>& rows = work.rows;
    ArrowPoint<T, n> at;
    work.present(group, c, shared.which, at);
    if (shared.fresh) {
      work.put(group, rows.first_value(), c, sqrt(at.value));
    }
    const T floor = work.local_floor(group, c, at.value, shared);
    const auto& options = problem.options;
    const auto step = static_cast<Accum>(options.step_tolerance);
    const auto flat =
        static_cast<Accum>(2 * options.gradient_tolerance * options.gradient_tolerance);
    T longer(shared.short_step ? 0 : 1), steep(0);
    LmBounds<T, n> bounds;
    work.local_bounds(problem, group, c, bounds);
    for (int l = 0; l < rows.local; ++l) {
      T theta = work.get(group, rows.theta() + l, c);
      if (shared.moves) {
        const T trial = work.get(group, rows.trial() + l, c);
        longer = select(abs_of(trial - theta) <= T(step) * (abs_of(theta) + T(step)), longer, T(1));
        theta = trial;
        work.put(group, rows.theta() + l, c, theta);
        T square = work.get(group, rows.square() + l, c);
        const auto damped = floor / square > at.block(rows.shared, l, l);
        square = shared.grows ? select(damped, T(growth) * square, square) : square;
        work.put(group, rows.square() + l, c, max_of(square, theta * theta));
      }
      const T& g = at.gradient[rows.shared + l];
      const auto vanishes =
          bounds.fixed[l] || (theta <= bounds.lower[l] && g > T(0)) ||
          (theta >= bounds.upper[l] && g < T(0)) ||
          g * g <= T(flat * shared.fit.current.value) * at.block(rows.shared, l, l);
      steep = select(vanishes, steep, T(1));
    }
    work.put(group, rows.term(), c, longer);
    work.put(group, rows.term() + 1, c, steep);
  }

  /// Sizes of steps without effect grow by 2^10, unless differences are taken with them.
  static constexpr Accum growth =
      derivatives_of<typename Problem::ModelType>() == Derivatives::differences ? 1 : 1048576;
};

}  // namespace rvfit::detail
