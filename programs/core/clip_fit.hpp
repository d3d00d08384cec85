// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fits of a batch with rejection of outliers (data/clip_outliers.hpp).

#include "batch.hpp"
#include "file_fit.hpp"
#include <rvfit/data/clip_outliers.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace rvfit_programs {

/// The rejected pixels of a batch of B targets of E exposures, and fits without them.
class ClippedBatch {
 public:
  ClippedBatch(const Batch& batch, const rvfit::ClipOptions& options)
      : batch_(batch), options_(options) {
    for (const rvfit::io::SpectraArm& arm : batch.arms) {
      rejected_.emplace_back(arm.flux.size(), 0);
    }
  }

  /// @param[in] fit  from a Batch to a BatchFit with models
  template <class Fit>
  [[nodiscard]] BatchFit run(const Fit& fit) {
    std::vector<std::size_t> targets(batch_.size());
    for (std::size_t b = 0; b < targets.size(); ++b) {
      targets[b] = b;
      (void)reject(
          b, [&](const rvfit::ClipInput& spectrum, std::size_t, std::size_t,
                 std::span<char> rejected) { rvfit::clip_spikes(spectrum, options_, rejected); });
    }
    BatchFit whole = fit(without_rejected(targets));
    for (int round = 0; round < options_.rounds; ++round) {
      targets = reject_by(whole);
      if (targets.empty()) {
        break;
      }
      replace(whole, fit(without_rejected(targets)), targets);
    }
    whole.result.clipped = counts();
    whole.rejected = std::move(rejected_);
    return whole;
  }

 private:
  /// Judge the pixels of a target again; true if any changes.
  template <class Judge>
  [[nodiscard]] bool reject(std::size_t b, const Judge& judge) {
    bool changes = false;
    for (std::size_t a = 0; a < batch_.arms.size(); ++a) {
      const rvfit::io::SpectraArm& arm = batch_.arms[a];
      const std::size_t pixels = arm.pixels();
      std::vector<char> now(pixels);
      for (std::size_t e = 0; e < batch_.exposures; ++e) {
        const std::size_t row = e * batch_.size() + b;
        const auto of_row = [&]<class T>(const std::vector<T>& matrix) {
          return std::span(matrix).subspan(row * pixels, pixels);
        };
        judge({of_row(arm.flux), of_row(arm.ivar), of_row(arm.mask)}, a, row, std::span(now));
        const auto before = rejected_[a].begin() + static_cast<std::ptrdiff_t>(row * pixels);
        changes = changes || !std::equal(now.begin(), now.end(), before);
        std::copy(now.begin(), now.end(), before);
      }
    }
    return changes;
  }

  /// Judge all pixels by the best fits; the targets of which some change.
  [[nodiscard]] std::vector<std::size_t> reject_by(const BatchFit& found) {
    std::vector<std::size_t> changed;
    std::vector<float> model;
    for (std::size_t b = 0; b < batch_.size(); ++b) {
      const auto by_model = [&](const rvfit::ClipInput& spectrum, std::size_t a, std::size_t row,
                                std::span<char> rejected) {
        const rvfit::io::SpectraArm& arm = batch_.arms[a];
        const double unit = arm.unit.empty() ? 1.0 : arm.unit[row];
        model.clear();
        for (std::size_t i = row * arm.pixels(); i < (row + 1) * arm.pixels(); ++i) {
          model.push_back(static_cast<float>(found.models[a][i] / unit));
        }
        rvfit::clip_outliers(spectrum, model, options_, rejected);
      };
      if (rvfit::is_solution(found.result.status[b]) && reject(b, by_model)) {
        changed.push_back(b);
      }
    }
    return changed;
  }

  [[nodiscard]] std::vector<std::size_t> rows_of(const std::vector<std::size_t>& targets) const {
    std::vector<std::size_t> rows;
    for (std::size_t e = 0; e < batch_.exposures; ++e) {
      for (const std::size_t b : targets) {
        rows.push_back(e * batch_.size() + b);
      }
    }
    return rows;
  }

  /// Some targets, their rejected pixels masked.
  [[nodiscard]] Batch without_rejected(const std::vector<std::size_t>& targets) const {
    Batch part{batch_.exposures, batch_.capacity, {}, batch_.joint};
    const std::vector<std::size_t> rows = rows_of(targets);
    for (std::size_t a = 0; a < batch_.arms.size(); ++a) {
      rvfit::io::SpectraArm arm = take(batch_.arms[a], rows);
      const std::size_t pixels = arm.pixels();
      for (std::size_t n = 0; n < rows.size(); ++n) {
        for (std::size_t i = 0; i < pixels; ++i) {
          if (rejected_[a][rows[n] * pixels + i] != 0) {
            arm.mask[n * pixels + i] = 1;
          }
        }
      }
      part.arms.push_back(std::move(arm));
    }
    return part;
  }

  /// Put fits of some targets in the place of the ones before.
  void replace(BatchFit& whole, BatchFit&& part, const std::vector<std::size_t>& targets) const {
    detail::for_each_array(whole.result, part.result, [&](auto& to, const auto& from) {
      detail::scatter(to, batch_.size(), from, targets);
    });
    const std::vector<std::size_t> rows = rows_of(targets);
    for (std::size_t a = 0; a < whole.models.size(); ++a) {
      detail::scatter(whole.models[a], batch_.size() * batch_.exposures, part.models[a], rows);
    }
  }

  /// (B, A E)  rejected pixels
  [[nodiscard]] std::vector<std::int32_t> counts() const {
    std::vector<std::int32_t> count;
    for (std::size_t b = 0; b < batch_.size(); ++b) {
      for (std::size_t a = 0; a < batch_.arms.size(); ++a) {
        const auto pixels = static_cast<std::ptrdiff_t>(batch_.arms[a].pixels());
        for (std::size_t e = 0; e < batch_.exposures; ++e) {
          const auto first =
              rejected_[a].begin() + static_cast<std::ptrdiff_t>(e * batch_.size() + b) * pixels;
          count.push_back(static_cast<std::int32_t>(std::count(first, first + pixels, 1)));
        }
      }
    }
    return count;
  }

  const Batch& batch_;
  rvfit::ClipOptions options_;
  std::vector<std::vector<char>> rejected_;  ///< for each arm (E B, N)
};

}  // namespace rvfit_programs
