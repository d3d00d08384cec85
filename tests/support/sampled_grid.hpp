// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A network's templates on a regular grid: a grid library whose spectra look like stars.

#include <rvfit/rvfit.hpp>

#include <support/grids.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace rvfit::test {

/// Sample every arm of an emulator on `sizes` nodes a label, evenly spaced in scaled inputs over the
/// label's box; nodes outside the network's domain have no template.
[[nodiscard]] inline EmulatorData sampled_on_grid(const EmulatorData& emulator,
                                                  const std::vector<int>& sizes) {
  using P = Policy<Kokkos::DefaultExecutionSpace, double, double>;
  const P::execution_space exec;
  EmulatorData result = emulator;
  for (ArmData& arm : result.arms) {
    GridData& grid = arm.label_grid;
    for (std::size_t j = 0; j < sizes.size(); ++j) {
      const LabelData& label = emulator.labels[j];
      const InputData& input = arm.inputs[j];
      const auto x = [&](double value) {
        return ((input.log10 ? std::log10(value) : value) - input.offset) / input.scale;
      };
      grid.axes.emplace_back();
      for (int k = 0; k < sizes[j]; ++k) {
        grid.axes[j].push_back(x(label.lower) +
                               (x(label.upper) - x(label.lower)) * k / (sizes[j] - 1));
      }
    }
    const GridShape shape = grid.shape();
    std::vector<double> theta;  // (templates, labels)
    for (int node = 0; node < shape.nodes(); ++node) {
      std::vector<double> x;
      for (int j = 0; j < shape.axes; ++j) {
        x.push_back(0.999 * grid.x(shape, node, j));  // boundaries belong to the domain
      }
      ArmData network = arm;
      network.label_grid = {};
      const bool inside = network.is_inside(labels_at(arm, x));
      grid.row.push_back(inside ? static_cast<int>(grid.templates++) : -1);
      if (inside) {
        theta.insert(theta.end(), x.begin(), x.end());
      }
    }
    for (std::size_t n = 0; n < grid.templates; ++n) {
      const auto begin = theta.begin() + static_cast<std::ptrdiff_t>(n * sizes.size());
      const auto label = labels_at(arm, {begin, begin + shape.axes});
      std::copy(label.begin(), label.end(), begin);
    }
    const auto rows = static_cast<int>(grid.templates);
    const int padded = (rows + gemm_row_group - 1) / gemm_row_group * gemm_row_group;
    const Mlp<P> network(exec, arm);
    const Mlp<P>::Workspace workspace(exec, static_cast<std::size_t>(padded), network.width());
    ActiveList<P> all(exec, padded);
    all.select(exec, rows, rows, KeepAll{});
    const auto flux = allocate<Matrix<double, P>>(exec, "flux", padded, network.pixels());
    network.evaluate(
        exec, all.tile(0, padded),
        upload_matrix<Matrix<const double, P>>(exec, "theta", theta, grid.templates, sizes.size()),
        1, {flux.data(), padded, network.pixels(), network.pixels()}, workspace);
    const auto host = download(exec, flux);
    const auto pixels = static_cast<std::size_t>(network.pixels());
    std::vector<float> templates;
    for (std::size_t n = 0; n < grid.templates * pixels; ++n) {
      templates.push_back(static_cast<float>(std::log(host.data()[n])));
    }
    grid.read = rows_in_memory(std::move(templates), pixels);
    arm.layers.clear();
    arm.domain.clear();
  }
  return result;
}

}  // namespace rvfit::test
