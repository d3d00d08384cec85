// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Team scratch of a projection: rows over a block of pixels, sums over all pixels, and the solution of
/// the normal equations, in the letters of continuum/projection.hpp.

#include <rvfit/core/team.hpp>

#include <cstddef>

namespace rvfit::detail {

/// Places of the sums of pass A: products of all pairs of the rows of S and d, which is the last row,
/// but for |d|^2.
struct NormalSums {
  int columns;

  [[nodiscard]] KOKKOS_FUNCTION int rows() const { return columns + 1; }
  /// Row i times row j <= i.
  [[nodiscard]] KOKKOS_FUNCTION static int product(int i, int j) { return i * (i + 1) / 2 + j; }
  [[nodiscard]] KOKKOS_FUNCTION int count() const { return product(rows(), 0); }
};

/// Places of the sums of pass B.
struct ResidualSums {
  int columns;
  int tangents;

  /// Rows that those of B are multiplied with: themselves, then those of Q.
  [[nodiscard]] KOKKOS_FUNCTION int rows() const { return tangents + columns; }
  /// (B B^T)_pq for row q, (B Q^T)_pk for row P + k.
  [[nodiscard]] KOKKOS_FUNCTION int product(int p, int row) const { return p * rows() + row; }
  /// sum_i u_i dT_i/dtheta_p.
  [[nodiscard]] KOKKOS_FUNCTION int slope(int p) const { return tangents * rows() + p; }
  /// |r|^2.
  [[nodiscard]] KOKKOS_FUNCTION int chi2() const { return tangents * rows() + tangents; }
  [[nodiscard]] KOKKOS_FUNCTION int count() const { return chi2() + 1; }
};

/// Scratch of one spectrum with K columns and P tangents. Rows are `stride` numbers apart.
template <ExecutionPolicy P>
struct ProjectionScratch {
  using Accum = typename P::accum_type;
  static constexpr int stride = row_stride<P>;
  Accum* slopes;  ///< (P) rows  dT/dtheta
  Accum* B;       ///< (P) rows, directly before those of Q
  Accum* S;       ///< (K) rows of pass A
  Accum* Q;       ///< (K) rows of pass B in place of S: P, which becomes y, which becomes Q
  Accum* d;       ///< one row of pass A
  Accum* u;       ///< one row of pass B in place of d
  Accum* r;       ///< one row
  Accum* sums;    ///< those of NormalSums, then those of ResidualSums
  Accum* L;       ///< (K, K)  lower triangle
  Accum* c;       ///< (K)
  Accum* rho;     ///< (K)

  [[nodiscard]] static int bytes(int columns, int tangents) {
    return size(columns, tangents) * static_cast<int>(sizeof(Accum)) + 64;  // for the alignment
  }
  /// Level of the team's memory: 1 where many columns do not fit into 0.
  [[nodiscard]] static int level(int columns, int tangents) {
    return bytes(columns, tangents) <= P::team_policy::scratch_size_max(0) ? 0 : 1;
  }
  /// One team a spectrum.
  [[nodiscard]] static typename P::team_policy make_policy(const typename P::execution_space& exec,
                                                           int spectra, int columns, int tangents) {
    auto policy = teams<P>(exec, spectra);
    policy.set_scratch_size(level(columns, tangents), Kokkos::PerTeam(bytes(columns, tangents)));
    return policy;
  }

  KOKKOS_FUNCTION ProjectionScratch(const typename P::member_type& member, int level, int columns,
                                    int tangents)
      : slopes(static_cast<Accum*>(member.team_scratch(level).get_shmem_aligned(
            static_cast<std::size_t>(size(columns, tangents)) * sizeof(Accum), 64))),
        B(slopes + tangents * stride),
        S(B + tangents * stride),
        Q(S),
        d(S + columns * stride),
        u(d),
        r(d + stride),
        sums(r + stride),
        L(sums + sum_count(columns, tangents) * sum_width<P>),
        c(L + columns * columns),
        rho(c + columns) {}

  /// The same with rows that begin `offset` pixels later.
  [[nodiscard]] KOKKOS_FUNCTION ProjectionScratch from(int offset) const {
    ProjectionScratch out = *this;
    out.slopes += offset;
    out.B += offset;
    out.S += offset;
    out.Q += offset;
    out.d += offset;
    out.u += offset;
    out.r += offset;
    return out;
  }

  /// Accumulators of a sum.
  [[nodiscard]] KOKKOS_FUNCTION Accum* sum(int place) const { return sums + place * sum_width<P>; }
  [[nodiscard]] KOKKOS_FUNCTION Accum total_of(int place) const { return total<P>(sum(place)); }

  /// Set the first `count` sums to zero.
  KOKKOS_FUNCTION void clear_sums(const typename P::member_type& member, int count) const {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, count * sum_width<P>),
                         [&](int n) { sums[n] = 0; });
    member.team_barrier();
  }

 private:
  [[nodiscard]] KOKKOS_FUNCTION static int sum_count(int columns, int tangents) {
    return Kokkos::max(NormalSums{columns}.count(), ResidualSums{columns, tangents}.count());
  }
  [[nodiscard]] KOKKOS_FUNCTION static int size(int columns, int tangents) {
    return (columns + 2 * tangents + 2) * stride + sum_count(columns, tangents) * sum_width<P> +
           columns * (columns + 2);
  }
};

}  // namespace rvfit::detail
