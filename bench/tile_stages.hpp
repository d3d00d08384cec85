// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The stages of a fit on a tile of spectra, each as one call of the library, with its shape and its
/// counts of counts.hpp. They run at the solutions of the spectra, the solver's step a little away.

#include "counts.hpp"
#include "machine.hpp"
#include "whole_fit.hpp"

#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rvfit::bench {

/// The model, its networks and the sizes, which every tile of a file shares.
template <ExecutionPolicy P>
struct StageModel {
  using Exec = typename P::execution_space;
  ForwardModel<P> model;
  std::vector<Mlp<P>> networks;  ///< of the arms of the file; empty for a library on a grid
  std::vector<ArmData> arms;     ///< the same arms
  ForwardModelOptions options;
  FitOptions fit;
  int tile;

  StageModel(const Exec& exec, const EmulatorData& library, const io::DesiFile& file, int size)
      : model(exec, library), tile(size) {
    for (const io::DesiArm& arm : file.arms) {
      arms.push_back(library.arms[static_cast<std::size_t>(library.arm_index(arm.name))]);
      if (!arms.back().is_grid()) {
        networks.emplace_back(exec, arms.back());
      }
    }
  }

  [[nodiscard]] int lanes() const { return model.layout().observed_lanes(); }       ///< of jets
  [[nodiscard]] int label_lanes() const { return model.layout().library_lanes(); }  ///< of networks
  [[nodiscard]] int filter_lanes() const {
    return model.layout().broadened_lanes();
  }  ///< of coefficients
  [[nodiscard]] bool has_networks() const { return networks.size() == arms.size(); }
};

/// One instance's spectra, and the arrays that the stages read and write.
template <ExecutionPolicy P>
struct StageTile {
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;
  using Model = ForwardModel<P>;

  /// Arrays of one arm with all lanes; calls with one lane use their beginning.
  struct Arm {
    typename Model::Plan plan;
    Cube<const Real, P> basis;
    ContinuumNodes<P> nodes;
    Vector<Real, P> templates, coefficients, jets;
    int grid, pixels;
  };
  /// Arrays of the scan's correlations.
  struct ScanArm {
    Matrix<Real, P> spectra;
    CorrelatedVectors<P> templates;
    typename Correlation<P>::Workspace workspace;
  };

  const StageModel<P>& shared;
  Exec exec;
  Observations<P> data;
  Matrix<const double, P> theta;
  ActiveList<P> all;
  Tile<P> tile;
  typename Model::Workspace workspace;
  typename Mlp<P>::Workspace network_workspace;
  std::vector<Arm> arms;
  std::vector<ScanArm> scan_arms;
  std::optional<Correlation<P>> correlation;
  Matrix<Real, P> scan_sums, scan_shifts;
  Objective<P, Model> objective;
  Scan<P, Model> scan;
  RvProfile<P> profile;
  LmWorkspace<P> solution;  ///< the state that a profile starts from
  LmWorkspace<P> start, state;
  Vector<double, P> none;  ///< no second minimum

  StageTile(const Exec& instance, const StageModel<P>& model, const io::DesiFile& file,
            std::size_t first)
      : shared(model),
        exec(instance),
        data(test::observations<P>(exec, file,
                                   batch_rows(file, first, static_cast<std::size_t>(model.tile)))),
        theta(solutions()),
        all(exec, model.tile),
        workspace(exec, model.model, model.tile),
        network_workspace(exec, static_cast<std::size_t>(model.tile * model.label_lanes()),
                          widest()),
        objective(exec, model.model, model.model.parameters(), data, model.tile,
                  model.fit.continuum, model.tile),
        scan(exec, model.model, model.model.parameters(), data, model.tile, model.fit.continuum,
             model.tile, model.fit.scan),
        profile(exec, model.model.parameters(), model.tile, model.fit.profile),
        solution(exec, model.tile, parameters()),
        start(exec, model.tile, parameters()),
        state(exec, model.tile, parameters()),
        none("rvfit_bench::none", model.tile) {
    all.select(exec, model.tile, model.tile, KeepAll{});
    tile = all.tile(0, model.tile);
    objective.bind(exec, data);
    scan.fit_continuum(exec, objective, all);
    Kokkos::deep_copy(exec, none, Kokkos::Experimental::quiet_NaN_v<double>);
    plan_arms();
    plan_scan();
    plan_steps();
    for (int lanes : {1, shared.lanes()}) {  // later stages find what earlier ones make
      evaluate_networks(lanes);
      broaden_templates(lanes);
      observe_arms(lanes);
    }
    exec.fence("rvfit_bench: a tile is ready");
  }

  [[nodiscard]] int parameters() const { return shared.model.parameters().size(); }
  [[nodiscard]] MatrixRef<Real> templates(const Arm& arm, int lanes) const {
    return {arm.templates.data(), tile.size * lanes, arm.grid, arm.grid};
  }
  [[nodiscard]] Jets<P> jets(const Arm& arm, int lanes) const {
    return Jets<P>(arm.jets.data(), static_cast<std::size_t>(tile.size),
                   static_cast<std::size_t>(lanes), static_cast<std::size_t>(arm.pixels));
  }
  [[nodiscard]] int label_lanes(int lanes) const { return lanes == 1 ? 1 : shared.label_lanes(); }
  [[nodiscard]] int filter_lanes(int lanes) const { return lanes == 1 ? 1 : shared.filter_lanes(); }

  // The stages; `lanes` is 1, or that of jets.

  void evaluate_networks(int lanes) {
    for (std::size_t a = 0; a < shared.networks.size(); ++a) {
      shared.networks[a].evaluate(exec, tile, theta, label_lanes(lanes),
                                  templates(arms[a], label_lanes(lanes)), network_workspace);
    }
  }
  void broaden_templates(int lanes) {
    for (std::size_t a = 0; a < arms.size(); ++a) {
      const Arm& arm = arms[a];
      const MatrixRef<Real> in = templates(arm, label_lanes(lanes));
      const int columns = arm.grid + 2 * spline_padding;
      broaden<P>(exec, tile, theta,
                 ActiveStages<>(shared.options.broadening, shared.model.layout().labels,
                                shared.arms[a].grid.step),
                 label_lanes(lanes), filter_lanes(lanes), {in.data, in.rows, in.columns, in.stride},
                 {arm.coefficients.data(), tile.size * filter_lanes(lanes), columns, columns});
    }
  }
  void observe_arms(int lanes) {
    for (std::size_t a = 0; a < arms.size(); ++a) {
      const Arm& arm = arms[a];
      const int columns = arm.grid + 2 * spline_padding;
      rvfit::observe<P>(
          exec, tile, theta, arm.plan.rv, DopplerMap(shared.arms[a].grid), arm.plan.base,
          filter_lanes(lanes),
          {arm.coefficients.data(), tile.size * filter_lanes(lanes), columns, columns},
          jets(arm, lanes));
    }
  }
  void project_arms(int lanes) {
    for (std::size_t a = 0; a < arms.size(); ++a) {
      const Tangents tangents = lanes == 1 ? Tangents(0) : shared.model.tangents(arms[a].plan);
      project<P>(exec, tile, data[a], arms[a].basis, jets(arms[a], lanes), tangents, state.current,
                 {}, arms[a].nodes);
    }
  }
  void correlate_arms() {
    const auto ref = [](const Matrix<Real, P>& m) {
      const auto rows = static_cast<int>(m.extent(0)), columns = static_cast<int>(m.extent(1));
      return MatrixRef<Real>{m.data(), rows, columns, columns};
    };
    const auto read = [&](const Matrix<Real, P>& m) {
      const MatrixRef<Real> r = ref(m);
      return MatrixRef<const Real>{r.data, r.rows, r.columns, r.stride};
    };
    for (int sum = 0; sum < 2; ++sum) {
      for (std::size_t a = 0; a < scan_arms.size(); ++a) {
        const ScanArm& arm = scan_arms[a];
        correlation->multiply(exec, read(arm.spectra), arm.templates, ref(scan_sums), a > 0,
                              arm.workspace);
      }
      correlation->shift(exec, read(scan_sums), ref(scan_shifts));
    }
  }
  void run_scan() { (void)scan.run(exec, objective, all); }
  void run_profile() { profile.run(exec, objective, solution, tile.size, none, none); }
  void reset_steps() {
    copy_state(start, state);
    Kokkos::deep_copy(exec, state.proposed.value, start.proposed.value);
  }
  void step() {
    propose(state);
    rvfit::detail::with_capacity(parameters(), [&](auto capacity) {
      Kokkos::parallel_for(
          "rvfit_bench::judge", typename P::range_policy(exec, 0, tile.size),
          rvfit::detail::JudgeStep<P, decltype(capacity)::value>{state, shared.fit.solver, tile});
    });
  }

 private:
  [[nodiscard]] int widest() const {
    int width = 1;
    for (const Mlp<P>& network : shared.networks) {
      width = std::max(width, network.width());
    }
    return width;
  }

  /// Solutions of the spectra, those of the last good one where there is none.
  [[nodiscard]] Matrix<const double, P> solutions() const {
    Fitter<Model> fitter(exec, shared.model, data, shared.tile, shared.fit);
    fitter.bind(exec, data);
    fitter.scan(exec);
    fitter.minimize(exec);
    fitter.uncertainties(exec);
    FitResult result = fitter.result(exec);
    const auto n = static_cast<std::size_t>(parameters());
    std::vector<double> last = shared.model.start_points(1);
    for (std::size_t b = 0; b < result.status.size(); ++b) {
      const auto row = result.theta.begin() + static_cast<std::ptrdiff_t>(b * n);
      if (is_solution(result.status[b])) {
        std::copy_n(row, n, last.begin());
      } else {
        std::copy_n(last.begin(), n, row);
      }
    }
    return upload_matrix<Matrix<const double, P>>(exec, "rvfit_bench::theta", result.theta,
                                                  static_cast<std::size_t>(shared.tile), n);
  }

  void plan_arms() {
    for (std::size_t a = 0; a < data.size(); ++a) {
      const int index = shared.model.arm_index(data[a].arm);
      const int grid = shared.arms[a].grid.size;
      const auto array = [&](const char* label, int lanes, int pixels) {
        return allocate<Vector<Real, P>>(exec, label,
                                         static_cast<std::size_t>(shared.tile) *
                                             static_cast<std::size_t>(lanes) *
                                             static_cast<std::size_t>(pixels));
      };
      const auto basis = continuum_basis<P>(exec, data[a].wave, shared.fit.continuum);
      arms.push_back(
          {shared.model.plan(exec, index, data[a].wave), basis, continuum_nodes<P>(exec, basis),
           array("rvfit_bench::templates", shared.label_lanes(), grid),
           array("rvfit_bench::coefficients", shared.filter_lanes(), grid + 2 * spline_padding),
           array("rvfit_bench::jets", shared.lanes(), data[a].pixels()), grid, data[a].pixels()});
      if (!shared.has_networks()) {
        Kokkos::deep_copy(exec, arms.back().templates, Real(1));
      }
    }
  }

  /// Bins and shifts as Scan plans them.
  void plan_scan() {
    const double step = 1.5 * finest_pixel<P>(exec, data) / speed_of_light;
    const double fastest = std::max(-shared.options.min_rv, shared.options.max_rv);
    const int shifts =
        2 * static_cast<int>(std::ceil(std::atanh(fastest / speed_of_light) / step)) + 1;
    const int templates = shared.fit.scan.templates;
    correlation.emplace(exec, shifts, templates);
    for (const SpectrumBatch<P>& arm : data) {
      const auto wave = download(exec, arm.wave);
      const double span = std::log(wave(0, wave.extent(1) - 1) / wave(0, 0));
      const auto bins = static_cast<int>(std::ceil(span / step)) + 1;
      const auto vectors = allocate<Matrix<Real, P>>(exec, "rvfit_bench::scan_templates", templates,
                                                     bins + shifts - 1);
      Kokkos::deep_copy(exec, vectors, Real(1));
      const ScanArm arrays{allocate<Matrix<Real, P>>(exec, "rvfit_bench::scan_spectra", shared.tile,
                                                     correlation->padded(bins)),
                           correlation->transform(exec, vectors),
                           correlation->workspace(exec, shared.tile, bins)};
      Kokkos::deep_copy(exec, arrays.spectra, Real(1));
      scan_arms.push_back(arrays);
    }
    scan_sums = allocate<Matrix<Real, P>>(exec, "rvfit_bench::scan_sums", shared.tile * templates,
                                          correlation->length());
    scan_shifts = allocate<Matrix<Real, P>>(exec, "rvfit_bench::scan_shifts", shared.tile,
                                            templates * shifts);
  }

  /// The state at the solutions, and one a tenth of the scales away that has a step to make.
  void plan_steps() {
    Kokkos::deep_copy(exec, solution.theta, theta);
    Kokkos::deep_copy(exec, solution.status, FitStatus::converged);
    objective.linearize(exec, all, solution.theta, solution.current);

    auto away = download(exec, theta);
    for (int p = 0; p < parameters(); ++p) {
      const Parameter& parameter = shared.model.parameters()[p];
      for (int b = 0; b < tile.size; ++b) {
        const double moved = away(b, p) + 0.1 * parameter.scale;
        away(b, p) = std::clamp(moved, parameter.lower, parameter.upper);
      }
    }
    Kokkos::deep_copy(exec, start.theta, away);
    Kokkos::deep_copy(exec, start.status, FitStatus::running);
    Kokkos::parallel_for(
        "rvfit_bench::begin", typename P::range_policy(exec, 0, tile.size),
        rvfit::detail::BeginFit<P>{start, objective.parameters(), shared.fit.solver});
    objective.linearize(exec, all, start.theta, start.current);
    copy_state(start, state);
    propose(state);
    objective.linearize(exec, all, state.trial, start.proposed);
    Kokkos::deep_copy(exec, state.proposed.gradient, start.proposed.gradient);
    Kokkos::deep_copy(exec, state.proposed.hessian, start.proposed.hessian);
  }

  void copy_state(const LmState<P>& from, const LmState<P>& to) const {
    Kokkos::deep_copy(exec, to.theta, from.theta);
    Kokkos::deep_copy(exec, to.status, from.status);
    Kokkos::deep_copy(exec, to.iterations, from.iterations);
    Kokkos::deep_copy(exec, to.damping, from.damping);
    Kokkos::deep_copy(exec, to.current.value, from.current.value);
    Kokkos::deep_copy(exec, to.current.gradient, from.current.gradient);
    Kokkos::deep_copy(exec, to.current.hessian, from.current.hessian);
  }

  void propose(const LmState<P>& of) const {
    rvfit::detail::with_capacity(parameters(), [&](auto capacity) {
      Kokkos::parallel_for("rvfit_bench::propose", typename P::range_policy(exec, 0, tile.size),
                           rvfit::detail::ProposeStep<P, decltype(capacity)::value>{
                               of, objective.parameters(), shared.fit.solver, tile});
    });
  }
};

/// One line of the table: how a tile does it, and what that counts.
template <ExecutionPolicy P>
struct Stage {
  std::string name;
  std::string shape;
  Count count;  ///< of a tile
  std::function<void(StageTile<P>&)> run;
  std::function<void(StageTile<P>&)> prepare = [](StageTile<P>&) {};
  std::vector<Product> products = {};  ///< that a network consists of
};

/// Products of all layers of all arms on `rows` rows.
template <ExecutionPolicy P>
[[nodiscard]] std::vector<Product> network_products(const StageModel<P>& model, int rows) {
  std::vector<Product> products;
  for (const ArmData& arm : model.arms) {
    for (const LayerData& layer : arm.layers) {
      products.push_back({rows, layer.inputs, layer.outputs});
    }
  }
  return products;
}

/// Layers of the networks, 4-256-256-200-(6300+5000) where arms differ in their last one alone.
[[nodiscard]] inline std::string layers_text(const std::vector<ArmData>& arms) {
  std::vector<std::string> hidden, outputs;
  for (const ArmData& arm : arms) {
    hidden.push_back(std::to_string(arm.layers.front().inputs) + "-");
    for (std::size_t n = 0; n + 1 < arm.layers.size(); ++n) {
      hidden.back() += std::to_string(arm.layers[n].outputs) + "-";
    }
    outputs.push_back(std::to_string(arm.layers.back().outputs));
  }
  const bool equal = std::equal(hidden.begin() + 1, hidden.end(), hidden.begin());
  std::string text = equal ? hidden.front() + "(" : "";
  for (std::size_t a = 0; a < arms.size(); ++a) {
    text += (a == 0 ? "" : "+") + (equal ? "" : hidden[a]) + outputs[a];
  }
  return text + (equal ? ")" : "");
}

/// All stages on tiles like this one.
template <ExecutionPolicy P>
[[nodiscard]] std::vector<Stage<P>> stages_of(const StageTile<P>& like) {
  using Real = typename P::real_type;
  const StageModel<P>& model = like.shared;
  const int spectra = model.tile;
  const std::string batch = std::to_string(spectra);
  const int parameters = like.parameters();
  const int columns = model.fit.continuum.columns;
  std::string pixels, grid, bins;
  const auto list = [](std::string& text, const std::string& value) {
    text += (text.empty() ? "" : "+") + value;
  };
  for (std::size_t a = 0; a < like.arms.size(); ++a) {
    list(pixels, std::to_string(like.arms[a].pixels));
    list(grid, std::to_string(like.arms[a].grid));
    list(bins, std::to_string(like.scan_arms[a].templates.elements));
  }
  const std::string networks = model.has_networks() ? layers_text(model.arms) : "";

  std::vector<Stage<P>> stages;
  Count likelihood;  // one velocity of a template: Doppler and projection
  Count synthesis, scan;
  const auto host_theta = download(like.exec, like.theta);
  for (const int lanes : {1, model.lanes()}) {
    const std::string kind = lanes == 1 ? ", value" : ", tangents";
    const int label_lanes = like.label_lanes(lanes), filter_lanes = like.filter_lanes(lanes);
    Count network, rotation, observation, projection;
    for (std::size_t a = 0; a < like.arms.size(); ++a) {
      const auto& arm = like.arms[a];
      if (model.has_networks()) {
        network += count_network<Real>(model.arms[a], spectra * label_lanes);
      }
      for (int b = 0; b < spectra; ++b) {
        const auto b_row = static_cast<std::size_t>(b);
        const double vsini =
            host_theta(b_row, static_cast<std::size_t>(model.model.layout().width()));
        rotation += count_broaden<Real>(vsini, model.arms[a].grid.step, label_lanes, filter_lanes,
                                        arm.grid);
      }
      observation +=
          count_observe<Real>(lanes, filter_lanes, arm.grid, arm.pixels) * double(spectra);
      projection += count_projection<Real>(columns, lanes - 1, arm.pixels) * double(spectra);
      if (lanes == 1) {
        scan += count_scan<Real>(spectra, like.scan_arms[a].templates.elements,
                                 like.correlation->block(), like.correlation->length(),
                                 model.fit.scan.templates);
      }
    }
    if (lanes == 1) {
      synthesis += network;
      synthesis += rotation;
      likelihood += observation;
      likelihood += projection;
    }
    if (model.has_networks()) {
      stages.push_back({"MLP" + kind, batch + " x " + std::to_string(label_lanes) + ", " + networks,
                        network, [lanes](StageTile<P>& t) { t.evaluate_networks(lanes); }});
      stages.back().products = network_products(model, spectra * label_lanes);
    }
    stages.push_back({"rotation and spline" + kind,
                      batch + " x " + std::to_string(filter_lanes) + " x " + grid, rotation,
                      [lanes](StageTile<P>& t) { t.broaden_templates(lanes); }});
    const std::string jets = batch + " x " + std::to_string(lanes) + " x " + pixels;
    stages.push_back({"Doppler shift" + kind, jets, observation,
                      [lanes](StageTile<P>& t) { t.observe_arms(lanes); }});
    stages.push_back({"projection" + kind, jets + ", K " + std::to_string(columns), projection,
                      [lanes](StageTile<P>& t) { t.project_arms(lanes); }});
  }
  stages.push_back({"LM step", batch + " x P " + std::to_string(parameters),
                    count_step(parameters) * spectra, [](StageTile<P>& t) { t.step(); },
                    [](StageTile<P>& t) { t.reset_steps(); }});
  const int shifts = like.correlation->shifts();
  scan += count_shifts<Real>(spectra, like.correlation->length(), model.fit.scan.templates, shifts);
  const std::string shape = batch + " x " + bins + ", " + std::to_string(model.fit.scan.templates) +
                            " templates x " + std::to_string(shifts) + " shifts";
  stages.push_back({"scan, products", shape, scan, [](StageTile<P>& t) { t.correlate_arms(); }});
  stages.push_back({"scan", shape, scan, [](StageTile<P>& t) { t.run_scan(); }});
  // One window of each star; those that need another are not credited for it.
  synthesis += likelihood * double(rv_window_points);
  stages.push_back({"rv profile", batch + " x " + std::to_string(rv_window_points) + " x " + pixels,
                    synthesis, [](StageTile<P>& t) { t.run_profile(); }});
  return stages;
}

}  // namespace rvfit::bench
