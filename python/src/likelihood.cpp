// SPDX-License-Identifier: MIT

#include "likelihood.hpp"

#include "core/batch.hpp"
#include "core/fitted_parameters.hpp"
#include "core/load_spectra.hpp"
#include <rvfit/rvfit.hpp>

#include <compiled/fitters.hpp>

#include <algorithm>
#include <mutex>
#include <optional>

namespace rvfit_python {
namespace {

using rvfit_programs::Batch;
using rvfit_programs::FitSettings;

/// All spectra of a reading as one batch.
[[nodiscard]] Batch whole_batch(const rvfit_programs::Reading& reading) {
  RVFIT_REQUIRE(!reading.targets.empty(), "there are no spectra");
  Batch batch;
  batch.exposures = reading.targets.front().size();
  batch.capacity = reading.targets.size();
  std::vector<std::size_t> rows;
  for (std::size_t e = 0; e < batch.exposures; ++e) {
    for (const std::vector<std::size_t>& target : reading.targets) {
      RVFIT_REQUIRE(target.size() == batch.exposures, "a target has ", target.size(),
                    " exposures, the first has ", batch.exposures);
      rows.push_back(target[e]);
    }
  }
  batch.arms = reading.read_rows(rows);
  return batch;
}

[[nodiscard]] rvfit::ForwardModelOptions model_of(const FitSettings& settings, const Batch& batch) {
  rvfit::ForwardModelOptions options = settings.model;
  options.velocities = static_cast<int>((settings.rv_per_exposure ? batch.exposures : 1) *
                                        (settings.rv_per_arm ? batch.arms.size() : 1));
  return options;
}

template <rvfit::ExecutionPolicy P>
class LikelihoodOf final : public Likelihood {
 public:
  using Exec = typename P::execution_space;
  using Model = rvfit::ForwardModel<P>;

  LikelihoodOf(const rvfit::EmulatorData& library, Batch&& batch, const FitSettings& settings)
      : batch_(std::move(batch)) {
    Device& device = device_.emplace();
    const Model model(device.exec, library, model_of(settings, batch_));
    parameters_ = rvfit_programs::fitted_parameters(model.parameters(), settings);
    device.loader.emplace(device.exec, batch_, settings, library, [&](const std::string& arm) {
      const rvfit::Parameter& rv = parameters_["rv"];
      return model.covered(model.arm_index(arm), rv.lower, rv.upper);
    });
    const rvfit::Observations<P> observations = device.loader->load(device.exec, batch_);
    const auto count = static_cast<int>(batch_.size());
    constexpr int most = 256;
    const int padded =
        (count + rvfit::gemm_row_group - 1) / rvfit::gemm_row_group * rvfit::gemm_row_group;
    device.objective.emplace(device.exec, model, parameters_, observations, count,
                             settings.continuum, std::clamp(padded, rvfit::gemm_row_group, most));
    device.objective->bind(device.exec, observations);
  }

  [[nodiscard]] const rvfit::ParameterSet& parameters() const override { return parameters_; }
  [[nodiscard]] std::size_t size() const override { return batch_.size(); }

  [[nodiscard]] LikelihoodValues evaluate(const std::vector<double>& theta,
                                          bool derivatives) override {
    const std::lock_guard lock(mutex_);
    const auto columns = static_cast<std::size_t>(parameters_.size());
    RVFIT_REQUIRE(!theta.empty() && theta.size() % (columns * size()) == 0, "theta has ",
                  theta.size(), " numbers, wanted a multiple of ", size(), " spectra x ", columns,
                  " parameters");
    const std::size_t points = theta.size() / columns;
    Device& device = *device_;
    const Exec& exec = device.exec;
    if (device.points < points) {
      device.list.emplace(exec, static_cast<int>(points));
      device.out = rvfit::Linearization<P>(exec, static_cast<int>(points), parameters_.size());
      device.points = points;
    }
    const auto at = rvfit::upload_matrix<rvfit::Matrix<const double, P>>(
        exec, "rvfit_python::theta", theta, points, columns);
    device.list->share_spectra(static_cast<int>(size()));
    device.list->select(exec, static_cast<int>(points), static_cast<int>(points), rvfit::KeepAll{});
    LikelihoodValues values;
    if (derivatives) {
      device.objective->linearize(exec, *device.list, at, device.out);
      values.gradient = rvfit::download_rows<double>(exec, device.out.gradient, points);
      values.hessian = rvfit::download_rows<double>(exec, device.out.hessian, points);
    } else {
      device.objective->evaluate(exec, *device.list, at, device.out);
    }
    values.value = rvfit::download_rows<double>(exec, device.out.value, points);
    return values;
  }

  void release() override { device_.reset(); }

 private:
  /// All that has memory of Kokkos.
  struct Device {
    Exec exec;
    std::optional<rvfit_programs::SpectraLoader<P>> loader;
    std::optional<rvfit::Objective<P, Model>> objective;
    std::optional<rvfit::ActiveList<P>> list;
    rvfit::Linearization<P> out;
    std::size_t points = 0;
  };

  Batch batch_;
  rvfit::ParameterSet parameters_;
  std::mutex mutex_;
  std::optional<Device> device_;
};

}  // namespace

std::unique_ptr<Likelihood> make_likelihood(const rvfit::EmulatorData& library,
                                            const rvfit_programs::Reading& reading,
                                            const rvfit_programs::Options& options) {
  Batch batch = whole_batch(reading);
  if (options.fit.double_storage) {
    return std::make_unique<LikelihoodOf<rvfit::compiled::Double>>(library, std::move(batch),
                                                                   options.fit);
  }
  return std::make_unique<LikelihoodOf<rvfit::compiled::Float>>(library, std::move(batch),
                                                                options.fit);
}

}  // namespace rvfit_python
