// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Residual fits by a team each. Points come in blocks, whose terms and derivatives are rows of scratch.
/// Every sum over points is split into strips that one thread each keeps through all blocks, so that
/// the order of additions depends on the shape of the problem alone.

#include <rvfit/core/team.hpp>
#include <rvfit/residual/detail/model_derivatives.hpp>
#include <rvfit/residual/detail/residual_problem.hpp>
#include <rvfit/residual/detail/residual_state.hpp>
#include <rvfit/residual/detail/write_fit.hpp>

#include <Kokkos_Core.hpp>

#include <cstddef>
#include <cstdint>

namespace rvfit::detail {

template <class Problem, ExecutionPolicy P>
struct FitByTeam {
  static constexpr int n = Problem::n;
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  using Member = typename P::member_type;

  /// The value, the gradient and the lower triangle of the Hessian.
  static constexpr int sums = 1 + n + packed(n, 0);
  /// Strips of a sum; on CPUs a vector register; on GPUs enough to give a small fit's threads work.
  static constexpr int strips = P::on_host ? 8 : (sums < 16 ? 8 : (sums < 64 ? 4 : 1));
  static_assert(pixel_block % strips == 0);

  /// Scratch of a team.
  struct Shared {
    ResidualState<Accum, Problem> state;
    LmPoint<Accum, n> at_trial;
    Accum partial[sums][strips];
    Accum value[pixel_block], slope[pixel_block], curvature[pixel_block];
    Accum jacobian[n][pixel_block];
    bool running;
  };

  Problem problem;
  std::int64_t first;  ///< fit of this launch

  [[nodiscard]] static int scratch_bytes() {
    return static_cast<int>(sizeof(Shared) + alignof(Shared));
  }
  /// Level 0, near the team, where the scratch fits there.
  [[nodiscard]] static constexpr int scratch_level() { return sizeof(Shared) < 30000 ? 0 : 1; }

  /// Bytes near no team: residuals and derivatives of all points of correlated data.
  [[nodiscard]] int more_scratch_bytes() const {
    return problem.data.whitening.extent(0) == 0
               ? 0
               : (1 + n) * problem.data.points * static_cast<int>(sizeof(Accum)) +
                     static_cast<int>(alignof(Accum));
  }

  /// Residuals, and then derivatives in each parameter, of all points before they are whitened.
  KOKKOS_FUNCTION void linearize_all(const Member& member, const ModelArguments<Real, n>& at,
                                     std::int64_t set, Accum* raw) const {
    constexpr int values = values_of<typename Problem::ModelType>();
    const int points = problem.data.points;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, points / values), [&](int i) {
      Real f[values], jacobian[values][n];
      linearize_values(problem.model, at, set, i, f, jacobian);
      for (int c = 0; c < values; ++c) {
        const int j = i * values + c;
        raw[j] = static_cast<Accum>(f[c]) - problem.datum(set, j);
        for (int p = 0; p < n; ++p) {
          raw[(1 + p) * points + j] = static_cast<Accum>(jacobian[c][p]);
        }
      }
    });
  }

  /// Term and derivatives of row i of L^-1 r.
  KOKKOS_FUNCTION void whiten(std::int64_t set, int i, int k, const Accum* raw,
                              Shared& shared) const {
    const int points = problem.data.points;
    Accum residual = 0;
    Accum jacobian[n] = {};
    EstimatorTerm<Accum> term{0, 0, 0};
    if (i < points) {
      const auto& whitening = problem.data.whitening;
      const std::int64_t matrix = whitening.extent(0) == 1 ? 0 : set;
      for (int j = 0; j <= i; ++j) {
        const Accum share = whitening(matrix, i, j);
        residual += share * raw[j];
        for (int p = 0; p < n; ++p) {
          jacobian[p] += share * raw[(1 + p) * points + j];
        }
      }
      term = problem.estimator(residual, Accum(0), problem.weight(set, i));
    }
    shared.value[k] = term.value;
    shared.slope[k] = term.slope;
    shared.curvature[k] = term.curvature;
    for (int p = 0; p < n; ++p) {
      shared.jacobian[p][k] = jacobian[p];
    }
  }

  /// Whitened data, in the place of the residuals.
  KOKKOS_FUNCTION void whiten_data(const Member& member, std::int64_t set, Accum* raw) const {
    const auto& whitening = problem.data.whitening;
    const std::int64_t matrix = whitening.extent(0) == 1 ? 0 : set;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, problem.data.points), [&](int i) {
      Accum sum = 0;
      for (int j = 0; j <= i; ++j) {
        sum += whitening(matrix, i, j) * problem.datum(set, j);
      }
      raw[i] = sum;
    });
    member.team_barrier();
  }

  /// Terms and derivatives of one point. They are 0 past the last point, and where a point is left out.
  KOKKOS_FUNCTION void linearize(const ModelArguments<Real, n>& at, std::int64_t set, int i, int k,
                                 Shared& shared) const {
    EstimatorTerm<Accum> term{0, 0, 0};
    Real jacobian[n] = {};
    if (i < problem.data.points && problem.weight(set, i) != Accum(0)) {
      const Real f = linearize_model(problem.model, at, set, i, jacobian);
      const auto& units = shared.state.units;
      term =
          problem.estimator(static_cast<Accum>(f) * units.data, problem.datum(set, i) * units.data,
                            problem.weight(set, i) * units.weight);
    }
    shared.value[k] = term.value;
    shared.slope[k] = term.slope;
    shared.curvature[k] = term.curvature;
    for (int p = 0; p < n; ++p) {
      shared.jacobian[p][k] = static_cast<Accum>(jacobian[p]) * shared.state.units.data *
                              shared.state.units.parameter[p];
    }
  }

  /// Add the block's share to the strips of sum number s.
  template <int Abreast>
  KOKKOS_FUNCTION void add_block(int s, int strip, Shared& shared) const {
    const Accum* a = shared.value;
    const Accum* b = nullptr;
    const Accum* c = nullptr;
    if (s > n) {
      int p = 0;
      while (packed(p + 1, 0) <= s - 1 - n) {
        ++p;
      }
      a = shared.curvature;
      b = shared.jacobian[p];
      c = shared.jacobian[s - 1 - n - packed(p, 0)];
    } else if (s > 0) {
      a = shared.slope;
      b = shared.jacobian[s - 1];
    }
    for (int k = 0; k < pixel_block; k += strips) {
      for (int j = strip; j < strip + Abreast; ++j) {
        const Accum factor =
            b == nullptr ? Accum(1) : (c == nullptr ? b[k + j] : b[k + j] * c[k + j]);
        shared.partial[s][j] += a[k + j] * factor;
      }
    }
  }

  /// The sums over points at the trial point. Out of line: inlined, Clang 19 ends in its register allocator for AMD cards.
  [[gnu::noinline]] KOKKOS_FUNCTION void evaluate(const Member& member, std::int64_t set,
                                                  Accum* raw, Shared& shared) const {
    constexpr int abreast = P::on_host ? strips : 1;
    constexpr int groups = strips / abreast;
    const auto at = model_arguments<Real, typename Problem::ModelType>(
        shared.state.fit.trial, shared.state.bounds, shared.state.seen, shared.state.scale,
        shared.state.units);
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, sums * groups), [&](int item) {
      for (int j = 0; j < abreast; ++j) {
        shared.partial[item / groups][item % groups + j] = 0;
      }
    });
    if (raw != nullptr) {
      linearize_all(member, at, set, raw);
    }
    for (int begin = 0; begin < problem.data.points; begin += pixel_block) {
      member.team_barrier();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, pixel_block), [&](int k) {
        if (raw != nullptr) {
          whiten(set, begin + k, k, raw, shared);
        } else {
          linearize(at, set, begin + k, k, shared);
        }
      });
      member.team_barrier();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, sums * groups), [&](int item) {
        add_block<abreast>(item / groups, item % groups, shared);
      });
    }
    member.team_barrier();
  }

  /// Add the totals of the sums to the priors, and move on.
  KOKKOS_FUNCTION void advance(Shared& shared) const {
    LmPoint<Accum, n>& point = shared.at_trial;
    problem.add_priors(shared.state.priors, shared.state.fit.trial, point);
    const auto total = [&](int s) {
      Accum sum = 0;
      for (int j = 0; j < strips; ++j) {
        sum += shared.partial[s][j];
      }
      return sum;
    };
    point.value += total(0);
    for (int p = 0; p < n; ++p) {
      point.gradient[p] += total(1 + p);
    }
    for (int k = 0; k < packed(n, 0); ++k) {
      point.hessian[k] += total(1 + n + k);
    }
    shared.state.advance(point, problem.options, problem.knows_errors());
    shared.running = shared.state.fit.running();
  }

  KOKKOS_FUNCTION void operator()(const Member& member) const {
    const std::int64_t fit = first + member.league_rank();
    const std::int64_t set = problem.set_of(fit);
    Shared& shared = *static_cast<Shared*>(
        member.team_scratch(scratch_level()).get_shmem_aligned(sizeof(Shared), alignof(Shared)));
    const bool correlated = problem.data.whitening.extent(0) != 0;
    Accum* raw = nullptr;
    if (correlated) {
      const auto bytes = sizeof(Accum) * static_cast<std::size_t>((1 + n) * problem.data.points);
      raw = static_cast<Accum*>(member.team_scratch(1).get_shmem_aligned(bytes, alignof(Accum)));
      whiten_data(member, set, raw);
    }
    Kokkos::single(Kokkos::PerTeam(member), [&]() {
      DataSums<Accum> sums;
      for (int i = 0; i < problem.data.points; ++i) {
        const Accum datum = correlated ? raw[i] : problem.datum(set, i);
        problem.add_datum(datum, problem.weight(set, i), sums);
      }
      problem.begin(fit, 0, sums, shared.state);
      shared.running = true;
    });
    member.team_barrier();
    int evaluations = 0;
    while (shared.running) {
      evaluate(member, set, raw, shared);
      ++evaluations;
      Kokkos::single(Kokkos::PerTeam(member), [&]() { advance(shared); });
      member.team_barrier();
    }
    Kokkos::single(Kokkos::PerTeam(member),
                   [&]() { write_fit(problem, fit, 0, shared.state, evaluations); });
  }
};

}  // namespace rvfit::detail
