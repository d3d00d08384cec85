// SPDX-License-Identifier: MIT

#include "likelihood.hpp"

#include "core/batch.hpp"
#include "core/fitted_parameters.hpp"
#include "core/load_spectra.hpp"
#include "device_memory.hpp"
#include <rvfit/rvfit.hpp>

#include <compiled/fitters.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

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
      : library_(library), batch_(std::move(batch)), settings_(settings) {
    const Exec exec;
    for (const Exec& instance : rvfit::instances_side_by_side<P>(exec)) {
      devices_.push_back(std::make_unique<Device>(instance));
    }
    plan(*devices_.front());
  }

  LikelihoodOf(const LikelihoodOf&) = delete;
  LikelihoodOf& operator=(const LikelihoodOf&) = delete;
  ~LikelihoodOf() override { retire(); }

  [[nodiscard]] const rvfit::ParameterSet& parameters() const override { return parameters_; }
  [[nodiscard]] std::size_t size() const override { return batch_.size(); }

  void evaluate(const LikelihoodArrays& arrays) override {
    const std::lock_guard lock(mutex_);
    const auto columns = static_cast<std::size_t>(parameters_.size());
    RVFIT_REQUIRE(arrays.size > 0 && arrays.size % (columns * size()) == 0, "theta has ",
                  arrays.size, " numbers, wanted a multiple of ", size(), " spectra x ", columns,
                  " parameters");
    if (arrays.on_device) {
      await_writers();
    }
    const std::size_t points = arrays.size / columns;
    share(points / size(), [&](Device& device, std::size_t first, std::size_t count) {
      evaluate(device, arrays, first * size(), count * size());
    });
  }

  [[nodiscard]] std::vector<double> at_velocities(const std::vector<double>& theta,
                                                  const std::vector<double>& rv) override {
    RVFIT_REQUIRE(
        size() == 1 && !rv.empty() && theta.size() == static_cast<std::size_t>(parameters_.size()),
        "velocities of one spectrum and one point wanted: there are ", size(), " spectra, ",
        theta.size(), " numbers of ", parameters_.size(), " parameters and ", rv.size(),
        " velocities");
    std::vector<double> values(rv.size());
    std::vector<double> start = theta;
    const auto column = static_cast<std::size_t>(parameters_.index("rv"));
    start[column] = rv.front();
    double whole = 0.0;
    evaluate({.theta = start.data(), .size = start.size(), .value = &whole});
    const std::lock_guard lock(mutex_);
    share(rv.size(), [&](Device& device, std::size_t first, std::size_t count) {
      const Exec& exec = device.exec;
      std::vector<double> points;
      for (std::size_t g = first; g < first + count; ++g) {
        points.insert(points.end(), theta.begin(), theta.end());
        points[points.size() - theta.size() + column] = rv[g];
      }
      require_room(device, 1);
      device.list->share_spectra(1);
      device.list->select(exec, 1, 1, rvfit::KeepAll{});
      const auto at = rvfit::upload_cube<rvfit::Cube<const double, P>>(
          exec, "rvfit_python::theta", points, count, 1, theta.size());
      const auto found = rvfit::allocate<rvfit::Matrix<double, P>>(exec, "rvfit_python::values",
                                                                   static_cast<int>(count), 1);
      device.objective->evaluate_velocities(exec, *device.list, at, found);
      const auto part = rvfit::download_rows<double>(exec, found, count);
      std::copy(part.begin(), part.end(), values.begin() + static_cast<std::ptrdiff_t>(first));
    });
    const double penalty = whole - values.front();
    for (double& value : values) {
      value += penalty;
    }
    return values;
  }

  void release() override { devices_.clear(); }

 private:
  /// All that has memory of Kokkos, for one of the threads that work side by side.
  struct Device {
    explicit Device(const Exec& instance) : exec(instance) {}

    Exec exec;
    std::optional<rvfit_programs::SpectraLoader<P>> loader;
    std::optional<rvfit::Objective<P, Model>> objective;
    std::optional<rvfit::ActiveList<P>> list;
    rvfit::Linearization<P> out;
    std::size_t points = 0;
  };

  void plan(Device& device) {
    const Model model(device.exec, library_, model_of(settings_, batch_));
    parameters_ = rvfit_programs::fitted_parameters(model.parameters(), settings_);
    device.loader.emplace(device.exec, batch_, settings_, library_, [&](const std::string& arm) {
      const rvfit::Parameter& rv = parameters_["rv"];
      return model.covered(model.arm_index(arm), rv.lower, rv.upper);
    });
    const rvfit::Observations<P> observations = device.loader->load(device.exec, batch_);
    const auto count = static_cast<int>(batch_.size());
    constexpr int most = 64;
    device.objective.emplace(device.exec, model, parameters_, observations, count,
                             settings_.continuum, std::max(most, rvfit::gemm_row_group));
    device.objective->bind(device.exec, observations);
  }

  /// Have each thread do a share of `count` things. @throws the first exception of any
  template <class Work>
  void share(std::size_t count, const Work& work) {
    const std::size_t threads = std::min(count, devices_.size());
    std::vector<std::exception_ptr> failures(threads);
    const auto part = [&](std::size_t n) {
      try {
        Device& device = *devices_[n];
        if (!device.objective) {
          plan(device);
        }
        const std::size_t first = n * count / threads;
        work(device, first, (n + 1) * count / threads - first);
      } catch (...) {
        failures[n] = std::current_exception();
      }
    };
    std::vector<std::thread> others;
    for (std::size_t n = 1; n < threads; ++n) {
      if (!devices_[n]->objective) {
        plan(*devices_[n]);
      }
      others.emplace_back(part, n);
    }
    part(0);
    for (std::thread& other : others) {
      other.join();
    }
    for (const std::exception_ptr& failure : failures) {
      if (failure) {
        std::rethrow_exception(failure);
      }
    }
  }

  void require_room(Device& device, std::size_t points) const {
    if (device.points < points) {
      const auto count = static_cast<int>(points);
      device.list.emplace(device.exec, count);
      device.out = rvfit::Linearization<P>(device.exec, count, parameters_.size());
      device.points = points;
    }
  }

  /// Points first .. first + points - 1, whole rows of all spectra.
  void evaluate(Device& device, const LikelihoodArrays& arrays, std::size_t first,
                std::size_t points) const {
    using Theta = rvfit::Matrix<const double, P>;
    const Exec& exec = device.exec;
    const auto columns = static_cast<std::size_t>(parameters_.size());
    require_room(device, points);
    const std::span theta(arrays.theta + first * columns, points * columns);
    const Theta at = arrays.on_device ? Theta(theta.data(), points, columns)
                                      : rvfit::upload_matrix<Theta>(exec, "rvfit_python::theta",
                                                                    theta, points, columns);
    device.list->share_spectra(static_cast<int>(size()));
    device.list->select(exec, static_cast<int>(points), static_cast<int>(points), rvfit::KeepAll{});
    const auto take = [&](const auto& view, std::size_t width, double* all) {
      double* const to = all + first * width;
      if (arrays.on_device) {
        Kokkos::deep_copy(exec, rvfit::Vector<double, P>(to, points * width),
                          rvfit::Vector<const double, P>(view.data(), points * width));
      } else {
        const auto part = rvfit::download_rows<double>(exec, view, points);
        std::copy(part.begin(), part.end(), to);
      }
    };
    if (arrays.gradient != nullptr) {
      device.objective->linearize(exec, *device.list, at, device.out);
      take(device.out.gradient, columns, arrays.gradient);
      take(device.out.hessian, columns * columns, arrays.hessian);
    } else {
      device.objective->evaluate(exec, *device.list, at, device.out);
    }
    take(device.out.value, 1, arrays.value);
    exec.fence("rvfit_python: values are there");
  }

  const rvfit::EmulatorData& library_;
  Batch batch_;
  FitSettings settings_;
  rvfit::ParameterSet parameters_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Device>> devices_;
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
