// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Results of a group of data sets, written by its team. Covariances are those of the whole arrow (arrow_order.hpp): with
/// Z_j = L_j^-1 B_j and the reduced matrix R = S - sum_j B_j^T Z_j,
///
///   C_SS = 2 R^-1,    C_jS = -Z_j C_SS,    C_jj = 2 L_j^-1 + Z_j C_SS Z_j^T.
///
/// L_j may be singular: a null vector of L_j is one of the whole, for it is in the border's null space, too. So inverses over
/// independent local parameters serve the shared ones. A local parameter that moves with an undetermined
/// shared one is undetermined itself.

#include <rvfit/residual/detail/group_work.hpp>
#include <rvfit/residual/detail/write_fit.hpp>
#include <rvfit/residual/shared_fits.hpp>
#include <rvfit/solver/determined_covariance.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace rvfit::detail {

/// The local parameters of one data set with the shared ones held.
template <class Accum, int N>
struct LocalCovariance {
  ArrowPoint<Accum, N> at;
  bool free[N];                    ///< local parameters inside their bounds
  std::uint64_t on_bound;          ///< bit l
  Accum covariance[packed(N, 0)];  ///< 2 L^-1 over independent ones
  Accum follows[N][N];             ///< Z
  DeterminedParameters determined;
};

template <class Problem, ExecutionPolicy P>
KOKKOS_FUNCTION void local_covariance(const Problem& problem, const GroupWork<Problem, P>& work,
                                      const ArrowGroup& group, int c, int which,
                                      LocalCovariance<typename P::accum_type, Problem::n>& out) {
  constexpr int n = Problem::n;
  using Accum = typename P::accum_type;
  const ArrowRows<n>& rows = work.rows;
  const int column = group.column + c;
  out.on_bound = 0;
  for (int l = 0; l < rows.local; ++l) {
    const auto own = problem.parameter(group.number(c), work.order.parameter[rows.shared + l]);
    const Accum theta = work.work(rows.theta() + l, column);
    const bool inside = theta > own.lower && theta < own.upper;
    out.free[l] = !own.fixed && inside;
    out.on_bound |= !own.fixed && !inside ? std::uint64_t{1} << l : 0;
  }
  Accum block[packed(n, 0)];
  for (int k = 0; k < packed(n, 0); ++k) {
    out.at.hessian[k] = work.work(rows.hessian(which) + k, column);
  }
  for (int l = 0; l < rows.local; ++l) {
    for (int k = 0; k <= l; ++k) {
      block[packed(l, k)] = out.at.block(rows.shared, l, k);
    }
  }
  out.determined = covariance_of_independent<n>(rows.local, out.free, block, least_pivot<Problem>(),
                                                out.covariance);
  for (int l = 0; l < rows.local; ++l) {
    for (int s = 0; s < rows.shared; ++s) {
      Accum sum = 0;
      for (int k = 0; k < rows.local; ++k) {
        sum +=
            out.covariance[l < k ? packed(k, l) : packed(l, k)] * out.at.border(rows.shared, k, s);
      }
      out.follows[l][s] = Accum(0.5) * sum;
    }
  }
}

/// Covariance of the shared parameters, in shared.covariance, by all threads.
template <class Problem, ExecutionPolicy P>
KOKKOS_FUNCTION void covariance_of_shared(const typename P::member_type& member,
                                          const Problem& problem, const GroupWork<Problem, P>& work,
                                          const ArrowGroup& group,
                                          typename GroupWork<Problem, P>::Shared& shared) {
  constexpr int n = Problem::n;
  using Accum = typename P::accum_type;
  const ArrowRows<n>& rows = work.rows;
  const int count = rows.shared;
  Kokkos::parallel_for(Kokkos::TeamThreadRange(member, group.size), [&](int c) {
    LocalCovariance<Accum, n> local;
    local_covariance(problem, work, group, c, shared.which, local);
    for (int s = 0; s < count; ++s) {
      for (int t = 0; t <= s; ++t) {
        Accum sum = 0;
        for (int l = 0; l < rows.local; ++l) {
          sum += local.at.border(count, l, s) * local.follows[l][t];
        }
        work.work(rows.term() + packed(s, t), group.column + c) = sum;
      }
    }
    work.work(rows.term() + packed(count, 0), group.column + c) =
        static_cast<Accum>(local.determined.rank);
  });
  work.sum(member, group, rows.term(), packed(count, 0) + 1, shared);
  Kokkos::single(Kokkos::PerTeam(member), [&]() {
    const auto& fit = shared.fit;
    Accum reduced[packed(n, 0)];
    bool free[n];
    const Accum tolerance = least_pivot<Problem>();
    for (int s = 0; s < count; ++s) {
      free[s] = !shared.bounds.fixed[s] && fit.theta[s] > shared.bounds.lower[s] &&
                fit.theta[s] < shared.bounds.upper[s];
      for (int t = 0; t <= s; ++t) {
        const int k = packed(s, t);
        reduced[k] = fit.current.hessian[k] - shared.total[k];
      }
      // A rest of S that is its rounding is nothing.
      Accum& diagonal = reduced[packed(s, s)];
      diagonal = diagonal > tolerance * fit.current.hessian[packed(s, s)] ? diagonal : Accum(0);
    }
    const auto determined =
        determined_covariance<n>(count, free, reduced, tolerance, shared.covariance);
    shared.undetermined = determined.undetermined;
    shared.rank = determined.rank + static_cast<int>(shared.total[packed(count, 0)]);
  });
  member.team_barrier();
}

/// Covariance and correlation of the parameters of one data set, and which of them have none.
template <class Problem, ExecutionPolicy P>
KOKKOS_FUNCTION void write_covariance_of_set(const Problem& problem,
                                             const GroupWork<Problem, P>& work,
                                             const ArrowGroup& group, int c,
                                             typename P::accum_type factor,
                                             const typename GroupWork<Problem, P>::Shared& shared) {
  constexpr int n = Problem::n;
  using Number = typename P::accum_type;
  const ArrowRows<n>& rows = work.rows;
  const int count = rows.shared;
  const std::int64_t number = group.number(c);
  const auto& out = problem.out;
  const bool solved = is_solution(static_cast<FitStatus>(shared.fit.status));
  constexpr Number nan = Kokkos::Experimental::quiet_NaN_v<Number>;
  Number covariance[packed(n, 0)], unit[n];
  for (int k = 0; k < packed(n, 0); ++k) {
    covariance[k] = nan;
  }
  std::uint64_t undetermined = 0, on_bound = 0;
  int rank = 0;
  if (solved) {
    LocalCovariance<Number, n> local;
    local_covariance(problem, work, group, c, shared.which, local);
    rank = local.determined.rank;
    bool told[n];  // parameters with an error, by place
    for (int a = 0; a < n; ++a) {
      const int p = work.order.parameter[a], l = a - count;
      bool open = false, held = false;
      if (l < 0) {
        open = (shared.undetermined >> a & 1) != 0;
        held = !shared.bounds.fixed[a] && !(shared.fit.theta[a] > shared.bounds.lower[a] &&
                                            shared.fit.theta[a] < shared.bounds.upper[a]);
        told[a] = shared.covariance[packed(a, a)] >= Number(0);
      } else {
        open = (local.determined.undetermined >> l & 1) != 0;
        held = (local.on_bound >> l & 1) != 0;
        const Number touched = 16 * Kokkos::sqrt(least_pivot<Problem>());
        const Number size = local.at.block(count, l, l);
        for (int s = 0; s < count; ++s) {
          const Number share = local.follows[l][s] * local.follows[l][s] * size;
          const bool moves = share > touched * touched * local.at.hessian[packed(s, s)];
          open = open || (local.free[l] && moves && (shared.undetermined >> s & 1) != 0);
        }
        told[a] = local.free[l] && !open;
      }
      undetermined |= open ? std::uint64_t{1} << p : 0;
      on_bound |= held ? std::uint64_t{1} << p : 0;
    }
    const auto of_shared = [&](int s, int t) {
      return told[s] && told[t] ? shared.covariance[s < t ? packed(t, s) : packed(s, t)]
                                : Number(0);
    };
    Number with_shared[n][n];  // Z C_SS
    for (int l = 0; l < rows.local; ++l) {
      for (int s = 0; s < count; ++s) {
        with_shared[l][s] = 0;
        for (int t = 0; t < count; ++t) {
          with_shared[l][s] += local.follows[l][t] * of_shared(t, s);
        }
      }
    }
    for (int a = 0; a < n; ++a) {
      for (int b = 0; b <= a; ++b) {
        const int p = work.order.parameter[a], q = work.order.parameter[b];
        Number element = a < count ? of_shared(a, b)
                                   : (b < count ? -with_shared[a - count][b]
                                                : local.covariance[packed(a - count, b - count)]);
        for (int s = 0; b >= count && s < count; ++s) {
          element += with_shared[a - count][s] * local.follows[b - count][s];
        }
        covariance[p < q ? packed(q, p) : packed(p, q)] = told[a] && told[b] ? element : nan;
      }
    }
  }
  for (int p = 0; p < n; ++p) {
    unit[p] = 1;
  }
  write_matrices<n>(out, number, covariance, unit, factor);
  if (out.rank.extent(0) != 0) {
    const std::int64_t set = problem.set_of(number);
    int used = 0;
    for (int i = 0; i < problem.data.points; ++i) {
      used += problem.weight(set, i) != Number(0) ? 1 : 0;
    }
    out.rank(number) = rank;
    out.freedom(number) = used - rank;
    out.undetermined(number) = undetermined;
    out.on_bound(number) = on_bound;
  }
}

/// Write the results of a group and of its data sets. All threads call it.
template <class Problem, ExecutionPolicy P>
KOKKOS_FUNCTION void write_group(const typename P::member_type& member, const Problem& problem,
                                 const GroupWork<Problem, P>& work, const ArrowGroup& group,
                                 int number, typename GroupWork<Problem, P>::Shared& shared,
                                 const SharedFits<P>& out) {
  constexpr int n = Problem::n;
  using Number = typename P::accum_type;
  const ArrowRows<n>& rows = work.rows;
  const auto& fits = problem.out;
  const auto& fit = shared.fit;
  const auto status = static_cast<FitStatus>(fit.status);
  constexpr Number nan = Kokkos::Experimental::quiet_NaN_v<Number>;
  const bool covariances = fits.covariance.extent(0) != 0 || fits.correlation.extent(0) != 0;
  const bool invalid = status == FitStatus::invalid;
  if (covariances && is_solution(status)) {
    covariance_of_shared(member, problem, work, group, shared);
  }
  const int freedom = is_solution(status) ? static_cast<int>(shared.used) - shared.rank : 0;
  Number factor = 1;
  if (problem.scale_covariance) {
    factor = freedom > 0 ? fit.current.value / static_cast<Number>(freedom) : nan;
  }
  Kokkos::parallel_for(Kokkos::TeamThreadRange(member, group.size), [&](int c) {
    const std::int64_t b = group.number(c);
    const int column = group.column + c;
    for (int a = 0; a < n; ++a) {
      fits.theta(b, work.order.parameter[a]) =
          a < rows.shared ? fit.theta[a] : work.work(rows.theta() + a - rows.shared, column);
    }
    fits.value(b) = invalid ? nan : work.work(rows.value(shared.which), column);
    fits.status(b) = status;
    fits.iterations(b) = fit.iterations;
    fits.evaluations(b) = shared.evaluations;
    if (covariances) {
      write_covariance_of_set(problem, work, group, c, factor, shared);
    }
  });
  Kokkos::single(Kokkos::PerTeam(member), [&]() {
    out.value(number) = invalid ? nan : fit.current.value;
    out.status(number) = status;
    if (out.rank.extent(0) != 0) {
      out.rank(number) = is_solution(status) && covariances ? shared.rank : 0;
      out.freedom(number) = is_solution(status) && covariances ? freedom : 0;
    }
  });
}

}  // namespace rvfit::detail
