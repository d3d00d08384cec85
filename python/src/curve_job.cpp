// SPDX-License-Identifier: MIT

#include "curve_job.hpp"

#include "curve_guess.hpp"
#include "curve_model.hpp"
#include "runtime.hpp"
#include <rvfit/pipeline/side_by_side.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

namespace rvfit_python {

namespace {

constexpr double curve_nan = std::numeric_limits<double>::quiet_NaN();

template <class From, class To>
void copy_numbers(const char* at, const Plane& plane, To* out) {
  if (plane.stride == static_cast<std::ptrdiff_t>(sizeof(From))) {
    for (std::size_t i = 0; i < plane.columns; ++i) {
      From value;
      std::memcpy(&value, at + i * sizeof(From), sizeof(From));
      out[i] = static_cast<To>(value);
    }
    return;
  }
  for (std::size_t i = 0; i < plane.columns; ++i, at += plane.stride) {
    From value;
    std::memcpy(&value, at, sizeof(From));
    out[i] = static_cast<To>(value);
  }
}

template <class To>
void copy_row(const Plane& plane, std::size_t row, To* out) {
  const auto from = static_cast<std::ptrdiff_t>(plane.rows == 1 ? 0 : row);
  const char* const at = plane.data + from * plane.row_stride;
  switch (plane.type) {
    case Number::float32:
      return copy_numbers<float>(at, plane, out);
    case Number::float64:
      return copy_numbers<double>(at, plane, out);
    case Number::int32:
      return copy_numbers<std::int32_t>(at, plane, out);
    case Number::uint8:
      return copy_numbers<std::uint8_t>(at, plane, out);
  }
}

/// Whether the rows are doubles without gaps.
[[nodiscard]] bool is_in_place(const Plane& plane) {
  constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(double));
  return plane.type == Number::float64 && (plane.stride == size || plane.columns == 1) &&
         (plane.rows == 1 ||
          plane.row_stride == size * static_cast<std::ptrdiff_t>(plane.columns)) &&
         reinterpret_cast<std::uintptr_t>(plane.data) % alignof(double) == 0;
}

/// Rows of a plane: in place where it can be, else in `buffer`.
template <class To>
[[nodiscard]] Rows rows_of(const Plane& plane, std::size_t first, std::size_t count,
                           std::vector<To>& buffer) {
  if (plane.empty()) {
    return {};
  }
  if constexpr (std::is_same_v<To, double>) {
    if (is_in_place(plane)) {
      const auto* const data = reinterpret_cast<const double*>(plane.data);
      return plane.rows == 1 ? Rows{data, 1}
                             : Rows{data + first * plane.columns, static_cast<std::int64_t>(count)};
    }
  }
  const std::size_t rows = plane.rows == 1 ? 1 : count;
  buffer.resize(rows * plane.columns);
  for (std::size_t n = 0; n < rows; ++n) {
    copy_row(plane, first + n, &buffer[n * plane.columns]);
  }
  if constexpr (std::is_same_v<To, double>) {
    return {buffer.data(), static_cast<std::int64_t>(rows)};
  } else {
    return {};
  }
}

[[nodiscard]] bool has_only_finite(const double* values, std::size_t count) {
  int bad = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bad |= std::abs(values[i]) <= std::numeric_limits<double>::max() ? 0 : 1;
  }
  return bad == 0;
}

/// The fits of one thread. Its arrays are kept from one chunk to the next.
class CurveWorker {
 public:
  CurveWorker(const CurveModel& model, const CurveArrays& arrays, const CurveSettings& settings,
              const CurveResults& results, const Kokkos::DefaultHostExecutionSpace& exec)
      : model_(model), arrays_(arrays), settings_(settings), results_(results), exec_(exec) {}

  void fit(std::size_t first, std::size_t count) {
    const std::size_t points = arrays_.y.columns;
    const auto size = static_cast<std::size_t>(model_.parameters());
    CurveTask task;
    task.fits = static_cast<std::int64_t>(count);
    task.points = static_cast<int>(points);
    task.y = rows_of(arrays_.y, first, count, y_);
    for (int k = 0; k < 2; ++k) {
      task.x[k] = rows_of(arrays_.x[k], first, count, x_[k]);
    }
    set_weights(first, count, task);
    set_starts(first, count, task);
    task.parameters = settings_.parameters.data();
    task.lower = rows_of(arrays_.lower, first, count, lower_).data;
    task.upper = rows_of(arrays_.upper, first, count, upper_).data;
    task.prior_mean = rows_of(arrays_.prior_mean, first, count, prior_mean_).data;
    task.prior_sigma = rows_of(arrays_.prior_sigma, first, count, prior_sigma_).data;
    task.loss = settings_.loss;
    task.threshold = settings_.threshold;
    task.scale_covariance = settings_.scale_covariance;
    task.solver = settings_.solver;
    task.theta = results_.theta + first * size;
    task.value = results_.value + first;
    covariance_.resize(results_.covariance == nullptr ? count * size * size : 0);
    task.covariance = results_.covariance == nullptr ? covariance_.data()
                                                     : results_.covariance + first * size * size;
    status_.resize(count);
    unsettled_.resize(count);
    task.status = status_.data();
    task.steps = results_.steps + first;
    task.freedom = results_.freedom + first;
    task.undetermined = results_.undetermined + first;
    task.on_bound = results_.on_bound + first;
    if (settings_.estimates_scale) {
      fit_with_scales(task, results_.scale + first);
    } else {
      model_.fit(exec_, task);
    }
    finish(first, count, task);
  }

 private:
  /// As rvfit::fit_robustly: the scale of the residuals is estimated from the least-squares fit on, until it settles.
  void fit_with_scales(CurveTask& task, double* scale) {
    constexpr int most_passes = 50;
    constexpr double tolerance = 1e-4;
    const auto count = static_cast<std::size_t>(task.fits);
    const Loss loss = task.loss;
    task.loss = Loss::square;
    model_.fit(exec_, task);
    Numbers last(count, 0.0);
    task.loss = loss;
    task.scale = scale;
    for (int pass = 0; pass < most_passes; ++pass) {
      bool is_settled = true;
      for (std::size_t n = 0; n < count; ++n) {
        scale[n] = scale_of(n, task);
        unsettled_[n] = std::abs(scale[n] - last[n]) > tolerance * scale[n];
        is_settled = is_settled && !unsettled_[n];
        last[n] = scale[n];
      }
      if (is_settled) {
        return;
      }
      std::copy_n(task.theta, start_.size(), start_.data());
      model_.fit(exec_, task);
    }
    for (std::size_t n = 0; n < count; ++n) {
      status_[n] =
          unsettled_[n] && rvfit::is_converged(status_[n]) ? rvfit::FitStatus::stalled : status_[n];
    }
  }

  /// 1.4826 times the median size of the weighted residuals of a fit; 1 where that is none.
  [[nodiscard]] double scale_of(std::size_t n, const CurveTask& task) {
    const std::size_t points = arrays_.y.columns;
    const auto row = [&](const Rows& rows) {
      return rows.rows == 0 ? nullptr : rows.data + (rows.rows == 1 ? 0 : n * points);
    };
    values_.resize(points);
    model_.evaluate(task.theta + n * static_cast<std::size_t>(model_.parameters()), task.points,
                    row(task.x[0]), row(task.x[1]), values_.data());
    const double *y = row(task.y), *w = row(task.weight), *variance = row(task.inverse_variance);
    sizes_.clear();
    for (std::size_t i = 0; i < points; ++i) {
      const double weight = variance != nullptr ? std::sqrt(variance[i])
                            : w != nullptr      ? w[i]
                                                : 1.0;
      if (weight != 0.0) {
        sizes_.push_back(std::abs(weight * (values_[i] - y[i])));
      }
    }
    const bool is_finite =
        std::all_of(sizes_.begin(), sizes_.end(), [](double size) { return std::isfinite(size); });
    if (sizes_.empty() || !is_finite) {
      return 1.0;
    }
    const auto middle = sizes_.begin() + static_cast<std::ptrdiff_t>((sizes_.size() - 1) / 2);
    std::nth_element(sizes_.begin(), middle, sizes_.end());
    return *middle > 0.0 ? 1.4826022185056018 * *middle : 1.0;
  }

  /// Weights of all points, with 0 where a datum is missing or masked.
  void set_weights(std::size_t first, std::size_t count, CurveTask& task) {
    const std::size_t points = arrays_.y.columns;
    const bool is_shared = arrays_.weight.empty() || arrays_.weight.rows == 1;
    const Rows given = rows_of(arrays_.weight, first, count, given_);
    const auto given_size = static_cast<std::size_t>(given.rows) * points;
    const bool is_complete = arrays_.mask.empty() && has_only_finite(task.y.data, count * points) &&
                             has_only_finite(given.data, given_size);
    const bool is_variance = settings_.weights == WeightKind::inverse_variance;
    Rows& weights = is_variance ? task.inverse_variance : task.weight;
    if (settings_.weights == WeightKind::none && is_complete) {
      // Errors are not known: the scale of covariances says so. Where it is not wanted, 1 is the error.
      if (!settings_.scale_covariance) {
        weight_.assign(points, 1.0);
        weights = {weight_.data(), 1};
      }
      return;
    }
    if (settings_.weights != WeightKind::sigma && is_complete) {
      weights = given;
      return;
    }
    const std::size_t rows = is_complete && is_shared ? 1 : count;
    weight_.resize(rows * points);
    mask_.resize(points);
    for (std::size_t n = 0; n < rows; ++n) {
      double* const w = &weight_[n * points];
      const double* const y = task.y.data + (task.y.rows == 1 ? 0 : n * points);
      if (given.rows == 0) {
        std::fill_n(w, points, 1.0);
      } else {
        std::copy_n(given.data + (is_shared ? 0 : n * points), points, w);
      }
      if (!arrays_.mask.empty()) {
        copy_row(arrays_.mask, first + n, mask_.data());
      }
      for (std::size_t i = 0; i < points; ++i) {
        if (settings_.weights == WeightKind::sigma) {
          w[i] = w[i] > 0.0 ? 1.0 / w[i] : 0.0;
        }
        const bool is_used = (is_complete || (std::isfinite(y[i]) && std::isfinite(w[i]))) &&
                             (arrays_.mask.empty() || mask_[i] == 0);
        w[i] = is_used ? w[i] : 0.0;
      }
    }
    weights = {weight_.data(), static_cast<std::int64_t>(rows)};
  }

  void set_starts(std::size_t first, std::size_t count, CurveTask& task) {
    const auto size = static_cast<std::size_t>(model_.parameters());
    start_.assign(count * size, curve_nan);
    Numbers guess(size);
    for (std::size_t n = 0; n < count; ++n) {
      double* const start = &start_[n * size];
      if (!arrays_.start.empty()) {
        copy_row(arrays_.start, first + n, start);
      }
      if (settings_.terms.empty() ||
          std::none_of(start, start + size, [](double s) { return std::isnan(s); })) {
        continue;
      }
      collect(n, task);
      if (!points_.y.empty()) {
        guess_curve(settings_.terms, points_, guess.data());
        for (std::size_t p = 0; p < size; ++p) {
          start[p] = std::isnan(start[p]) ? guess[p] : start[p];
        }
      }
    }
    task.start = start_.data();
    if (!arrays_.fixed.empty()) {
      fixed_.resize(count * size);
      for (std::size_t n = 0; n < count; ++n) {
        copy_row(arrays_.fixed, first + n, &fixed_[n * size]);
      }
      task.fixed = fixed_.data();
    }
  }

  /// The points of a fit that have weight.
  void collect(std::size_t n, const CurveTask& task) {
    const std::size_t points = arrays_.y.columns;
    points_.clear();
    const auto row = [&](const Rows& rows) {
      return rows.rows == 0 ? nullptr : rows.data + (rows.rows == 1 ? 0 : n * points);
    };
    const Rows& weights = task.weight.rows != 0 ? task.weight : task.inverse_variance;
    const double *y = row(task.y), *w = row(weights), *x = row(task.x[0]), *second = row(task.x[1]);
    for (std::size_t i = 0; i < points; ++i) {
      if (w == nullptr || w[i] != 0.0) {
        points_.x.push_back(x[i]);
        points_.y.push_back(y[i]);
        if (second != nullptr) {
          points_.second.push_back(second[i]);
        }
      }
    }
  }

  /// Errors, statuses as numbers, and fits without a point.
  void finish(std::size_t first, std::size_t count, const CurveTask& task) {
    const auto size = static_cast<std::size_t>(model_.parameters());
    const std::size_t points = arrays_.y.columns;
    const Rows& weights = task.weight.rows != 0 ? task.weight : task.inverse_variance;
    for (std::size_t n = 0; n < count; ++n) {
      if (weights.rows != 0) {
        const double* const w = weights.data + (weights.rows == 1 ? 0 : n * points);
        if (std::all_of(w, w + points, [](double each) { return each == 0.0; })) {
          status_[n] = rvfit::FitStatus::no_valid_pixels;
          std::fill_n(task.theta + n * size, size, curve_nan);
          std::fill_n(task.covariance + n * size * size, size * size, curve_nan);
          task.value[n] = curve_nan;
          task.freedom[n] = 0;
        }
      }
      results_.status[first + n] = static_cast<std::int32_t>(status_[n]);
      for (std::size_t p = 0; p < size; ++p) {
        results_.error[(first + n) * size + p] =
            std::sqrt(task.covariance[(n * size + p) * size + p]);
      }
    }
  }

  using Numbers = std::vector<double>;

  const CurveModel& model_;
  const CurveArrays& arrays_;
  const CurveSettings& settings_;
  const CurveResults& results_;
  Kokkos::DefaultHostExecutionSpace exec_;
  Numbers y_, x_[2], given_, weight_, start_, lower_, upper_, prior_mean_, prior_sigma_,
      covariance_, values_, sizes_;
  std::vector<int> mask_, fixed_;
  std::vector<char> unsettled_;
  std::vector<rvfit::FitStatus> status_;
  CurvePoints points_;
};

}  // namespace

void fit_curves(const CurveModel& model, const CurveArrays& arrays, const CurveSettings& settings,
                const CurveResults& results, const Watch& watch) {
  const std::size_t fits = arrays.y.rows;
  const auto instances =
      rvfit::instances_side_by_side<CurvePolicy>(Kokkos::DefaultHostExecutionSpace());
  const std::size_t most = settings.threads == 0 ? instances.size() : settings.threads;
  // A chunk takes some hundredths of a second, and every thread has several.
  constexpr std::size_t points_of_chunk = std::size_t{1} << 18;
  const std::size_t shares = 4 * std::min(most, instances.size());
  const std::size_t by_points = std::max<std::size_t>(points_of_chunk / arrays.y.columns, 64);
  const std::size_t chunk =
      std::max<std::size_t>(std::min(by_points, (fits + shares - 1) / shares), 1);
  const std::size_t count = std::min({most, instances.size(), (fits + chunk - 1) / chunk});
  std::atomic<std::size_t> next = 0, done = 0;
  std::atomic<bool> stopped = false;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t running = count;
  std::exception_ptr failure;
  const auto work = [&](std::size_t number) {
    try {
      CurveWorker worker(model, arrays, settings, results, instances[number]);
      for (std::size_t first = next.fetch_add(chunk); first < fits && !stopped;
           first = next.fetch_add(chunk)) {
        const std::size_t some = std::min(chunk, fits - first);
        worker.fit(first, some);
        done += some;
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = failure ? failure : std::current_exception();
      stopped = true;
    }
    const std::lock_guard lock(mutex);
    --running;
    changed.notify_all();
  };
  std::vector<std::thread> threads;
  for (std::size_t number = 0; number < count; ++number) {
    threads.emplace_back(work, number);
  }
  bool goes_on = true;
  {
    std::unique_lock lock(mutex);
    while (running > 0) {
      constexpr std::chrono::milliseconds between_looks{50};
      changed.wait_for(lock, between_looks, [&] { return running == 0; });
      lock.unlock();
      goes_on = goes_on && watch(done);
      stopped = stopped || !goes_on;
      lock.lock();
    }
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
  if (!goes_on) {
    throw Ending("the fits were ended");
  }
}

}  // namespace rvfit_python
