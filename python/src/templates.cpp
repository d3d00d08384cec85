// SPDX-License-Identifier: MIT

#include "templates.hpp"

#include "simulate/observe.hpp"
#include "simulate/stars.hpp"
#include <rvfit/rvfit.hpp>

#include <compiled/fitters.hpp>

#include <algorithm>
#include <cmath>

namespace rvfit_python {
namespace {

using P = rvfit::compiled::Double;
using Model = rvfit::ForwardModel<P>;

}  // namespace

rvfit::ParameterSet parameters_of(const rvfit::EmulatorData& library,
                                  const rvfit::ForwardModelOptions& options) {
  return Model(P::execution_space(), library, options).parameters();
}

std::vector<double> templates(const rvfit::EmulatorData& library,
                              const rvfit::ForwardModelOptions& options, const std::string& arm,
                              const std::vector<double>& theta, const std::vector<double>& wave,
                              bool derivatives) {
  const P::execution_space exec;
  const Model model(exec, library, options);
  const auto parameters = static_cast<std::size_t>(model.parameters().size());
  RVFIT_REQUIRE(!theta.empty() && theta.size() % parameters == 0, "theta has ", theta.size(),
                " numbers, not whole rows of ", parameters, " parameters");
  const auto rows = static_cast<int>(theta.size() / parameters);
  const int lanes = derivatives ? model.layout().observed_lanes() : 1;
  const int index = model.arm_index(arm);
  const auto pixels = rvfit::upload_matrix<rvfit::Matrix<const double, P>>(
      exec, "rvfit_python::wave", wave, 1, wave.size());
  const auto points = rvfit::upload_matrix<rvfit::Matrix<const double, P>>(
      exec, "rvfit_python::theta", theta, static_cast<std::size_t>(rows), parameters);
  double lowest = 0.0, highest = 0.0;
  for (std::size_t n = parameters - 1; n < theta.size(); n += parameters) {
    lowest = std::min(lowest, theta[n]);
    highest = std::max(highest, theta[n]);
  }
  model.require_coverage(exec, index, pixels, lowest, highest);
  const auto plan = model.plan(exec, index, pixels);
  const int tile_size = 4 * rvfit::gemm_row_group;
  Model::Workspace workspace(exec, model, tile_size);
  rvfit::ActiveList<P> all(exec, rows);
  all.select(exec, rows, rows, rvfit::KeepAll{});
  const auto jets =
      rvfit::allocate<rvfit::Jets<P>>(exec, "rvfit_python::jets", tile_size, lanes, wave.size());
  std::vector<double> spectra;
  for (int begin = 0; begin < rows; begin += tile_size) {
    const rvfit::Tile<P> tile = all.tile(begin, tile_size);
    model.synthesize(exec, index, tile, points, lanes, workspace);
    model.observe(exec, plan, tile, points, lanes, jets, workspace);
    const auto part = rvfit::download_rows<double>(
        exec, jets, static_cast<std::size_t>(std::min(tile_size, rows - begin)));
    spectra.insert(spectra.end(), part.begin(), part.end());
  }
  return spectra;
}

Simulated simulate(const rvfit::EmulatorData& library, const SimulateOptions& asked) {
  RVFIT_REQUIRE(asked.stars > 0, "stars is ", asked.stars, ", at least 1 wanted");
  RVFIT_REQUIRE(asked.snr_min > 0 && asked.snr_min <= asked.snr_max, "snr_min, snr_max are ",
                asked.snr_min, ", ", asked.snr_max, ", a range of positive numbers wanted");
  RVFIT_REQUIRE(asked.rv_max >= 0 && asked.vsini_max >= 0, "rv_max, vsini_max are ", asked.rv_max,
                ", ", asked.vsini_max, ", must not be negative");
  rvfit_simulate::Options options;
  options.stars = asked.stars;
  options.seed = asked.seed;
  options.snr_min = asked.snr_min;
  options.snr_max = asked.snr_max;
  options.rv_max = asked.rv_max;
  options.vsini_max = asked.vsini_max;
  rvfit::ForwardModelOptions range;
  range.min_rv = -options.rv_max;
  range.max_rv = options.rv_max;
  range.broadening.max_vsini = options.vsini_max;
  const P::execution_space exec;
  const Model model(exec, library, range);
  std::vector<rvfit_simulate::Random> streams;
  const rvfit_simulate::Stars stars = rvfit_simulate::draw_stars(library, options, streams);
  std::vector<rvfit::io::DesiArm> arms = rvfit_simulate::desi_arms();
  rvfit::Observations<P> layout;
  for (const rvfit::io::DesiArm& arm : arms) {
    rvfit::SpectrumBatch<P>& batch = layout.emplace_back();
    batch.arm = arm.name;
    batch.wave = rvfit::upload_matrix<rvfit::Matrix<const double, P>>(exec, "rvfit_python::wave",
                                                                      arm.wave, 1, arm.pixels());
    model.require_coverage(exec, model.arm_index(arm.name), batch.wave, range.min_rv, range.max_rv);
  }
  const auto columns = static_cast<std::size_t>(model.parameters().size());
  constexpr std::size_t at_a_time = 512;
  for (std::size_t first = 0; first < stars.snr.size(); first += at_a_time) {
    const std::size_t last = std::min(first + at_a_time, stars.snr.size());
    const std::vector<double> theta(
        stars.theta.begin() + static_cast<std::ptrdiff_t>(first * columns),
        stars.theta.begin() + static_cast<std::ptrdiff_t>(last * columns));
    const auto spectra = rvfit::predict<P>(exec, model, theta, layout);
    for (std::size_t a = 0; a < arms.size(); ++a) {
      for (std::size_t s = first; s < last; ++s) {
        rvfit_simulate::observe(spectra[a].data() + (s - first) * arms[a].pixels(), stars.snr[s],
                                options, streams[s], arms[a]);
      }
    }
  }
  Simulated made;
  for (const rvfit::Parameter& parameter : model.parameters()) {
    made.names.push_back(parameter.name);
  }
  made.theta = stars.theta;
  made.snr = stars.snr;
  for (rvfit::io::DesiArm& arm : arms) {
    made.arms.push_back({arm.name, arm.label, std::move(arm.wave), std::move(arm.flux),
                         std::move(arm.ivar), std::move(arm.mask)});
  }
  return made;
}

}  // namespace rvfit_python
