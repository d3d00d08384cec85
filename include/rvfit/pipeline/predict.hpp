// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Templates of given parameters on observed pixels, for simulations and tests.

#include <rvfit/data/spectrum_batch.hpp>
#include <rvfit/linalg/gemm.hpp>
#include <rvfit/pipeline/template_model.hpp>
#include <rvfit/solver/active_list.hpp>

#include <algorithm>
#include <vector>

namespace rvfit {

/// Evaluate a model without a continuum.
///
/// @param[in] exec    instance the work runs on; the call waits for it
/// @param[in] theta   (B, P)  row-major, in the order of model.parameters()
/// @param[in] layout  arms and their wavelengths, (1, N) each; flux and weight are not used
/// @return            for each arm of `layout` (B, N) row-major      [template flux]
/// @throws InvalidArgument  theta is not of whole rows, an arm is unknown, or the model does not cover
///                          its wavelengths at the rv of theta
template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
[[nodiscard]] std::vector<std::vector<double>> predict(const typename P::execution_space& exec,
                                                       const Model& model,
                                                       const std::vector<double>& theta,
                                                       const Observations<P>& layout) {
  const auto parameters = static_cast<std::size_t>(model.parameters().size());
  RVFIT_REQUIRE(theta.size() % parameters == 0, "predict: ", theta.size(),
                " numbers are not whole rows of ", parameters, " parameters");
  const auto rows = static_cast<int>(theta.size() / parameters);
  const auto points = upload_matrix<Matrix<const double, P>>(
      exec, "rvfit::predict::theta", theta, static_cast<std::size_t>(rows), parameters);
  const auto rv = static_cast<std::size_t>(model.parameters().index("rv"));
  double lowest_rv = 0.0, highest_rv = 0.0;
  for (std::size_t b = 0; b < static_cast<std::size_t>(rows); ++b) {
    lowest_rv = std::min(lowest_rv, theta[b * parameters + rv]);
    highest_rv = std::max(highest_rv, theta[b * parameters + rv]);
  }
  constexpr int tile_size = 16 * gemm_row_group;
  typename Model::Workspace workspace(exec, model, tile_size);
  ActiveList<P> all(exec, std::max(rows, 1));
  all.select(exec, rows, rows, KeepAll{});

  std::vector<std::vector<double>> out;
  for (const SpectrumBatch<P>& arm : layout) {
    const int index = model.arm_index(arm.arm);
    model.require_coverage(exec, index, arm.wave, lowest_rv, highest_rv);
    const auto plan = model.plan(exec, index, arm.wave);
    const auto pixels = arm.wave.extent(1);
    const auto jets = allocate<Jets<P>>(exec, "rvfit::predict::jets", tile_size, 1, pixels);
    std::vector<double> spectra;
    for (int begin = 0; begin < rows; begin += tile_size) {
      const Tile<P> tile = all.tile(begin, tile_size);
      model.synthesize(exec, index, tile, points, 1, workspace);
      model.observe(exec, plan, tile, points, 1, jets, workspace);
      const auto host = download(exec, jets);
      const auto count = static_cast<std::size_t>(std::min(tile_size, rows - begin)) * pixels;
      spectra.insert(spectra.end(), host.data(), host.data() + count);
    }
    out.push_back(std::move(spectra));
  }
  return out;
}

}  // namespace rvfit
