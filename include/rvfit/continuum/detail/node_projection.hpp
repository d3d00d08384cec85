// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The kernel of continuum/projection.hpp for hosts and columns on nodes (continuum/continuum_nodes.hpp). In
/// the letters of both, with s_i = w_i^2 T_i^2 and q_i = w_i^2 T_i D_i spread onto the nodes,
///
///   S S^T = sum_n m_n P(x_n) P(x_n)^T,   S d = sum_n q_n P(x_n)
///   C_i = sum_n l_n(i) (c^T P)(x_n),     h_i = sum_n l_n(i) h(x_n)
///   S B_p^T = sum_n g_pn P(x_n),         g_p = B_p w T spread onto the nodes,   B Q^T = (L^-1 S B^T)^T
///
/// A group of pixels at a time: its rows stay in the first cache, and only sums over nodes leave it.

#include <rvfit/continuum/continuum_nodes.hpp>
#include <rvfit/continuum/detail/node_spectrum.hpp>
#include <rvfit/continuum/detail/node_sums.hpp>
#include <rvfit/continuum/detail/projection_kernel.hpp>
#include <rvfit/linalg/gemm.hpp>

#include <algorithm>
#include <type_traits>

namespace rvfit::detail {

/// One thread projects one spectrum.
template <ExecutionPolicy P>
struct NodeProjection : ProjectionKernel<P> {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  using Scratch = NodeScratch<P>;
  using Spectrum = NodeSpectrum<P>;
  static constexpr int width = node_width<Accum>;
  using Numbers = Pack<Accum, width>;
  using Narrow = Pack<Real, width>;  ///< as many numbers of a spectrum

  using Base = ProjectionKernel<P>;  ///< sums over pixels, for spectra without nodes
  using Base::data, Base::extra, Base::jets, Base::out, Base::scratch_level, Base::tangents,
      Base::tile;

  ContinuumNodes<P> nodes;
  int columns;

  NodeProjection(const Base& base, const ContinuumNodes<P>& columns_on_nodes, int level)
      : Base(base), nodes(columns_on_nodes), columns(static_cast<int>(base.basis.extent(1))) {
    scratch_level = level;
  }

  void operator()(const typename P::member_type& member) const {
    const int t = member.league_rank();
    const int b = tile.fit(t);
    const int row = tile.spectrum_of(b);
    if (b < 0 || !has_enough_pixels(data.good(row), columns)) {
      return;
    }
    if (nodes.length_of(row) == 0) {
      Base::operator()(member);
      return;
    }
    const Spectrum s = node_spectrum(data, jets, nodes, row, t);
    const Scratch scratch(member, scratch_level, s.pixels, columns, tangents.count);

    if (!solve_columns(s, scratch)) {
      Base::operator()(member);
      return;
    }
    // neg2_log_like += 2 sum ln sigma + ln det M + ridge sum_k (S S^T)_kk c_k^2
    const auto total = [&](int place) { return scratch.normal[place]; };
    Accum value = likelihood_without_chi2(data.log_norm(row), total, columns, scratch.L, scratch.c);
    // |r|^2,  sum_i u_i dT_i/dtheta,  B B^T,  S B^T
    fill_nodes(s, scratch);
    const Accum chi2 = sum_pixels(s, scratch, row);
    value += chi2;
    out.value(b) += value;
    if (extra.chi2.data() != nullptr) {
      extra.chi2(row) = chi2;
    }
    // gradient += 2 sum_i u_i dT_i/dtheta,  hessian += 2 [ B B^T - (B Q^T) (B Q^T)^T ]
    if (tangents.count > 0) {
      add_curvature(s, scratch, b);
    }
  }

  /// L and c of a spectrum; false where its data do not support columns on nodes.
  [[nodiscard]] bool solve_columns(const Spectrum& s, const Scratch& scratch) const {
    // S S^T,  S d
    spread_weights(s, scratch);
    if (!supports_columns(s, scratch)) {
      return false;
    }
    sum_normal_products(s, scratch);
    // L L^T = M,  c = M^-1 S d
    solve_normal_equations([&](int place) { return scratch.normal[place]; }, columns, scratch.L,
                           scratch.c);
    return true;
  }

  /// C and, with tangents, h at the nodes.
  void fill_nodes(const Spectrum& s, const Scratch& scratch) const {
    const bool with_tangents = tangents.count > 0;
    if (with_tangents) {
      weigh_ridge(scratch.L, scratch.c, columns, scratch.inverse, scratch.rho);
      for (int k = 0; k < columns; ++k) {
        const Accum diagonal = scratch.L[k * columns + k];
        scratch.inverse[k] = diagonal > 0 ? 1 / diagonal : 0;
      }
    }
    for (int g = 0; g < s.groups; ++g) {
      for (int n = 0; n < s.count; n += width) {
        Numbers y[max_continuum_columns];
        Numbers C(0), h(0);
        for (int k = 0; k < columns; ++k) {
          const auto column_k = load<Numbers>(s.on_nodes + (g * columns + k) * s.count + n);
          C += scratch.c[k] * column_k;
          if (with_tangents) {
            // y = L^-1 P,  h = |y|^2 + rho P^2
            const Accum* L = scratch.L + k * columns;
            Numbers sum = column_k;
            for (int j = 0; j < k; ++j) {
              sum -= L[j] * y[j];
            }
            y[k] = sum * scratch.inverse[k];
            h += y[k] * y[k] + scratch.rho[k] * (column_k * column_k);
          }
        }
        store(C, scratch.nodes + g * 2 * s.count + n);
        store(h, scratch.nodes + (g * 2 + 1) * s.count + n);
      }
    }
  }

  /// The sums over pixels, and g; returns |r|^2.
  [[nodiscard]] Accum sum_pixels(const Spectrum& s, const Scratch& scratch, int row) const {
    const int pairs = tangents.count * (tangents.count + 1) / 2;
    for (int n = 0; n < tangents.count * Scratch::narrow; ++n) {
      scratch.slopes[n] = 0;
    }
    for (int n = 0; n < pairs * Scratch::wide; ++n) {
      scratch.products[n] = 0;
    }
    Numbers chi2[2] = {Numbers(0), Numbers(0)};
    for (int g = 0; g < s.groups; ++g) {
      gather_nodes(s, g, scratch);
      const int begin = group_begin(g, s.pixels);
      const Real* w = s.weights(g, scratch);
      if (extra.model.data() != nullptr) {
        for (int n = g * node_group - begin; n < node_group; ++n) {
          extra.model(row, begin + n) =
              static_cast<Real>(scratch.pixels[n] * static_cast<Accum>(s.jets[begin + n]));
        }
      }
      for (int n = 0; n < node_group; n += width) {
        const Numbers weight = load_numbers(w + n);
        const Numbers scaled = weight * load_numbers(s.jets + begin + n);  // w T
        const auto C = load<Numbers>(scratch.pixels + n);
        // r = w D - C w T
        const Numbers r = weight * load_numbers(s.D + begin + n) - C * scaled;
        chi2[n / width % 2] += r * r;
        if (tangents.count > 0) {
          // u = w (h w T - C r)
          const auto h = load<Numbers>(scratch.pixels + node_group + n);
          store(weight * (scaled * h - C * r), scratch.u + n);
          store(pack_cast<Narrow>(weight * C), scratch.scale + n);
          store(pack_cast<Narrow>(scaled), scratch.scale + node_group + n);
        }
      }
      if (tangents.count > 0) {
        sum_tangents(s, g, scratch);
      }
    }
    Accum whole = 0;
    for (int n = 0; n < width; ++n) {
      whole += chi2[0][n] + chi2[1][n];
    }
    return whole;
  }

 private:
  [[nodiscard]] static Numbers load_numbers(const Real* from) {
    return pack_cast<Numbers>(load<Narrow>(from));
  }

  /// Rows of `length` pixels onto 8 nodes each.
  template <class T>
  static void spread_rows(const T* rows, int count, int length, const T* l, T* at) {
    constexpr int w = node_width<T>;
    multiply_rows<block_nodes / w, w>(rows, length, l, block_nodes, at, block_nodes, count, length,
                                      block_nodes);
  }

  /// m and q.
  void spread_weights(const Spectrum& s, const Scratch& scratch) const {
    for (int g = 0; g < s.groups; ++g) {
      const int begin = group_begin(g, s.pixels);
      const Real* w = s.weights(g, scratch);
      for (int n = 0; n < node_group; n += width) {
        // s = w^2 T^2,  q = w^2 T D
        const Numbers weight = load_numbers(w + n);
        const Numbers scaled = weight * load_numbers(s.jets + begin + n);
        store(scaled * scaled, scratch.pixels + n);
        store(scaled * (weight * load_numbers(s.D + begin + n)), scratch.pixels + node_group + n);
      }
      spread_rows(scratch.pixels, 2 * node_group / s.length, s.length, s.spread,
                  scratch.nodes + g * 2 * s.count);
    }
  }

  /// Whether no gap in the data is so wide that columns in it would lean on the rounding of nodes elsewhere.
  [[nodiscard]] bool supports_columns(const Spectrum& s, const Scratch& scratch) const {
    const int blocks = node_group / s.length;
    int empty = 0;
    for (int n = 0; n < s.groups * blocks; ++n) {
      const int group = n / blocks;
      const int block = n % blocks;
      const int end = group_begin(group, s.pixels) + (block + 1) * s.length;
      if (end <= group * node_group) {
        continue;  // all its pixels are shared with the group before
      }
      const Accum* m = scratch.nodes + group * 2 * s.count + block * block_nodes;
      const bool is_empty = std::all_of(m, m + block_nodes, [](Accum x) { return x == 0; });
      empty = is_empty ? empty + 1 : 0;
      if (empty * s.length * columns > s.pixels) {
        return false;
      }
    }
    return true;
  }

  /// S S^T and S d from the nodes.
  void sum_normal_products(const Spectrum& s, const Scratch& scratch) const {
    const auto column = [&](int k, int g, int n) {
      return load<Numbers>(s.on_nodes + (g * columns + k) * s.count + n);
    };
    const auto weight = [&](int row, int g, int n) {
      return load<Numbers>(scratch.nodes + (g * 2 + row) * s.count + n);
    };
    for_each_three(columns, [&](int second, auto b) {
      const auto right = [&](int j, int g, int n) { return column(second + j, g, n); };
      for_each_three(columns, [&](int first, auto a) {
        if (first < second) {
          return;
        }
        sum_over_nodes<decltype(a)::value, decltype(b)::value, Numbers>(
            s.groups, s.count,
            [&](int i, int g, int n) { return weight(0, g, n) * column(first + i, g, n); }, right,
            [&](int i, int j, Accum whole) {
              if (second + j <= first + i) {
                scratch.normal[NormalSums::product(first + i, second + j)] = whole;
              }
            });
      });
      sum_over_nodes<1, decltype(b)::value, Numbers>(
          s.groups, s.count, [&](int, int g, int n) { return weight(1, g, n); }, right,
          [&](int, int j, Accum whole) {
            scratch.normal[NormalSums::product(columns, second + j)] = whole;
          });
    });
  }

  /// C and h of the pixels of a group.
  void gather_nodes(const Spectrum& s, int group, const Scratch& scratch) const {
    const int rows = (tangents.count > 0 ? 2 : 1) * node_group / s.length;
    for (int j = 0; j < s.length; j += 2 * width) {
      multiply_rows<2, width>(scratch.nodes + group * 2 * s.count, block_nodes, s.gather + j,
                              block_lengths.front(), scratch.pixels + j, s.length, rows,
                              block_nodes, 2 * width);
    }
  }

  /// A group's part of sum_i u_i dT_i/dtheta_p and B B^T, and its g.
  void sum_tangents(const Spectrum& s, int group, const Scratch& scratch) const {
    const int begin = group_begin(group, s.pixels);
    const int count = tangents.count;
    Real* B = scratch.tangents;
    Real* weighted = B + count * node_group;
    for (int p = 0; p < count; ++p) {
      const Real* slope = s.tangent(p) + begin;
      Numbers sum[2] = {load<Numbers>(scratch.slopes + p * width), Numbers(0)};
      for (int n = 0; n < node_group; n += width) {
        const auto derivative = load<Narrow>(slope + n);
        sum[n / width % 2] += load<Numbers>(scratch.u + n) * pack_cast<Numbers>(derivative);
        // B = w C dT/dtheta,  B w T
        const Narrow b = load<Narrow>(scratch.scale + n) * derivative;
        store(b, B + p * node_group + n);
        store(b * load<Narrow>(scratch.scale + node_group + n), weighted + p * node_group + n);
      }
      store(sum[0] + sum[1], scratch.slopes + p * width);
    }
    spread_rows(weighted, count * (node_group / s.length), s.length, s.spread_tangents,
                scratch.spread + group * count * s.count);
    for_each_three(count, [&](int second, auto b) {
      for_each_three(count, [&](int first, auto a) {
        if (first >= second) {
          multiply_tangents<decltype(a)::value, decltype(b)::value>(B, first, second,
                                                                    scratch.products);
        }
      });
    });
  }

  /// Gradient and curvature from the sums.
  void add_curvature(const Spectrum& s, const Scratch& scratch, int b) const {
    const ResidualSums sums{columns, tangents.count};
    const auto g_of = [&](int p, int g, int n) {
      return load_numbers(scratch.spread + (g * tangents.count + p) * s.count + n);
    };
    const auto column = [&](int k, int g, int n) {
      return load<Numbers>(s.on_nodes + (g * columns + k) * s.count + n);
    };
    // S B^T
    for_each_three(tangents.count, [&](int first, auto a) {
      for_each_three(columns, [&](int second, auto c) {
        sum_over_nodes<decltype(a)::value, decltype(c)::value, Numbers>(
            s.groups, s.count, [&](int i, int g, int n) { return g_of(first + i, g, n); },
            [&](int j, int g, int n) { return column(second + j, g, n); },
            [&](int i, int j, Accum whole) {
              scratch.overlap[(first + i) * columns + second + j] = whole;
            });
      });
    });
    for (int p = 0; p < tangents.count; ++p) {
      // B Q^T = (L^-1 S B^T)^T
      cholesky_forward(scratch.L, columns, columns, scratch.overlap + p * columns);
      Accum slope = 0;
      for (int w = 0; w < Scratch::narrow; ++w) {
        slope += scratch.slopes[p * Scratch::narrow + w];
      }
      scratch.residual[sums.slope(p)] = slope;
      for (int q = 0; q <= p; ++q) {
        const Accum* parts = scratch.products + NormalSums::product(p, q) * Scratch::wide;
        Accum product = 0;
        for (int w = 0; w < Scratch::wide; ++w) {
          product += parts[w];
        }
        scratch.residual[sums.product(p, q)] = product;
      }
    }
    const auto total = [&](int place) { return scratch.residual[place]; };
    add_derivatives<P>(total, sums, scratch.overlap, tangents, b, out);
  }
};

/// Policy of a kernel on nodes, and where its scratch is. A spectrum without nodes goes by sums over pixels, in the same scratch.
template <ExecutionPolicy P>
struct NodeTeams {
  int level;
  typename P::team_policy policy;

  NodeTeams(const typename P::execution_space& exec, int league, int pixels, int columns,
            int tangents)
      : policy(exec, league, 1) {
    const int bytes = NodeScratch<P>::bytes(pixels, columns, tangents) +
                      ProjectionScratch<P>::bytes(columns, tangents);
    level = bytes <= P::team_policy::scratch_size_max(0) ? 0 : 1;
    policy.set_scratch_size(level, Kokkos::PerTeam(bytes));
  }
};

/// Project a tile, on nodes where the columns have them.
template <ExecutionPolicy P>
void project_on_nodes(const typename P::execution_space& exec, const ProjectionKernel<P>& kernel,
                      const ContinuumNodes<P>& nodes) {
  const NodeTeams<P> teams(exec, kernel.tile.size, kernel.data.pixels(),
                           static_cast<int>(kernel.basis.extent(1)), kernel.tangents.count);
  Kokkos::parallel_for("rvfit::project", teams.policy,
                       NodeProjection<P>(kernel, nodes, teams.level));
}

}  // namespace rvfit::detail
