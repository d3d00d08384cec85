// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fits batches of any survey's spectra, several side by side.

#include "clip_fit.hpp"
#include "fitted_parameters.hpp"
#include "load_spectra.hpp"
#include "planning.hpp"
#include "survey_fitter.hpp"
#include <rvfit/rvfit.hpp>

#include <compiled/fitters.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {

/// A model with some number of velocities, and how it is fitted.
template <rvfit::ExecutionPolicy P>
struct PlannedModel {
  rvfit::ForwardModel<P> model;
  rvfit::FitOptions options;
};

/// One instance with a plan and arrays of its own, working through batches. While they are of the same
/// kind it neither allocates nor frees memory of Kokkos: on a host every instance would wait for all
/// others then (docs/decisions/0011).
template <rvfit::ExecutionPolicy P>
class Worker {
 public:
  using Exec = typename P::execution_space;

  Worker(const Exec& exec, Planning& planning) : exec_(exec), planning_(&planning) {}

  [[nodiscard]] const Exec& exec() const { return exec_; }

  [[nodiscard]] BatchFit fit(const PlannedModel<P>& plan, const FitSettings& settings,
                             const rvfit::EmulatorData& library, const Batch& batch,
                             Seconds& seconds) {
    Kokkos::Timer timer;
    const auto lap = [&](double& sum) {
      exec_.fence("rvfit_programs: end of a phase");
      sum += timer.seconds();
      timer.reset();
    };
    const bool is_first = !loader_;
    std::optional<Planning::Turn> turn;
    const Kokkos::Timer since_begin;
    if (!loader_ || !loader_->suits(batch)) {
      turn.emplace(*planning_);
      fitter_.reset();
      loader_.emplace(exec_, batch, settings, library, [&](const std::string& arm) {
        const rvfit::Parameter& rv = (*plan.options.parameters)["rv"];
        return plan.model.covered(plan.model.arm_index(arm), rv.lower, rv.upper);
      });
      lap(seconds.setup);
    }
    const rvfit::Observations<P> observations = loader_->load(exec_, batch);
    lap(seconds.read);
    if (!fitter_) {
      fitter_.emplace(exec_, plan.model, observations, loader_->capacity(),
                      with_joint_scan(plan.options, batch));
    }
    fitter_->bind(exec_, observations);
    turn.reset();
    if (is_first) {  // others need no longer than this one did
      planning_->wait(std::chrono::duration<double>(since_begin.seconds()));
    }
    lap(seconds.setup);
    fitter_->scan(exec_);
    lap(seconds.scan);
    fitter_->minimize(exec_);
    lap(seconds.fit);
    fitter_->uncertainties(exec_);
    BatchFit found{fitter_->result(exec_), {}};
    if (plan.options.keep_models) {
      found.models = joined_exposures(fitter_->model_spectra(exec_), batch.exposures);
    }
    lap(seconds.errors);
    return found;
  }

 private:
  /// The scan of spectra with wavelengths of their own has the same bins in all batches of a file or group
  /// of files, so that results have the same bits (docs/decisions/0004).
  [[nodiscard]] static rvfit::FitOptions with_joint_scan(rvfit::FitOptions options,
                                                         const Batch& batch) {
    const bool known = std::all_of(batch.joint.begin(), batch.joint.end(),
                                   [](const JointArm& arm) { return arm.finest > 0.0; });
    if (batch.joint.empty() || !known) {
      return options;
    }
    double finest = std::numeric_limits<double>::infinity();
    for (const JointArm& arm : batch.joint) {
      finest = std::min(finest, arm.finest);
      options.scan.ranges.insert(options.scan.ranges.end(), batch.exposures, arm.range);
    }
    if (!(options.scan.rv_step > 0.0)) {
      options.scan.rv_step = rvfit::scan_step_in_pixels * std::max(1.0, finest);
    }
    return options;
  }

  /// Models of the exposures of an arm, one after another.
  [[nodiscard]] static std::vector<std::vector<float>> joined_exposures(
      std::vector<std::vector<float>>&& models, std::size_t exposures) {
    std::vector<std::vector<float>> joined;
    for (std::size_t n = 0; n < models.size(); ++n) {
      if (n % exposures == 0) {
        joined.push_back(std::move(models[n]));
      } else {
        joined.back().insert(joined.back().end(), models[n].begin(), models[n].end());
      }
    }
    return joined;
  }

  Exec exec_;
  Planning* planning_;  ///< of all workers
  std::optional<SpectraLoader<P>> loader_;
  std::optional<rvfit::Fitter<rvfit::ForwardModel<P>>> fitter_;
};

template <rvfit::ExecutionPolicy P>
class BatchFitter final : public SurveyFitter {
 public:
  using Exec = typename P::execution_space;
  using Model = rvfit::ForwardModel<P>;

  BatchFitter(const Exec& exec, const rvfit::EmulatorData& emulator, const FitSettings& settings)
      : exec_(exec), emulator_(emulator), settings_(settings) {
    (void)planned(exec, 1);
    for (const Exec& instance : rvfit::instances_side_by_side<P>(exec)) {
      workers_.emplace_back(instance, turns_);
    }
  }

  [[nodiscard]] std::string execution_space() const override { return exec_.name(); }
  [[nodiscard]] int threads() const override { return P::on_host ? exec_.concurrency() : 0; }
  [[nodiscard]] std::size_t workers() const override { return workers_.size(); }
  [[nodiscard]] const rvfit::ParameterSet& parameters() const override {
    return *models_.at(1).options.parameters;
  }

  [[nodiscard]] rvfit::WaveRange covered(const std::string& arm) const override {
    const PlannedModel<P>& plan = models_.at(1);
    const rvfit::Parameter& rv = (*plan.options.parameters)["rv"];
    return plan.model.covered(plan.model.arm_index(arm), rv.lower, rv.upper);
  }

  /// Every worker has some batches. Those of a host stay with a tile of spectra whose arrays a core's
  /// cache holds or nearly so; a device wants enough to fill it.
  [[nodiscard]] std::size_t batch_size(std::size_t targets) const override {
    constexpr std::size_t least = P::on_host ? 1 : 2048, most = P::on_host ? 64 : 8192;
    if (settings_.batch > 0) {
      return static_cast<std::size_t>(settings_.batch);
    }
    const std::size_t shares = 2 * workers_.size();
    return std::clamp<std::size_t>((targets + shares - 1) / shares, least, most);
  }

  [[nodiscard]] BatchFit fit(std::size_t worker, const Batch& batch, Seconds& seconds) override {
    Worker<P>& who = workers_[worker];
    const auto velocities = (settings_.rv_per_exposure ? batch.exposures : 1) *
                            (settings_.rv_per_arm ? batch.arms.size() : 1);
    const PlannedModel<P>& plan = planned(who.exec(), velocities);
    const auto fit = [&](const Batch& some) {
      return who.fit(plan, settings_, emulator_, some, seconds);
    };
    BatchFit found =
        settings_.clip.sigma > 0 ? ClippedBatch(batch, settings_.clip).run(fit) : fit(batch);
    mark_outside(found.result, batch);
    return found;
  }

 private:
  /// Which solutions lie outside the domain of the library in an arm of the batch.
  void mark_outside(rvfit::FitResult& result, const Batch& batch) const {
    const auto parameters = static_cast<std::size_t>(result.parameters.size());
    for (std::size_t b = 0; b < static_cast<std::size_t>(result.size); ++b) {
      bool outside = false;
      std::vector<double> labels;
      for (std::size_t p = 0; p < emulator_.labels.size(); ++p) {
        labels.push_back(result.theta[b * parameters + p]);
      }
      for (const rvfit::io::SpectraArm& arm : batch.arms) {
        const auto index = static_cast<std::size_t>(emulator_.arm_index(arm.name));
        outside = outside || (rvfit::is_solution(result.status[b]) &&
                              !emulator_.arms[index].is_inside(labels));
      }
      result.outside.push_back(outside ? 1 : 0);
    }
  }

  /// The model with this many velocities, uploaded when first asked for.
  const PlannedModel<P>& planned(const Exec& exec, std::size_t count) {
    const std::lock_guard lock(planning_);
    const auto found = models_.find(count);
    if (found != models_.end()) {
      return found->second;
    }
    rvfit::ForwardModelOptions of_model = settings_.model;
    of_model.velocities = static_cast<int>(count);
    PlannedModel<P> plan{Model(exec, emulator_, of_model), {}};
    exec.fence("rvfit_programs: emulator is on the device");
    plan.options.scan = settings_.scan;
    plan.options.continuum = settings_.continuum;
    plan.options.solver = settings_.solver;
    plan.options.hessian = settings_.hessian;
    plan.options.parameters = fitted_parameters(plan.model.parameters(), settings_);
    plan.options.keep_models = settings_.keep_models || settings_.clip.sigma > 0;
    return models_.emplace(count, std::move(plan)).first->second;
  }

  Exec exec_;
  rvfit::EmulatorData emulator_;
  FitSettings settings_;
  std::mutex planning_;
  std::map<std::size_t, PlannedModel<P>> models_;  ///< by number of velocities
  Planning turns_;
  std::vector<Worker<P>> workers_;
};

/// A fitter that stores spectra and templates as `Real`.
template <class Real>
[[nodiscard]] std::unique_ptr<SurveyFitter> make_batch_fitter(const rvfit::EmulatorData& emulator,
                                                              const FitSettings& settings) {
  using P = rvfit::Policy<Kokkos::DefaultExecutionSpace, Real, double>;
  return std::make_unique<BatchFitter<P>>(typename P::execution_space(), emulator, settings);
}

}  // namespace rvfit_programs
