// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fits the rows of any survey's file in batches, several side by side on a host, and keeps plans
/// while arms and wavelengths stay the same. The survey is known only to `load`, which brings a batch
/// of rows to the device.

#include "options.hpp"
#include "summary.hpp"
#include <rvfit/rvfit.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rvfit_desi {

/// Wavelengths of one arm, as a file has them.
struct ArmGrid {
  std::string arm;           ///< setup of the emulator
  std::vector<double> wave;  ///< (N)  [Angstrom]
  bool operator==(const ArmGrid&) const = default;
};

/// Results of R rows, and their best-fit spectra if those were asked for.
struct FileFit {
  rvfit::FitResult result;
  std::vector<std::vector<float>> models;  ///< for each arm (R, N)
};

/// Add the rows of `part` below those of `whole`.
inline void append(FileFit& whole, FileFit&& part) {
  const auto add = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  rvfit::FitResult& to = whole.result;
  const rvfit::FitResult& from = part.result;
  to.size += from.size;
  add(to.theta, from.theta);
  add(to.error, from.error);
  add(to.covariance, from.covariance);
  add(to.neg2_log_like, from.neg2_log_like);
  add(to.chi2, from.chi2);
  add(to.continuum_chi2, from.continuum_chi2);
  add(to.pixels, from.pixels);
  add(to.status, from.status);
  add(to.bound_flags, from.bound_flags);
  add(to.bad_hessian, from.bad_hessian);
  add(to.iterations, from.iterations);
  for (std::size_t a = 0; a < part.models.size(); ++a) {
    add(whole.models[a], part.models[a]);
  }
}

/// One instance with a plan of its own, working through batches.
template <rvfit::ExecutionPolicy P>
class Worker {
 public:
  using Exec = typename P::execution_space;
  using Model = rvfit::ForwardModel<P>;
  using Waves = std::vector<rvfit::Matrix<const double, P>>;

  explicit Worker(const Exec& exec) : exec_(exec) {}

  /// Forget the plan: other arms or wavelengths.
  void reset() { fitter_.reset(); }

  /// Fit rows first .. last - 1; see BatchFitter::fit.
  template <class Load>
  [[nodiscard]] FileFit fit(const Model& model, const rvfit::FitOptions& options,
                            const Waves& waves, const Load& load, int first, int last, int batch,
                            Seconds& seconds) {
    Kokkos::Timer timer;
    const auto lap = [&](double& sum) {
      exec_.fence("rvfit_desi: end of a phase");
      sum += timer.seconds();
      timer.reset();
    };
    const rvfit::Observations<P> observations = load(exec_, waves, first, last);
    lap(seconds.read);
    if (!fitter_ || batch > capacity_) {
      fitter_.reset();
      fitter_.emplace(exec_, model, observations, batch, options);
      capacity_ = batch;
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
  int capacity_ = 0;
};

template <rvfit::ExecutionPolicy P>
class BatchFitter {
 public:
  using Exec = typename P::execution_space;
  using Model = rvfit::ForwardModel<P>;
  using Waves = typename Worker<P>::Waves;

  /// @throws rvfit::InvalidArgument  a fixed parameter that the model lacks
  BatchFitter(const Exec& exec, const rvfit::EmulatorData& emulator, const Options& options)
      : exec_(exec),
        model_(exec, emulator, options.model),
        parameters_(model_.parameters()),
        batch_(options.batch) {
    for (const auto& [name, value] : options.fixed) {
      parameters_[name].fixed = true;
      parameters_[name].value = value;
    }
    options_.continuum = options.continuum;
    options_.solver = options.solver;
    options_.parameters = parameters_;
    options_.keep_models = options.write_models;
    for (const Exec& instance : rvfit::instances_side_by_side<P>(exec)) {
      workers_.emplace_back(instance);
    }
  }

  /// Fit R rows: workers take batches from a queue, results are joined in the order of the rows.
  ///
  /// @param[in] grids     arms and their wavelengths
  /// @param[in] rows      R
  /// @param[in] load      (exec, waves, first, last) -> Observations<P> of rows first .. last - 1,
  ///                      by several threads at once
  /// @param[in] seconds   gains what the phases took, the mean over the workers
  /// @param[in] progress  told the fraction done
  /// @throws rvfit::InvalidArgument  the emulator does not cover the wavelengths
  template <class Load, class Tell>
  [[nodiscard]] FileFit fit(const std::vector<ArmGrid>& grids, int rows, const Load& load,
                            Seconds& seconds, const Tell& tell) {
    upload_waves(grids);
    const int batch = batch_size(rows);
    const int batches = (rows + batch - 1) / batch;
    std::vector<FileFit> parts(static_cast<std::size_t>(batches));
    std::vector<std::exception_ptr> failures(parts.size());
    std::atomic<int> next = 0;
    std::mutex telling;
    int done = 0;
    const std::size_t team = std::min(workers_.size(), parts.size());
    std::vector<Seconds> times(team);
    const auto work = [&](std::size_t who) {
      for (int n = next++; n < batches; n = next++) {
        const auto index = static_cast<std::size_t>(n);
        const int last = std::min((n + 1) * batch, rows);
        try {
          parts[index] =
              workers_[who].fit(model_, options_, waves_, load, n * batch, last, batch, times[who]);
        } catch (...) {
          failures[index] = std::current_exception();
          next = batches;
        }
        const std::lock_guard lock(telling);
        done += last - n * batch;
        tell(static_cast<double>(done) / rows, "fit");
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
    FileFit whole;
    whole.result.parameters = parameters_;
    whole.result.arms = static_cast<int>(grids.size());
    whole.models.resize(grids.size());
    for (FileFit& part : parts) {
      append(whole, std::move(part));
    }
    return whole;
  }

 private:
  /// Rows of a batch. Workers on a host stay with a tile of spectra whose arrays a core's cache holds
  /// or nearly so, and every worker has some; a device wants as many as its memory takes.
  [[nodiscard]] int batch_size(int rows) const {
    constexpr int host_batch = 64, device_batch = 8192;
    if (batch_ > 0) {
      return batch_;
    }
    if (!P::on_host) {
      return device_batch;
    }
    const int shares = 2 * static_cast<int>(workers_.size());
    return std::clamp((rows + shares - 1) / shares, 1, host_batch);
  }

  /// A new grid needs new plans.
  void upload_waves(const std::vector<ArmGrid>& grids) {
    if (grids == grids_ && !waves_.empty()) {
      return;
    }
    for (Worker<P>& worker : workers_) {
      worker.reset();
    }
    waves_.clear();
    for (const ArmGrid& grid : grids) {
      waves_.push_back(rvfit::upload_matrix<rvfit::Matrix<const double, P>>(
          exec_, "rvfit_desi::wave", grid.wave, 1, grid.wave.size()));
    }
    grids_ = grids;
  }

  Exec exec_;
  Model model_;
  rvfit::ParameterSet parameters_;
  rvfit::FitOptions options_;
  int batch_;
  std::vector<Worker<P>> workers_;
  std::vector<ArmGrid> grids_;
  Waves waves_;
};

}  // namespace rvfit_desi
