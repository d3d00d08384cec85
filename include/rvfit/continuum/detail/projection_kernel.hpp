// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The kernel of continuum/projection.hpp, which has the formulas.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/continuum/projection_outputs.hpp>
#include <rvfit/core/team.hpp>
#include <rvfit/core/tile.hpp>
#include <rvfit/data/linearization.hpp>
#include <rvfit/data/spectrum_batch.hpp>
#include <rvfit/linalg/cholesky.hpp>

namespace rvfit::detail {

/// Rows and sums of one spectrum in team scratch; K columns, P parameters.
template <ExecutionPolicy P>
struct ProjectionScratch {
  using Accum = typename P::accum_type;
  static constexpr int stride = row_stride<P>;
  Accum* slopes;        ///< (P, stride)  dT/dtheta
  Accum* tangents;      ///< (P, stride)  B
  Accum* rows;          ///< (K, stride)  S in pass A, w T y in pass B
  Accum* data;          ///< (stride)     d in pass A; in pass B the weight of dT/dtheta
  Accum* residual;      ///< (stride)     r
  Accum* sums;          ///< accumulators of all dot products
  Accum* factor;        ///< (K, K)       S S^T, then L with 1 / L_kk on its diagonal
  Accum* coefficients;  ///< (K)          c
  Accum* ridge_weight;  ///< (K)          ridge (M_kk + c_k^2), what the ridge adds to |y|^2

  /// Dot products of pass A: all pairs of the rows of S and d, but for |d|^2. Of pass B: for each parameter B B^T and
  /// B (w T y)^T, then the gradient, then |r|^2.
  [[nodiscard]] KOKKOS_FUNCTION static int sum_count(int columns, int parameters) {
    return Kokkos::max((columns + 1) * (columns + 2) / 2,
                       parameters * (parameters + columns + 1) + 1);
  }
  [[nodiscard]] KOKKOS_FUNCTION static int size(int columns, int parameters) {
    return (columns + 2 * parameters + 2) * stride + sum_count(columns, parameters) * sum_width<P> +
           columns * (columns + 2);
  }

  KOKKOS_FUNCTION ProjectionScratch(const typename P::member_type& member, int level, int columns,
                                    int parameters) {
    slopes = static_cast<Accum*>(member.team_scratch(level).get_shmem_aligned(
        static_cast<std::size_t>(size(columns, parameters)) * sizeof(Accum), 64));
    tangents = slopes + parameters * stride;
    rows = tangents + parameters * stride;
    data = rows + columns * stride;
    residual = data + stride;
    sums = residual + stride;
    factor = sums + sum_count(columns, parameters) * sum_width<P>;
    coefficients = factor + columns * columns;
    ridge_weight = coefficients + columns;
  }
};

/// One team projects one spectrum: pass A makes the normal equations; pass B the residual and, if there
/// are tangents, gradient and curvature. (|d|^2 - c^T S d would spare pass B where only the value is
/// wanted, but loses the digits that stars of S/N 30,000 need.)
template <ExecutionPolicy P>
struct ProjectionKernel {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  using Member = typename P::member_type;
  using Scratch = ProjectionScratch<P>;
  static constexpr int width = P::pixels_abreast;
  static constexpr int accumulators = sum_width<P>;
  static constexpr int stride = row_stride<P>;
  static constexpr int abreast = rows_abreast<P>;
  /// Added to the diagonal of S S^T, relative to it, and ridge sum_k (S S^T)_kk c_k^2 to the objective,
  /// as for a prior on c: where the good pixels do not support all
  /// columns, ln det stays a smooth function of theta instead of hanging on rounding errors.
  /// (rvspecfit's masked pixels, at 1000 x the median flux, do the same and more.)
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

  /// Call f(w, number) for `count` numbers, and for zeros up to a whole group.
  template <class F>
  KOKKOS_FORCEINLINE_FUNCTION static void for_each(const Real* from, int count, const F& f) {
    Real part[width] = {};
    if (count < width) {
      for (int w = 0; w < count; ++w) {
        part[w] = from[w];
      }
      from = part;
    }
    for (int w = 0; w < width; ++w) {
      f(w, Accum(from[w]));
    }
  }
  KOKKOS_FORCEINLINE_FUNCTION static void load(const Real* from, int count, Accum* to) {
    for_each(from, count, [&](int w, Accum number) { to[w] = number; });
  }

  [[nodiscard]] KOKKOS_FUNCTION Group load(int t, int spectrum, int begin) const {
    Group g;
    g.begin = Kokkos::min(begin, data.pixels() - 1);
    g.count = Kokkos::max(Kokkos::min(int{width}, data.pixels() - begin), 0);
    load(&data.weight(spectrum, g.begin), g.count, g.weight);
    load(&data.flux(spectrum, g.begin), g.count, g.flux);
    load(&jets(t, 0, g.begin), g.count, g.value);
    return g;
  }

  /// Column k of the basis, from the first pixel of a group.
  [[nodiscard]] KOKKOS_FUNCTION const Real* column(int spectrum, int k, const Group& g) const {
    return &basis(basis.extent(0) == 1 ? 0 : spectrum, k, g.begin);
  }

  KOKKOS_FUNCTION static void clear(const Member& member, Accum* sums, int count) {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, count * accumulators),
                         [&](int n) { sums[n] = 0; });
    member.team_barrier();
  }

  /// Place of the dot product of rows i >= j of S and d.
  [[nodiscard]] KOKKOS_FUNCTION static int pair(int i, int j) { return i * (i + 1) / 2 + j; }

  /// Pass A: S S^T and S d.
  KOKKOS_FUNCTION void normal_equations(const Member& member, int t, int spectrum, int columns,
                                        const Scratch& scratch) const {
    const int rows = columns + 1;  // d is the last
    const int groups = (rows + abreast - 1) / abreast;
    clear(member, scratch.sums, pair(rows, 0));
    for (int begin = 0; begin < data.pixels(); begin += pixel_block) {
      for_each_group<P>(member, [&](int offset) {
        const Group g = load(t, spectrum, begin + offset);
        Accum scale[width];
        for (int w = 0; w < width; ++w) {
          scale[w] = g.weight[w] * g.value[w];
          scratch.data[offset + w] = g.weight[w] * g.flux[w];
        }
        for (int k = 0; k < columns; ++k) {
          Accum* row = scratch.rows + k * stride + offset;
          for_each(column(spectrum, k, g), g.count,
                   [&](int w, Accum number) { row[w] = scale[w] * number; });
        }
      });
      member.team_barrier();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, groups * groups), [&](int n) {
        const int first = n / groups * abreast;
        const int second = n % groups * abreast;
        if (second <= first) {
          accumulate_dots<P>(scratch.rows + first * stride, Kokkos::min(int{abreast}, rows - first),
                             scratch.rows + second * stride,
                             Kokkos::min(int{abreast}, rows - second), [&](int i, int j) {
                               return second + j <= Kokkos::min(first + i, columns - 1)
                                          ? scratch.sums +
                                                pair(first + i, second + j) * accumulators
                                          : nullptr;
                             });
        }
      });
      member.team_barrier();
    }
  }

  /// Factor the normal equations, solve for c, and add to the objective.
  KOKKOS_FUNCTION void solve(int b, int spectrum, int columns, const Scratch& scratch) const {
    Accum* l = scratch.factor;
    const auto dot = [&](int i, int j) {
      return total<P>(scratch.sums + pair(i, j) * accumulators);
    };
    for (int k = 0; k < columns; ++k) {
      for (int j = 0; j <= k; ++j) {
        l[k * columns + j] = dot(k, j);
      }
      l[k * columns + k] += ridge * dot(k, k);
      scratch.coefficients[k] = dot(columns, k);
    }
    cholesky_factor(l, columns, columns, dependent);
    cholesky_solve(l, columns, columns, scratch.coefficients);
    Accum value = data.log_norm(spectrum) + cholesky_log_det(l, columns, columns);
    for (int k = 0; k < columns; ++k) {
      value += ridge * dot(k, k) * scratch.coefficients[k] * scratch.coefficients[k];
    }
    out.value(b) += value;
    if (parameters > 0) {
      prepare_leverage(columns, scratch);
    }
  }

  /// Weights of the ridge in the derivative, and 1 / L_kk in place of L_kk.
  KOKKOS_FUNCTION void prepare_leverage(int columns, const Scratch& scratch) const {
    Accum* l = scratch.factor;
    Accum* column = scratch.sums;  // free until pass B
    for (int k = 0; k < columns; ++k) {
      Accum inverse = 0;  // M^-1_kk = |L^-1 e_k|^2
      for (int j = 0; j < columns; ++j) {
        column[j] = j == k ? 1 : 0;
      }
      cholesky_forward(l, columns, columns, column);
      for (int j = k; j < columns; ++j) {
        inverse += column[j] * column[j];
      }
      scratch.ridge_weight[k] =
          ridge * (inverse + scratch.coefficients[k] * scratch.coefficients[k]);
    }
    for (int k = 0; k < columns; ++k) {
      Accum& diagonal = l[k * columns + k];
      diagonal = diagonal > 0 ? 1 / diagonal : 0;
    }
  }

  /// Pass B. Sums for each parameter, of B B^T and B (w T y)^T, of the gradient, and of |r|^2.
  KOKKOS_FUNCTION void residuals(const Member& member, int t, int spectrum, int columns,
                                 const Scratch& scratch) const {
    const int others = parameters + columns;  // rows of B and of w T y, which follow them
    const int first_groups = (parameters + abreast - 1) / abreast;
    const int groups = (others + abreast - 1) / abreast;
    const int pairs = first_groups * groups;
    const int gradient = parameters * others;
    clear(member, scratch.sums, gradient + parameters + 1);
    for (int begin = 0; begin < data.pixels(); begin += pixel_block) {
      for_each_group<P>(member, [&](int offset) {
        const Group g = load(t, spectrum, begin + offset);
        residual_group(t, spectrum, columns, g, offset, scratch);
      });
      member.team_barrier();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, pairs + first_groups + 1), [&](int n) {
        if (n < pairs) {
          const int p = n / groups * abreast;
          const int c = n % groups * abreast;
          accumulate_dots<P>(scratch.tangents + p * stride,
                             Kokkos::min(int{abreast}, parameters - p),
                             scratch.tangents + c * stride, Kokkos::min(int{abreast}, others - c),
                             [&](int i, int j) {
                               return scratch.sums + ((p + i) * others + c + j) * accumulators;
                             });
        } else if (n < pairs + first_groups) {
          const int p = (n - pairs) * abreast;
          accumulate_dots<P>(
              scratch.slopes + p * stride, Kokkos::min(int{abreast}, parameters - p), scratch.data,
              1, [&](int i, int) { return scratch.sums + (gradient + p + i) * accumulators; });
        } else {
          accumulate_dots<P>(scratch.residual, 1, scratch.residual, 1, [&](int, int) {
            return scratch.sums + (gradient + parameters) * accumulators;
          });
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
      Accum* row = scratch.rows + k * stride + offset;
      const Accum c = scratch.coefficients[k];
      if (parameters == 0) {
        for_each(column(spectrum, k, g), g.count,
                 [&](int w, Accum number) { continuum[w] += c * number; });
      } else {
        for_each(column(spectrum, k, g), g.count, [&](int w, Accum number) {
          row[w] = number;
          continuum[w] += c * number;
        });
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
    Accum leverage[width];
    orthonormalize(columns, offset, scratch, leverage);
    Accum scale[width];
    for (int w = 0; w < width; ++w) {
      scale[w] = g.weight[w] * g.value[w];
      continuum[w] *= g.weight[w];
      scratch.data[offset + w] = scale[w] * g.weight[w] * leverage[w] - continuum[w] * residual[w];
    }
    for (int k = 0; k < columns; ++k) {
      Accum* row = scratch.rows + k * stride + offset;
      for (int w = 0; w < width; ++w) {
        row[w] *= scale[w];
      }
    }
    for (int p = 0; p < parameters; ++p) {
      Accum* slope = scratch.slopes + p * stride + offset;
      Accum* tangent = scratch.tangents + p * stride + offset;
      for_each(&jets(t, 1 + p, g.begin), g.count, [&](int w, Accum number) {
        slope[w] = number;
        tangent[w] = continuum[w] * number;
      });
    }
  }

  /// Rows become y = L^-1 P; `leverage` becomes |y|^2 of each pixel, and what the ridge adds to it.
  KOKKOS_FUNCTION void orthonormalize(int columns, int offset, const Scratch& scratch,
                                      Accum* leverage) const {
    Accum sum[width] = {};
    for (int k = 0; k < columns; ++k) {
      Accum y[width];
      Accum* row = scratch.rows + k * stride + offset;
      const Accum ridge_part = scratch.ridge_weight[k];
      for (int w = 0; w < width; ++w) {
        y[w] = row[w];
        sum[w] += ridge_part * row[w] * row[w];
      }
      for (int j = 0; j < k; ++j) {
        const Accum l = scratch.factor[k * columns + j];
        const Accum* other = scratch.rows + j * stride + offset;
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
    const int others = parameters + columns;
    const int gradient = parameters * others;
    const Accum chi2 = total<P>(scratch.sums + (gradient + parameters) * accumulators);
    out.value(b) += chi2;
    if (extra.chi2.data() != nullptr) {
      extra.chi2(spectrum) = chi2;
    }
    // B (w T y)^T, parked in the rows that pass B no longer needs.
    Accum* overlap = scratch.rows;  // (P, K)
    for (int p = 0; p < parameters; ++p) {
      const Accum* sums = scratch.sums + p * others * accumulators;
      for (int k = 0; k < columns; ++k) {
        overlap[p * columns + k] = total<P>(sums + (parameters + k) * accumulators);
      }
      const int column = tangents.column(p);
      out.gradient(b, column) += 2 * total<P>(scratch.sums + (gradient + p) * accumulators);
      for (int q = 0; q <= p; ++q) {
        Accum curvature = total<P>(sums + q * accumulators);
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

}  // namespace rvfit::detail
