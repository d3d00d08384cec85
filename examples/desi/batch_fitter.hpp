// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fits the rows of any survey's file in batches, and keeps the plan while arms and wavelengths stay
/// the same. The survey is known only to `load`, which brings a batch of rows to the device.

#include "options.hpp"
#include "progress.hpp"
#include "summary.hpp"
#include <rvfit/rvfit.hpp>

#include <algorithm>
#include <optional>
#include <string>
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

template <rvfit::ExecutionPolicy P>
class BatchFitter {
 public:
  using Exec = typename P::execution_space;
  using Model = rvfit::ForwardModel<P>;
  using Waves = std::vector<rvfit::Matrix<const double, P>>;

  /// @throws rvfit::InvalidArgument  a fixed parameter that the model lacks
  BatchFitter(const Exec& exec, const rvfit::EmulatorData& emulator, const Options& options)
      : exec_(exec),
        model_(exec, emulator, options.model),
        parameters_(model_.parameters()),
        batch_(options.batch > 0 ? options.batch
               : P::on_host      ? 512
                                 : 8192) {
    for (const auto& [name, value] : options.fixed) {
      parameters_[name].fixed = true;
      parameters_[name].value = value;
    }
    options_.continuum = options.continuum;
    options_.solver = options.solver;
    options_.parameters = parameters_;
    options_.keep_models = options.write_models;
  }

  /// Fit R rows.
  ///
  /// @param[in] grids     arms and their wavelengths
  /// @param[in] rows      R
  /// @param[in] load      (exec, waves, first, last) -> Observations<P> of rows first .. last - 1
  /// @param[in] seconds   gains what the phases took
  /// @param[in] progress  told (fraction done, phase)
  /// @throws rvfit::InvalidArgument  the emulator does not cover the wavelengths
  template <class Load, class Tell>
  [[nodiscard]] FileFit fit(const std::vector<ArmGrid>& grids, int rows, const Load& load,
                            Seconds& seconds, const Tell& tell) {
    FileFit fit;
    fit.result.parameters = parameters_;
    fit.result.arms = static_cast<int>(grids.size());
    fit.models.resize(grids.size());
    for (int first = 0; first < rows; first += batch_) {
      const int last = std::min(first + batch_, rows);
      const auto phase = [&](double part, const char* name) {
        tell((first + part * (last - first)) / rows, name);
      };
      Kokkos::Timer timer;
      const auto lap = [&](double& sum) {
        exec_.fence("rvfit_desi: end of a phase");
        sum += timer.seconds();
        timer.reset();
      };
      phase(0.0, "load");
      upload_waves(grids);
      const rvfit::Observations<P> observations = load(exec_, waves_, first, last);
      lap(seconds.read);
      plan(observations, std::min(batch_, rows));
      fitter_->bind(exec_, observations);
      lap(seconds.setup);
      phase(0.05, "scan");
      fitter_->scan(exec_);
      lap(seconds.scan);
      phase(0.3, "fit");
      fitter_->minimize(exec_);
      lap(seconds.fit);
      phase(0.95, "errors");
      fitter_->errors(exec_);
      FileFit part{fitter_->result(exec_), {}};
      if (options_.keep_models) {
        part.models = fitter_->model_spectra(exec_);
      }
      append(fit, std::move(part));
      lap(seconds.errors);
    }
    return fit;
  }

 private:
  /// A new grid needs a new plan.
  void upload_waves(const std::vector<ArmGrid>& grids) {
    if (grids == grids_ && !waves_.empty()) {
      return;
    }
    fitter_.reset();
    waves_.clear();
    for (const ArmGrid& grid : grids) {
      waves_.push_back(rvfit::upload_matrix<rvfit::Matrix<const double, P>>(
          exec_, "rvfit_desi::wave", grid.wave, 1, grid.wave.size()));
    }
    grids_ = grids;
  }

  void plan(const rvfit::Observations<P>& like, int capacity) {
    if (!fitter_ || capacity > capacity_) {
      fitter_.reset();
      fitter_.emplace(exec_, model_, like, capacity, options_);
      capacity_ = capacity;
    }
  }

  Exec exec_;
  Model model_;
  rvfit::ParameterSet parameters_;
  rvfit::FitOptions options_;
  int batch_;
  std::vector<ArmGrid> grids_;
  Waves waves_;
  std::optional<rvfit::Fitter<Model>> fitter_;
  int capacity_ = 0;
};

}  // namespace rvfit_desi
