// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Spectra of the targets that are fitted in one go, and their results.

#include <rvfit/core/require.hpp>
#include <rvfit/data/fit_result.hpp>
#include <rvfit/data/prepare_options.hpp>
#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace rvfit_programs {

/// An arm of files that are fitted together.
struct JointArm {
  std::size_t pixels = 0;  ///< of the longest spectrum
  bool shared = true;      ///< all share their wavelengths
  // The next two are for spectra that do not: the scan then has the same bins in every batch.
  rvfit::WaveRange range{};  ///< of all wavelengths                    [Angstrom]
  double finest = 0.0;       ///< least `median_pixel`; 0: not known    [km/s]
};

/// B targets of E exposures each.
struct Batch {
  std::size_t exposures = 1;  ///< E
  std::size_t capacity = 1;   ///< targets of the largest batch of a file or group of files
  /// Arms of E B rows: the first exposures of all targets, then the second, ...
  std::vector<rvfit::io::SpectraArm> arms;
  std::vector<JointArm> joint{};  ///< of each arm; empty: those of the batch alone

  [[nodiscard]] std::size_t size() const { return arms.front().snr.size() / exposures; }
  [[nodiscard]] bool own_wavelengths() const {
    return std::any_of(arms.begin(), arms.end(),
                       [](const rvfit::io::SpectraArm& arm) { return arm.wave_rows > 1; });
  }
};

/// The results of a batch.
struct BatchFit {
  rvfit::FitResult result;                 ///< (B), an arm for each exposure of each arm
  std::vector<std::vector<float>> models;  ///< for each arm (E B, N), if they were asked for
  std::vector<std::vector<char>>
      rejected{};  ///< for each arm (E B, N), 1: by --clip; empty without it
};

/// Rows of targets first .. first + count - 1 of a batch of `size` targets.
[[nodiscard]] inline std::vector<std::size_t> rows_of_targets(std::size_t first, std::size_t count,
                                                              std::size_t size,
                                                              std::size_t exposures) {
  std::vector<std::size_t> rows;
  for (std::size_t e = 0; e < exposures; ++e) {
    for (std::size_t b = first; b < first + count; ++b) {
      rows.push_back(e * size + b);
    }
  }
  return rows;
}

/// Targets first .. first + count - 1 of a batch.
[[nodiscard]] inline Batch targets_of(const Batch& batch, std::size_t first, std::size_t count) {
  Batch part{batch.exposures, batch.capacity, {}, batch.joint};
  for (const rvfit::io::SpectraArm& arm : batch.arms) {
    part.arms.push_back(take(arm, rows_of_targets(first, count, batch.size(), batch.exposures)));
  }
  return part;
}

}  // namespace rvfit_programs
