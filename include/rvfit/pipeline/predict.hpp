// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Templates of given parameters on observed pixels, for simulations and tests.

#include <rvfit/data/spectrum_batch.hpp>
#include <rvfit/linalg/gemm.hpp>
#include <rvfit/pipeline/template_model.hpp>
#include <rvfit/solver/active_list.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace rvfit {

/// Evaluate a model without a continuum.
///
/// @param[in] exec    instance the work runs on; the call waits for it
/// @param[in] theta   (B, P)  row-major, in the order of model.parameters()
/// @param[in] layout  arms with their exposure and wavelengths, (1, N) each; flux and weight are not used
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
  constexpr int tile_size = 16 * gemm_row_group;
  typename Model::Workspace workspace(exec, model, tile_size);
  ActiveList<P> all(exec, std::max(rows, 1));
  all.select(exec, rows, rows, KeepAll{});

  std::vector<std::vector<double>> out;
  for (const SpectrumBatch<P>& arm : layout) {
    const int index = model.arm_index(arm.arm);
    const auto plan = plan_exposure<P>(exec, model, index, arm.wave, arm.exposure);
    const auto rv = static_cast<std::size_t>(
        velocity_of<P, Model>(tangents_of<P>(model, plan), model.parameters().index("rv")));
    double lowest_rv = 0.0, highest_rv = 0.0;
    for (std::size_t n = rv; n < theta.size(); n += parameters) {
      lowest_rv = std::min(lowest_rv, theta[n]);
      highest_rv = std::max(highest_rv, theta[n]);
    }
    model.require_coverage(exec, index, arm.wave, lowest_rv, highest_rv);
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

/// The same for one arm, whose wavelengths are a host array.
///
/// @param[in] wave  (N)  increasing             [Angstrom]
/// @return          (B, N) row-major            [template flux]
/// @throws InvalidArgument  as above
template <ExecutionPolicy P, class Model>
requires TemplateModel<Model, P>
[[nodiscard]] std::vector<double> predict(const typename P::execution_space& exec,
                                          const Model& model, const std::vector<double>& theta,
                                          const std::string& arm, const std::vector<double>& wave) {
  SpectrumBatch<P> layout;
  layout.arm = arm;
  layout.wave =
      upload_matrix<Matrix<const double, P>>(exec, "rvfit::predict::wave", wave, 1, wave.size());
  return std::move(predict<P>(exec, model, theta, Observations<P>{layout}).front());
}

}  // namespace rvfit
