// SPDX-License-Identifier: MIT

#include "fit_arrays.hpp"

#include "core/file_job.hpp"
#include "runtime.hpp"
#include <rvfit/pipeline/scan_velocities.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace rvfit_python {
namespace {

using rvfit::io::SpectraArm;
using rvfit_programs::FileJob;
using rvfit_programs::JointArm;
using rvfit_programs::SharedBatch;

/// Wavelengths of pixels that were added to a shorter spectrum differ by no more from those before.
constexpr double most_added_step = 2e-9;

/// Pixels of a row before those that were added.
[[nodiscard]] std::size_t own_pixels(const double* wave, std::size_t pixels) {
  while (pixels > 1 && wave[pixels - 1] <= wave[pixels - 2] * (1.0 + most_added_step)) {
    --pixels;
  }
  return pixels;
}

/// The ranges and widths of pixels of spectra with wavelengths of their own, without pixels that were added.
void look_at_own_pixels(const SpectraArm& arm, JointArm& joint) {
  const std::size_t pixels = arm.pixels();
  bool is_first = true;
  for (std::size_t row = 0; row < arm.wave_rows; ++row) {
    const double* wave = &arm.wave[row * pixels];
    const std::size_t own = own_pixels(wave, pixels);
    if (own < 2) {
      continue;
    }
    const double width = rvfit::median_pixel(std::span(wave, own));
    joint.finest = is_first ? width : std::min(joint.finest, width);
    joint.range.lower = is_first ? wave[0] : std::min(joint.range.lower, wave[0]);
    joint.range.upper = is_first ? wave[own - 1] : std::max(joint.range.upper, wave[own - 1]);
    is_first = false;
  }
}

/// The last batches in pieces that get smaller, so that workers which share them are done at nearly the same time;
/// pieces below a quarter of a batch would be slow. No result depends on it (docs/decisions/0004).
[[nodiscard]] std::vector<SharedBatch> with_short_end(const std::vector<SharedBatch>& batches,
                                                      std::size_t workers) {
  std::size_t left = 0;
  for (const SharedBatch& each : batches) {
    left += each.shares.front().targets.size();
  }
  std::vector<SharedBatch> pieces;
  for (const SharedBatch& each : batches) {
    const rvfit_programs::Share& share = each.shares.front();
    const std::size_t size = share.targets.size();
    const std::size_t least = std::max<std::size_t>(each.batch.capacity / 4, 1);
    const std::size_t wanted = std::clamp(left / (2 * workers), least, each.batch.capacity);
    const std::size_t count = workers > 1 ? std::max<std::size_t>(size / wanted, 1) : 1;
    for (std::size_t n = 0; n < count; ++n) {
      const auto at = [&](std::size_t i) {
        return share.targets.begin() + static_cast<std::ptrdiff_t>(i * size / count);
      };
      pieces.push_back({each.batch, {{share.file, {at(n), at(n + 1)}}}});
    }
    left -= size;
  }
  return pieces;
}

/// Works through batches with some threads.
class ArrayJob {
 public:
  ArrayJob(rvfit_programs::SurveyFitter& fitter, rvfit_programs::Reading& reading)
      : fitter_(fitter), reading_(reading), job_(std::make_shared<FileJob>("spectra")) {
    job_->reading.targets = reading.targets;
    job_->reading.spectra.arms = reading.spectra.arms;
    joint_ = rvfit_programs::joint_arms({job_});
    for (std::size_t a = 0; a < joint_.size(); ++a) {
      if (joint_[a].finest > 0.0) {
        look_at_own_pixels(reading.spectra.arms[a], joint_[a]);
      }
    }
    batches_ =
        with_short_end(rvfit_programs::share_out({job_}, fitter.batch_size(reading.targets.size())),
                       fitter.workers());
    whole_.models.resize(joint_.size());
    whole_.rejected.resize(joint_.size());
  }

  [[nodiscard]] ArrayFit run(std::size_t threads, const Watch& watch) {
    const std::size_t most = threads == 0 ? fitter_.workers() : threads;
    const std::size_t count = std::min({fitter_.workers(), batches_.size(), most});
    running_ = count;  // which falls as soon as the first is done
    std::vector<std::thread> workers;
    for (std::size_t worker = 0; worker < count; ++worker) {
      workers.emplace_back([this, worker] { work(worker); });
    }
    bool goes_on = true;
    {
      std::unique_lock lock(mutex_);
      while (running_ > 0) {
        constexpr std::chrono::milliseconds between_looks{50};
        changed_.wait_for(lock, between_looks, [this] { return running_ == 0; });
        const std::size_t done = done_;
        lock.unlock();
        goes_on = goes_on && watch(done);
        stopped_ = stopped_ || !goes_on;
        lock.lock();
      }
    }
    for (std::thread& worker : workers) {
      worker.join();
    }
    if (failure_) {
      std::rethrow_exception(failure_);
    }
    if (!goes_on) {
      throw Ending("the fit was ended");
    }
    gather();
    return std::move(whole_);
  }

 private:
  struct Part {
    rvfit::FitResult result;
    std::size_t exposures;
    std::vector<std::size_t> targets;
  };

  void work(std::size_t worker) {
    try {
      for (std::size_t n = next_++; n < batches_.size() && !stopped_; n = next_++) {
        fit(worker, SharedBatch(std::move(batches_[n])));  // which ends with the call
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = failure_ ? failure_ : std::current_exception();
      stopped_ = true;
    }
    const std::lock_guard lock(mutex_);
    --running_;
    changed_.notify_all();
  }

  void fit(std::size_t worker, SharedBatch&& shared) {
    rvfit_programs::Batch& batch = shared.batch;
    std::vector<std::size_t>& targets = shared.shares.front().targets;
    std::vector<std::size_t> rows;
    for (std::size_t e = 0; e < batch.exposures; ++e) {
      for (const std::size_t target : targets) {
        rows.push_back(reading_.targets[target][e]);
      }
    }
    batch.arms = reading_.read_rows(rows);
    batch.joint = joint_;
    rvfit_programs::Seconds seconds;
    rvfit_programs::BatchFit found = fitter_.fit(worker, batch, seconds);
    const std::lock_guard lock(mutex_);
    for (std::size_t a = 0; a < joint_.size(); ++a) {
      std::vector<float>& snr = reading_.spectra.arms[a].snr;
      for (std::size_t n = 0; n < rows.size(); ++n) {
        snr[rows[n]] = batch.arms[a].snr[n];
      }
      if (!found.models.empty()) {
        rvfit_programs::detail::scatter(whole_.models[a], snr.size(), found.models[a], rows);
      }
      if (!found.rejected.empty()) {
        rvfit_programs::detail::scatter(whole_.rejected[a], snr.size(), found.rejected[a], rows);
      }
    }
    done_ += targets.size();
    parts_.push_back({std::move(found.result), batch.exposures, std::move(targets)});
  }

  /// The results of all batches in the order of the targets.
  void gather() {
    rvfit::FitResult& result = whole_.result;
    result.parameters = fitter_.parameters();
    result.size = static_cast<int>(reading_.targets.size());
    result.arms = static_cast<int>(joint_.size());
    for (const Part& part : parts_) {
      if (part.result.parameters.size() > result.parameters.size()) {
        result.parameters = part.result.parameters;
      }
    }
    for (Part& part : parts_) {
      rvfit_programs::place(result, std::move(part.result), part.exposures, part.targets);
    }
  }

  rvfit_programs::SurveyFitter& fitter_;
  rvfit_programs::Reading& reading_;
  std::shared_ptr<FileJob> job_;
  std::vector<JointArm> joint_;
  std::vector<SharedBatch> batches_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<std::size_t> running_ = 0;
  std::size_t done_ = 0;
  std::vector<Part> parts_;
  ArrayFit whole_;
  std::exception_ptr failure_;
};

}  // namespace

ArrayFit fit_arrays(rvfit_programs::SurveyFitter& fitter, rvfit_programs::Reading& reading,
                    std::size_t threads, const Watch& watch) {
  return ArrayJob(fitter, reading).run(threads, watch);
}

}  // namespace rvfit_python
