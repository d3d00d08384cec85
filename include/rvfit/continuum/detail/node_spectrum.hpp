// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// One spectrum as a projection on nodes (node_projection.hpp) reads it, a group of pixels at a time.

#include <rvfit/continuum/detail/node_scratch.hpp>
#include <rvfit/data/spectrum_batch.hpp>

#include <cstddef>

namespace rvfit::detail {

/// Rows of one spectrum and its columns.
template <ExecutionPolicy P>
struct NodeSpectrum {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  int pixels, groups;
  int length;  ///< of blocks
  int count;   ///< nodes of a group
  const Real *w, *D, *jets;
  std::size_t jets_stride;
  const Accum *on_nodes, *spread, *gather;
  const Real* spread_tangents;

  [[nodiscard]] const Real* tangent(int p) const {
    return jets + static_cast<std::size_t>(1 + p) * jets_stride;
  }

  /// Weights of a group; those of pixels that it shares with the group before are 0.
  [[nodiscard]] const Real* weights(int group, const NodeScratch<P>& scratch) const {
    const int begin = group_begin(group, pixels);
    const int shared = group * node_group - begin;
    if (shared == 0) {
      return w + begin;
    }
    for (int n = 0; n < node_group; ++n) {
      scratch.weights[n] = n < shared ? Real(0) : w[begin + n];
    }
    return scratch.weights;
  }
};

/// Spectrum `row` with the template of entry t.
template <ExecutionPolicy P>
[[nodiscard]] NodeSpectrum<P> node_spectrum(const SpectrumView<P>& data, const Jets<P>& jets,
                                            const ContinuumNodes<P>& nodes, int row, int t) {
  const int length = nodes.length_of(row);
  int way = 0;
  while (block_lengths[static_cast<std::size_t>(way)] != length) {
    ++way;
  }
  const int pixels = data.pixels();
  return {pixels,
          node_groups(pixels),
          length,
          group_nodes(length),
          &data.weight(row, 0),
          &data.flux(row, 0),
          &jets(t, 0, 0),
          jets.stride(1),
          &nodes.columns(nodes.row(row), 0),
          &nodes.spread(way, 0, 0),
          &nodes.gather(way, 0, 0),
          &nodes.spread_tangents(way, 0, 0)};
}

}  // namespace rvfit::detail
