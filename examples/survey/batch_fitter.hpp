// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fits the targets of any survey's file in batches, several side by side on a host, and keeps plans
/// while arms, wavelengths and the number of exposures stay the same.

#include "load_spectra.hpp"
#include "survey_fitter.hpp"
#include <rvfit/rvfit.hpp>

#include <instances/fitters.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rvfit_survey {

/// Targets that are fitted in one go.
struct Batch {
  std::size_t exposures;             ///< of each of them
  std::vector<std::size_t> targets;  ///< positions in the list of all
};

/// One instance with a plan of its own, working through batches.
template <rvfit::ExecutionPolicy P>
class Worker {
 public:
  using Exec = typename P::execution_space;
  using Model = rvfit::ForwardModel<P>;

  explicit Worker(const Exec& exec) : exec_(exec) {}

  /// Forget the plan: other arms or wavelengths.
  void reset() { fitter_.reset(); }

  /// Fit some spectra. A plan for their number of exposures and for up to `capacity` targets is kept,
  /// unless every spectrum has wavelengths of its own.
  template <class Load>
  [[nodiscard]] FileFit fit(const Model& model, const rvfit::FitOptions& options, const Load& load,
                            const Batch& batch, int capacity, bool own_wavelengths,
                            Seconds& seconds) {
    Kokkos::Timer timer;
    const auto lap = [&](double& sum) {
      exec_.fence("rvfit_survey: end of a phase");
      sum += timer.seconds();
      timer.reset();
    };
    const rvfit::Observations<P> observations = load(exec_, batch);
    lap(seconds.read);
    if (!fitter_ || exposures_ != batch.exposures || capacity > capacity_ || own_wavelengths) {
      fitter_.reset();
      fitter_.emplace(exec_, model, observations, capacity, options);
      exposures_ = batch.exposures;
      capacity_ = capacity;
    }
    fitter_->bind(exec_, observations);
    lap(seconds.setup);
    fitter_->scan(exec_);
    lap(seconds.scan);
    fitter_->minimize(exec_);
    lap(seconds.fit);
    fitter_->errors(exec_);
    FileFit part{fitter_->result(exec_), {}};
    if (options.keep_models) {
      part.models = fitter_->model_spectra(exec_);
    }
    lap(seconds.errors);
    return part;
  }

 private:
  Exec exec_;
  std::optional<rvfit::Fitter<Model>> fitter_;
  std::size_t exposures_ = 0;
  int capacity_ = 0;
};

template <rvfit::ExecutionPolicy P>
class BatchFitter final : public SurveyFitter {
 public:
  using Exec = typename P::execution_space;
  using Model = rvfit::ForwardModel<P>;

  BatchFitter(const Exec& exec, const rvfit::EmulatorData& emulator, const FitSettings& settings)
      : exec_(exec), emulator_(emulator), settings_(settings) {
    (void)planned(1);
    for (const Exec& instance : rvfit::instances_side_by_side<P>(exec)) {
      workers_.emplace_back(instance);
    }
    exec.fence("rvfit_survey: emulator is on the device");
  }

  [[nodiscard]] std::string execution_space() const override { return exec_.name(); }
  [[nodiscard]] int threads() const override { return exec_.concurrency(); }

  /// Workers take batches from a queue; results are joined in the order of the targets.
  [[nodiscard]] FileFit fit(const rvfit::io::Spectra& spectra, const rvfit::io::Targets& targets,
                            Seconds& seconds, const TellProgress& tell) override {
    upload_waves(spectra);
    const std::vector<Batch> batches = share_out(targets);
    for (const Batch& batch : batches) {
      (void)planned(velocities(batch));
    }
    const auto load = [&](const Exec& exec, const Batch& batch) {
      std::vector<std::vector<std::size_t>> rows(batch.exposures);
      for (const std::size_t target : batch.targets) {
        for (std::size_t e = 0; e < batch.exposures; ++e) {
          rows[e].push_back(targets[target][e]);
        }
      }
      return load_spectra<P>(exec, spectra, waves_, rows, settings_, emulator_);
    };
    const bool own_wavelengths =
        std::any_of(spectra.arms.begin(), spectra.arms.end(),
                    [](const rvfit::io::SpectraArm& arm) { return arm.wave_rows > 1; });
    const std::size_t capacity = batch_size(targets.size());
    std::vector<FileFit> parts(batches.size());
    work_through(
        batches, targets.size(),
        [&](Worker<P>& worker, std::size_t n, Seconds& time) {
          const Batch& batch = batches[n];
          const Planned& plan = models_.at(velocities(batch));
          parts[n] = worker.fit(plan.model, plan.options, load, batch,
                                static_cast<int>(own_wavelengths ? batch.targets.size() : capacity),
                                own_wavelengths, time);
        },
        seconds, tell);
    return join(spectra, targets, batches, parts);
  }

 private:
  /// A model with some number of velocities, and how it is fitted.
  struct Planned {
    Model model;
    rvfit::FitOptions options;
  };

  [[nodiscard]] std::size_t velocities(const Batch& batch) const {
    return settings_.rv_per_exposure ? batch.exposures : 1;
  }

  /// The model with this many velocities, uploaded when first asked for.
  const Planned& planned(std::size_t count) {
    const auto found = models_.find(count);
    if (found != models_.end()) {
      return found->second;
    }
    rvfit::ForwardModelOptions of_model = settings_.model;
    of_model.velocities = static_cast<int>(count);
    Planned plan{Model(exec_, emulator_, of_model), {}};
    rvfit::ParameterSet parameters = plan.model.parameters();
    for (const auto& [name, value] : settings_.fixed) {
      parameters[name].fixed = true;
      parameters[name].value = value;
    }
    for (const Prior& prior : settings_.priors) {
      parameters[prior.parameter].prior_mean = prior.mean;
      parameters[prior.parameter].prior_sigma = prior.sigma;
    }
    plan.options.scan = settings_.scan;
    plan.options.continuum = settings_.continuum;
    plan.options.solver = settings_.solver;
    plan.options.hessian = settings_.hessian;
    plan.options.parameters = parameters;
    plan.options.keep_models = settings_.keep_models;
    return models_.emplace(count, std::move(plan)).first->second;
  }

  /// Targets of a batch. Workers on a host stay with a tile of spectra whose arrays a core's cache
  /// holds or nearly so, and every worker has some; a device wants as many as its memory takes.
  [[nodiscard]] std::size_t batch_size(std::size_t targets) const {
    constexpr std::size_t host_batch = 64, device_batch = 8192;
    if (settings_.batch > 0) {
      return static_cast<std::size_t>(settings_.batch);
    }
    if (!P::on_host) {
      return device_batch;
    }
    const std::size_t shares = 2 * workers_.size();
    return std::clamp<std::size_t>((targets + shares - 1) / shares, 1, host_batch);
  }

  /// Batches of targets with the same number of exposures, in their order.
  [[nodiscard]] std::vector<Batch> share_out(const rvfit::io::Targets& targets) const {
    std::map<std::size_t, std::vector<std::size_t>> groups;
    for (std::size_t t = 0; t < targets.size(); ++t) {
      groups[targets[t].size()].push_back(t);
    }
    const std::size_t size = batch_size(targets.size());
    std::vector<Batch> batches;
    for (const auto& [exposures, members] : groups) {
      for (auto first = members.begin(); first != members.end();) {
        const auto rest = static_cast<std::size_t>(members.end() - first);
        const auto last = first + static_cast<std::ptrdiff_t>(std::min(size, rest));
        batches.push_back({exposures, {first, last}});
        first = last;
      }
    }
    return batches;
  }

  /// New wavelengths need new plans.
  void upload_waves(const rvfit::io::Spectra& spectra) {
    std::vector<Grid> grids;
    for (const rvfit::io::SpectraArm& arm : spectra.arms) {
      grids.push_back(
          {arm.name, arm.pixels(), arm.wave_rows == 1 ? arm.wave : std::vector<double>{}});
    }
    if (grids == grids_) {
      return;
    }
    for (Worker<P>& worker : workers_) {
      worker.reset();
    }
    waves_.clear();
    for (const Grid& grid : grids) {
      waves_.push_back(grid.wave.empty()
                           ? rvfit::Matrix<const double, P>()
                           : rvfit::upload_matrix<rvfit::Matrix<const double, P>>(
                                 exec_, "rvfit_survey::wave", grid.wave, 1, grid.pixels));
    }
    grids_ = std::move(grids);
  }

  /// Call `fit(worker, n, seconds)` for every batch n, each worker in a thread of its own.
  template <class Fit>
  void work_through(const std::vector<Batch>& batches, std::size_t targets, const Fit& fit,
                    Seconds& seconds, const TellProgress& tell) {
    std::vector<std::exception_ptr> failures(batches.size());
    std::atomic<std::size_t> next = 0;
    std::mutex telling;
    std::size_t done = 0;
    const std::size_t team = std::min(workers_.size(), batches.size());
    std::vector<Seconds> times(team);
    const auto work = [&](std::size_t who) {
      for (std::size_t n = next++; n < batches.size(); n = next++) {
        try {
          fit(workers_[who], n, times[who]);
        } catch (...) {
          failures[n] = std::current_exception();
          next = batches.size();
        }
        const std::lock_guard lock(telling);
        done += batches[n].targets.size();
        tell(static_cast<double>(done) / static_cast<double>(targets));
      }
    };
    std::vector<std::thread> threads;
    for (std::size_t who = 1; who < team; ++who) {
      threads.emplace_back(work, who);
    }
    if (team > 0) {
      work(0);
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    for (const std::exception_ptr& failure : failures) {
      if (failure) {
        std::rethrow_exception(failure);
      }
    }
    for (const Seconds& time : times) {
      seconds.add(time, 1.0 / static_cast<double>(team));
    }
  }

  [[nodiscard]] FileFit join(const rvfit::io::Spectra& spectra, const rvfit::io::Targets& targets,
                             const std::vector<Batch>& batches,
                             const std::vector<FileFit>& parts) const {
    std::size_t most = 1;
    for (const Batch& batch : batches) {
      most = std::max(most, velocities(batch));
    }
    FileFit whole;
    whole.result.parameters = *models_.at(most).options.parameters;
    whole.result.size = static_cast<int>(targets.size());
    whole.result.arms = static_cast<int>(spectra.arms.size());
    for (std::size_t n = 0; n < batches.size(); ++n) {
      place(whole.result, parts[n].result, batches[n].exposures, batches[n].targets);
    }
    whole.models.resize(spectra.arms.size());
    if (settings_.keep_models) {
      place_models(whole.models, spectra, targets, batches, parts);
    }
    return whole;
  }

  static void place_models(std::vector<std::vector<float>>& models,
                           const rvfit::io::Spectra& spectra, const rvfit::io::Targets& targets,
                           const std::vector<Batch>& batches, const std::vector<FileFit>& parts) {
    std::vector<std::size_t> first(targets.size() + 1, 0);  // row of a target's first exposure
    for (std::size_t t = 0; t < targets.size(); ++t) {
      first[t + 1] = first[t] + targets[t].size();
    }
    for (std::size_t a = 0; a < models.size(); ++a) {
      const std::size_t pixels = spectra.arms[a].pixels();
      models[a].resize(first.back() * pixels);
      for (std::size_t n = 0; n < batches.size(); ++n) {
        const std::size_t exposures = batches[n].exposures;
        for (std::size_t e = 0; e < exposures; ++e) {
          std::vector<std::size_t> rows;
          for (const std::size_t target : batches[n].targets) {
            rows.push_back(first[target] + e);
          }
          detail::scatter(models[a], first.back(), parts[n].models[a * exposures + e], rows);
        }
      }
    }
  }

  /// What a plan depends on.
  struct Grid {
    std::string arm;
    std::size_t pixels;
    std::vector<double> wave;  ///< empty where every spectrum has its own
    bool operator==(const Grid&) const = default;
  };

  Exec exec_;
  rvfit::EmulatorData emulator_;
  FitSettings settings_;
  std::map<std::size_t, Planned> models_;  ///< by number of velocities
  std::vector<Worker<P>> workers_;
  std::vector<Grid> grids_;
  std::vector<rvfit::Matrix<const double, P>> waves_;
};

/// A fitter that stores spectra and templates as `Real`.
template <class Real>
[[nodiscard]] std::unique_ptr<SurveyFitter> make_batch_fitter(const rvfit::EmulatorData& emulator,
                                                              const FitSettings& settings) {
  using P = rvfit::Policy<Kokkos::DefaultExecutionSpace, Real, double>;
  return std::make_unique<BatchFitter<P>>(typename P::execution_space(), emulator, settings);
}

}  // namespace rvfit_survey
