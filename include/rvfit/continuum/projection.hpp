// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The continuum eliminated from one arm by variable projection. With S_ki = w_i P_ki T_i,
/// d_i = w_i D_i and the Cholesky factor L of S S^T:
///
///   c = (S S^T)^-1 S d,   r = d - c^T S
///   neg2_log_like = ln det(S S^T) + 2 sum_i ln sigma_i + |r|^2
///
/// which is the likelihood marginalised over c with a flat prior. With y = L^-1 P, so that the rows
/// w_i T_i y_ki are orthonormal, and B_pi = w_i (c^T P)_i dT_i/dtheta_p:
///
///   gradient_p = 2 sum_i dT_i/dtheta_p [ T_i w_i^2 |y_i|^2 - w_i (c^T P)_i r_i ]         (exact)
///   hessian    = 2 [ B B^T - (B (wTy)^T) (B (wTy)^T)^T ]                      (Kaufman's form)
///
/// (Golub & Pereyra, SIAM J. Numer. Anal. 10, 413, 1973; Kaufman, BIT 15, 49, 1975.)
/// Agrees with rvspecfit's get_chisq0, pixels it masks left out.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/core/team.hpp>
#include <rvfit/core/tile.hpp>
#include <rvfit/data/linearization.hpp>
#include <rvfit/data/spectrum_batch.hpp>
#include <rvfit/linalg/cholesky.hpp>

#include <string>

namespace rvfit {

/// Whether an arm has enough good pixels to say anything beyond its continuum; others are left out.
[[nodiscard]] KOKKOS_INLINE_FUNCTION bool has_enough_pixels(int good, int columns) {
  return good > columns;
}

/// What a projection writes besides the objective; views that are not allocated are skipped.
template <ExecutionPolicy P>
struct ProjectionOutputs {
  using Accum = typename P::accum_type;
  Vector<Accum, P> chi2;  ///< (B)     |r|^2 over w_i > 0; not set for an arm left out
  Matrix<typename P::real_type, P> model;  ///< (B, N)  (c^T P)_i T_i, masked pixels too  [flux]
};

namespace detail {

/// Rows and sums of one spectrum in team scratch.
template <ExecutionPolicy P>
struct ProjectionScratch {
  using Accum = typename P::accum_type;
  Accum* rows;          ///< (K, pixel_block)  columns: S in pass A, w T y in pass B
  Accum* slopes;        ///< (P, pixel_block)  dT/dtheta
  Accum* tangents;      ///< (P, pixel_block)  B
  Accum* data;          ///< (pixel_block)     d in pass A; in pass B the weight of dT/dtheta
  Accum* residual;      ///< (pixel_block)     r
  Accum* sums;          ///< accumulators of all dot products
  Accum* factor;        ///< (K, K)            S S^T, then L with 1 / L_kk on its diagonal
  Accum* coefficients;  ///< (K)               S d, then c
  Accum* ridge_weight;  ///< (K)               ridge (M_kk + c_k^2), what the ridge adds to |y|^2

  /// Dot products of pass A: a row of S S^T and S d for each column; of pass B: for each parameter
  /// B B^T, B (w T y)^T and the gradient, then |r|^2.
  [[nodiscard]] KOKKOS_FUNCTION static int sum_count(int columns, int parameters) {
    return Kokkos::max(columns * (columns + 1), parameters * (parameters + columns + 1) + 1);
  }
  [[nodiscard]] KOKKOS_FUNCTION static int size(int columns, int parameters) {
    return (columns + 2 * parameters + 2) * pixel_block +
           sum_count(columns, parameters) * sum_lanes<P> + columns * (columns + 2);
  }

  KOKKOS_FUNCTION ProjectionScratch(const typename P::member_type& member, int level, int columns,
                                    int parameters) {
    rows = static_cast<Accum*>(member.team_scratch(level).get_shmem_aligned(
        static_cast<std::size_t>(size(columns, parameters)) * sizeof(Accum), 64));
    slopes = rows + columns * pixel_block;
    tangents = slopes + parameters * pixel_block;
    data = tangents + parameters * pixel_block;
    residual = data + pixel_block;
    sums = residual + pixel_block;
    factor = sums + sum_count(columns, parameters) * sum_lanes<P>;
    coefficients = factor + columns * columns;
    ridge_weight = coefficients + columns;
  }
};

/// One team projects one spectrum: pass A makes the normal equations; pass B the residual and, if
/// there are tangents, gradient and curvature.
template <ExecutionPolicy P>
struct ProjectionKernel {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  using Member = typename P::member_type;
  using Scratch = ProjectionScratch<P>;
  static constexpr int width = P::pixels_abreast;
  static constexpr int lanes = sum_lanes<P>;
  /// Added to the diagonal of S S^T, relative to it, and ridge sum_k (S S^T)_kk c_k^2 to the objective,
  /// as for a prior on c: where the good pixels do not support all
  /// columns, ln det stays a smooth function of theta instead of hanging on rounding errors.
  /// (rvspecfit's masked pixels, at 1000 x the median error, do the same and more.)
  static constexpr Accum ridge = Accum(4096) * Kokkos::Experimental::epsilon_v<Accum>;
  /// A column whose pivot has lost this much of its diagonal is dropped.
  static constexpr Accum dependent = Accum(64) * Kokkos::Experimental::epsilon_v<Accum>;

  Tile<P> tile;
  SpectrumView<P> data;
  Cube<const Real, P> basis;
  Jets<P> jets;
  Tangents tangents;
  int parameters;     ///< number of tangents
  int scratch_level;  ///< 0, or 1 where many columns do not fit
  Linearization<P> out;
  ProjectionOutputs<P> extra;

  KOKKOS_FUNCTION void operator()(const Member& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    const int spectrum = tile.spectrum_of(b);
    const auto columns = static_cast<int>(basis.extent(1));
    if (b < 0 || !has_enough_pixels(data.good(spectrum), columns)) {
      return;
    }
    const Scratch scratch(member, scratch_level, columns, parameters);
    normal_equations(member, t, spectrum, columns, scratch);
    Kokkos::single(Kokkos::PerTeam(member), [&] { solve(b, spectrum, columns, scratch); });
    member.team_barrier();
    residuals(member, t, spectrum, columns, scratch);
    Kokkos::single(Kokkos::PerTeam(member), [&] { store(b, spectrum, columns, scratch); });
  }

 private:
  /// Inputs of a group of pixels; beyond the last pixel everything is zero.
  struct Group {
    int begin;
    int count;
    Accum weight[width], flux[width], value[width];
  };

  [[nodiscard]] KOKKOS_FUNCTION Group load(int t, int spectrum, int begin) const {
    Group g{};
    g.begin = begin;
    g.count = Kokkos::min(int{width}, data.pixels() - begin);
    for (int w = 0; w < g.count; ++w) {
      g.weight[w] = data.weight(spectrum, begin + w);
      g.flux[w] = data.flux(spectrum, begin + w);
      g.value[w] = jets(t, 0, begin + w);
    }
    return g;
  }

  /// Column k of the basis for a group.
  KOKKOS_FUNCTION void load_column(int spectrum, int k, const Group& g, Accum* row) const {
    const int basis_row = basis.extent(0) == 1 ? 0 : spectrum;
    for (int w = 0; w < g.count; ++w) {
      row[w] = basis(basis_row, k, g.begin + w);
    }
    for (int w = Kokkos::max(g.count, 0); w < width; ++w) {
      row[w] = 0;
    }
  }

  KOKKOS_FUNCTION static void clear(const Member& member, Accum* sums, int count) {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, count * lanes),
                         [&](int n) { sums[n] = 0; });
    member.team_barrier();
  }

  /// Pass A: S S^T and S d.
  KOKKOS_FUNCTION void normal_equations(const Member& member, int t, int spectrum, int columns,
                                        const Scratch& scratch) const {
    const int sums = columns * (columns + 1);
    clear(member, scratch.sums, sums);
    for (int begin = 0; begin < data.pixels(); begin += pixel_block) {
      for_each_group<P>(member, [&](int offset) {
        const Group g = load(t, spectrum, begin + offset);
        for (int w = 0; w < width; ++w) {
          scratch.data[offset + w] = g.weight[w] * g.flux[w];
        }
        for (int k = 0; k < columns; ++k) {
          Accum* row = scratch.rows + k * pixel_block + offset;
          load_column(spectrum, k, g, row);
          for (int w = 0; w < width; ++w) {
            row[w] *= g.weight[w] * g.value[w];
          }
        }
      });
      member.team_barrier();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, sums), [&](int n) {
        const int k = n / (columns + 1);
        const int j = n % (columns + 1);
        if (j <= k || j == columns) {
          const Accum* other = j == columns ? scratch.data : scratch.rows + j * pixel_block;
          accumulate_dot<P>(scratch.rows + k * pixel_block, other, scratch.sums + n * lanes);
        }
      });
      member.team_barrier();
    }
  }

  /// Factor the normal equations, solve for c, and add ln det(S S^T) to the objective.
  KOKKOS_FUNCTION void solve(int b, int spectrum, int columns, const Scratch& scratch) const {
    Accum* l = scratch.factor;
    for (int k = 0; k < columns; ++k) {
      const Accum* sums = scratch.sums + k * (columns + 1) * lanes;
      for (int j = 0; j <= k; ++j) {
        l[k * columns + j] = total<P>(sums + j * lanes);
      }
      scratch.ridge_weight[k] = ridge * l[k * columns + k];
      l[k * columns + k] += scratch.ridge_weight[k];
      scratch.coefficients[k] = total<P>(sums + columns * lanes);
    }
    cholesky_factor(l, columns, columns, dependent);
    cholesky_solve(l, columns, columns, scratch.coefficients);
    Accum value = cholesky_log_det(l, columns, columns) + data.log_norm(spectrum);
    Accum* column = scratch.sums;  // free until pass B
    for (int k = 0; k < columns; ++k) {
      const Accum c2 = scratch.coefficients[k] * scratch.coefficients[k];
      value += scratch.ridge_weight[k] * c2;
      Accum inverse = 0;  // M_kk = |L^-1 e_k|^2
      for (int j = 0; j < columns; ++j) {
        column[j] = j == k ? 1 : 0;
      }
      cholesky_forward(l, columns, columns, column);
      for (int j = k; j < columns; ++j) {
        inverse += column[j] * column[j];
      }
      scratch.ridge_weight[k] = ridge * (inverse + c2);
    }
    out.value(b) += value;
    for (int k = 0; k < columns; ++k) {
      Accum& diagonal = l[k * columns + k];
      diagonal = diagonal > 0 ? 1 / diagonal : 0;
    }
  }

  /// Pass B.
  KOKKOS_FUNCTION void residuals(const Member& member, int t, int spectrum, int columns,
                                 const Scratch& scratch) const {
    const int row_length = parameters + columns + 1;
    const int sums = parameters * row_length + 1;
    clear(member, scratch.sums, sums);
    for (int begin = 0; begin < data.pixels(); begin += pixel_block) {
      for_each_group<P>(member, [&](int offset) {
        const Group g = load(t, spectrum, begin + offset);
        residual_group(t, spectrum, columns, g, offset, scratch);
      });
      member.team_barrier();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, sums), [&](int n) {
        const int p = n / row_length;
        const int c = n % row_length;
        Accum* sum = scratch.sums + n * lanes;
        const Accum* tangent = scratch.tangents + p * pixel_block;
        if (n == sums - 1) {
          accumulate_dot<P>(scratch.residual, scratch.residual, sum);
        } else if (c < parameters) {
          if (c <= p) {
            accumulate_dot<P>(tangent, scratch.tangents + c * pixel_block, sum);
          }
        } else if (c < parameters + columns) {
          accumulate_dot<P>(tangent, scratch.rows + (c - parameters) * pixel_block, sum);
        } else {
          accumulate_dot<P>(scratch.slopes + p * pixel_block, scratch.data, sum);
        }
      });
      member.team_barrier();
    }
  }

  /// Rows of pass B for one group of pixels.
  KOKKOS_FUNCTION void residual_group(int t, int spectrum, int columns, const Group& g, int offset,
                                      const Scratch& scratch) const {
    Accum continuum[width] = {};
    for (int k = 0; k < columns; ++k) {
      Accum* row = scratch.rows + k * pixel_block + offset;
      load_column(spectrum, k, g, row);
      const Accum c = scratch.coefficients[k];
      for (int w = 0; w < width; ++w) {
        continuum[w] += c * row[w];
      }
    }
    Accum* residual = scratch.residual + offset;
    for (int w = 0; w < width; ++w) {
      residual[w] = g.weight[w] * (g.flux[w] - continuum[w] * g.value[w]);
    }
    if (extra.model.data() != nullptr) {
      for (int w = 0; w < g.count; ++w) {
        extra.model(spectrum, g.begin + w) = static_cast<Real>(continuum[w] * g.value[w]);
      }
    }
    if (parameters == 0) {
      return;
    }
    Accum* slope_weight = scratch.data + offset;
    orthonormalize(columns, offset, scratch, slope_weight);
    for (int k = 0; k < columns; ++k) {
      Accum* row = scratch.rows + k * pixel_block + offset;
      for (int w = 0; w < width; ++w) {
        row[w] *= g.weight[w] * g.value[w];
      }
    }
    for (int w = 0; w < width; ++w) {
      continuum[w] *= g.weight[w];
      slope_weight[w] =
          g.value[w] * g.weight[w] * g.weight[w] * slope_weight[w] - continuum[w] * residual[w];
    }
    for (int p = 0; p < parameters; ++p) {
      Accum* slope = scratch.slopes + p * pixel_block + offset;
      Accum* tangent = scratch.tangents + p * pixel_block + offset;
      for (int w = 0; w < width; ++w) {
        slope[w] = 0;
      }
      for (int w = 0; w < g.count; ++w) {
        slope[w] = jets(t, 1 + p, g.begin + w);
      }
      for (int w = 0; w < width; ++w) {
        tangent[w] = continuum[w] * slope[w];
      }
    }
  }

  /// Rows become y = L^-1 P; `leverage` becomes |y|^2 of each pixel, and what the ridge adds to it.
  KOKKOS_FUNCTION void orthonormalize(int columns, int offset, const Scratch& scratch,
                                      Accum* leverage) const {
    Accum sum[width] = {};
    for (int k = 0; k < columns; ++k) {
      Accum y[width];
      Accum* row = scratch.rows + k * pixel_block + offset;
      const Accum ridge_part = scratch.ridge_weight[k];
      for (int w = 0; w < width; ++w) {
        y[w] = row[w];
        sum[w] += ridge_part * row[w] * row[w];
      }
      for (int j = 0; j < k; ++j) {
        const Accum l = scratch.factor[k * columns + j];
        const Accum* other = scratch.rows + j * pixel_block + offset;
        for (int w = 0; w < width; ++w) {
          y[w] -= l * other[w];
        }
      }
      const Accum inverse = scratch.factor[k * columns + k];
      for (int w = 0; w < width; ++w) {
        y[w] *= inverse;
        row[w] = y[w];
        sum[w] += y[w] * y[w];
      }
    }
    for (int w = 0; w < width; ++w) {
      leverage[w] = sum[w];
    }
  }

  /// Add the sums of pass B to the objective.
  KOKKOS_FUNCTION void store(int b, int spectrum, int columns, const Scratch& scratch) const {
    const int row_length = parameters + columns + 1;
    const Accum chi2 = total<P>(scratch.sums + parameters * row_length * lanes);
    out.value(b) += chi2;
    if (extra.chi2.data() != nullptr) {
      extra.chi2(spectrum) = chi2;
    }
    // B (w T y)^T, parked in the rows that pass B no longer needs.
    Accum* overlap = scratch.rows;  // (P, K)
    for (int p = 0; p < parameters; ++p) {
      const Accum* sums = scratch.sums + p * row_length * lanes;
      for (int k = 0; k < columns; ++k) {
        overlap[p * columns + k] = total<P>(sums + (parameters + k) * lanes);
      }
      const int column = tangents.column(p);
      out.gradient(b, column) += 2 * total<P>(sums + (parameters + columns) * lanes);
      for (int q = 0; q <= p; ++q) {
        Accum curvature = total<P>(sums + q * lanes);
        for (int k = 0; k < columns; ++k) {
          curvature -= overlap[p * columns + k] * overlap[q * columns + k];
        }
        const int other = tangents.column(q);
        out.hessian(b, column, other) += 2 * curvature;
        if (q < p) {
          out.hessian(b, other, column) += 2 * curvature;
        }
      }
    }
  }
};

}  // namespace detail

/// Add one arm of a tile to the objective.
///
/// @param[in]     exec        instance the work is enqueued on; the call does not fence
/// @param[in]     tile        T entries
/// @param[in]     data        B spectra of N pixels
/// @param[in]     basis       (1 or B, K, N)       of `continuum_basis`
/// @param[in]     jets        (T, >= 1 + tangents, >= N)  templates   [any flux unit]
/// @param[in]     tangents    in use, 0 to add to the value only
/// @param[in,out] out         of B spectra; spectra with K good pixels or fewer are left alone
/// @param[in]     extra       optional further outputs
/// @throws InvalidArgument  extents differ
template <ExecutionPolicy P>
void project(const typename P::execution_space& exec, const Tile<P>& tile,
             const SpectrumView<P>& data, const Cube<const typename P::real_type, P>& basis,
             const Jets<P>& jets, const Tangents& tangents, const Linearization<P>& out,
             const ProjectionOutputs<P>& extra = {}) {
  const auto columns = static_cast<int>(basis.extent(1));
  const int parameters = tangents.count;
  RVFIT_REQUIRE(static_cast<int>(basis.extent(2)) == data.pixels(), "project: data has ",
                data.pixels(), " pixels, basis has ", basis.extent(2));
  RVFIT_REQUIRE(static_cast<int>(jets.extent(2)) >= data.pixels() &&
                    static_cast<int>(jets.extent(1)) >= 1 + parameters &&
                    static_cast<int>(jets.extent(0)) >= tile.size,
                "project: jets are ", jets.extent(0), " x ", jets.extent(1), " x ", jets.extent(2),
                ", wanted at least ", tile.size, " x ", 1 + parameters, " x ", data.pixels());
  RVFIT_REQUIRE(tangents.last < static_cast<int>(out.gradient.extent(1)) &&
                    parameters <= static_cast<int>(out.gradient.extent(1)),
                "project: ", parameters, " tangents, the last of parameter ", tangents.last,
                ", the gradient has ", out.gradient.extent(1), " columns");
  typename P::team_policy policy(exec, tile.size, Kokkos::AUTO);
  const int bytes = detail::ProjectionScratch<P>::size(columns, parameters) *
                        static_cast<int>(sizeof(typename P::accum_type)) +
                    64;  // for the alignment
  const int level = bytes <= P::team_policy::scratch_size_max(0) ? 0 : 1;
  policy.set_scratch_size(level, Kokkos::PerTeam(bytes));
  Kokkos::parallel_for("rvfit::project", policy,
                       detail::ProjectionKernel<P>{tile, data, basis, jets, tangents, parameters,
                                                   level, out, extra});
}

}  // namespace rvfit
