// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A file on its way through a program, and how files are shared out to batches.

#include "batch.hpp"
#include "file_fit.hpp"
#include "program.hpp"
#include <rvfit/io/rvtab/write_models.hpp>
#include <rvfit/pipeline/scan_velocities.hpp>

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {

/// The results of a batch for some targets of a file.
struct Part {
  std::vector<std::size_t> targets;  ///< (B)  which they are
  Batch batch;                       ///< their spectra
  BatchFit fit;
};

/// A file from reading to its outputs.
struct FileJob {
  explicit FileJob(std::string file) : path(std::move(file)) {}

  std::string path;
  Reading reading;
  bool passed_over = false;            ///< its outputs are there
  std::atomic<bool> given_up = false;  ///< no more work is to be done for it
  Kokkos::Timer since_read;
  std::size_t weight =
      1;  ///< room that it takes until it is finished; the thread that reads sets it before anything is sent

  // The thread that finishes files owns these.
  bool begun = false;
  bool failed = false;
  bool told = false;  ///< its error, before: nothing is said about it
  std::string error;
  std::vector<Part> parts;  ///< without spectra and models, but for a file of one part
  std::size_t done = 0;     ///< targets of these
  std::unique_ptr<rvfit::io::ModelsOutput> models;
  std::vector<std::string> figures;

  [[nodiscard]] bool is_complete() const {
    return failed || passed_over || done == reading.targets.size();
  }
  [[nodiscard]] double fraction() const {
    return static_cast<double>(done) /
           static_cast<double>(std::max<std::size_t>(reading.targets.size(), 1));
  }
};

/// Some targets of a file as part of a batch.
struct Share {
  std::shared_ptr<FileJob> file;
  std::vector<std::size_t> targets;
};

/// A batch and whose its targets are, one file after another.
struct SharedBatch {
  Batch batch;
  std::vector<Share> shares;
};

/// Files that are fitted together share batches: a batch of one star leaves most of a machine idle.
using FileGroup = std::vector<std::shared_ptr<FileJob>>;

/// Whether the targets of two files can share a batch: the same arms, without resolution matrices in
/// memory, line spreads of both or none, and the same wavelengths if they are read from the file when they are wanted: nobody's results
/// depend on the others then.
[[nodiscard]] inline bool can_be_joined(const Reading& a, const Reading& b) {
  using rvfit::io::SpectraArm;
  const bool same_waves = a.read_rows || b.read_rows;
  return std::equal(a.spectra.arms.begin(), a.spectra.arms.end(), b.spectra.arms.begin(),
                    b.spectra.arms.end(), [&](const SpectraArm& x, const SpectraArm& y) {
                      return x.name == y.name && x.label == y.label && x.resolution.empty() &&
                             y.resolution.empty() &&
                             x.line_spread.empty() == y.line_spread.empty() &&
                             (!same_waves || x.wave == y.wave);
                    });
}

/// Batches of at most `size` targets with the same number of exposures, in the order of files and
/// targets; without spectra.
[[nodiscard]] inline std::vector<SharedBatch> share_out(const FileGroup& files, std::size_t size) {
  std::map<std::size_t, std::vector<SharedBatch>> by_exposures;
  std::map<std::size_t, std::size_t> in_last;  // targets in the last batch of each kind
  for (const auto& file : files) {
    for (std::size_t t = 0; t < file->reading.targets.size(); ++t) {
      const std::size_t exposures = file->reading.targets[t].size();
      std::vector<SharedBatch>& batches = by_exposures[exposures];
      std::size_t& count = in_last[exposures];
      if (batches.empty() || count == size) {
        batches.push_back({{exposures, size, {}}, {}});
        count = 0;
      }
      std::vector<Share>& shares = batches.back().shares;
      if (shares.empty() || shares.back().file != file) {
        shares.push_back({file, {}});
      }
      shares.back().targets.push_back(t);
      ++count;
    }
  }
  std::vector<SharedBatch> all;
  for (auto& [exposures, batches] : by_exposures) {
    std::move(batches.begin(), batches.end(), std::back_inserter(all));
  }
  return all;
}

namespace detail {

/// Have an arm reach over the wavelengths of a file.
inline void widen(JointArm& joint, const rvfit::io::SpectraArm& arm) {
  const std::size_t pixels = arm.pixels();
  for (std::size_t first = 0; first + pixels <= arm.wave.size() && pixels > 1; first += pixels) {
    const std::span<const double> wave(&arm.wave[first], pixels);
    const double width = rvfit::median_pixel(wave);
    const bool is_first = joint.finest == 0.0;
    joint.finest = is_first ? width : std::min(joint.finest, width);
    joint.range.lower = is_first ? wave.front() : std::min(joint.range.lower, wave.front());
    joint.range.upper = is_first ? wave.back() : std::max(joint.range.upper, wave.back());
  }
}

}  // namespace detail

/// The arms of files that are fitted together.
[[nodiscard]] inline std::vector<JointArm> joint_arms(const FileGroup& files) {
  const auto& first = files.front()->reading.spectra.arms;
  std::vector<JointArm> joint(first.size());
  for (const auto& file : files) {
    for (std::size_t a = 0; a < joint.size(); ++a) {
      const rvfit::io::SpectraArm& arm = file->reading.spectra.arms[a];
      joint[a].pixels = std::max(joint[a].pixels, arm.pixels());
      joint[a].shared = joint[a].shared && arm.wave_rows == 1 && arm.wave == first[a].wave;
    }
  }
  const bool own =
      std::any_of(joint.begin(), joint.end(), [](const JointArm& arm) { return !arm.shared; });
  for (std::size_t a = 0; own && a < joint.size(); ++a) {
    for (const auto& file : files) {
      detail::widen(joint[a], file->reading.spectra.arms[a]);
    }
  }
  return joint;
}

namespace detail {

/// Add rows first .. last - 1 of an arm to those of `to`. Pixels to spare have no weight, and
/// wavelengths that hardly reach further.
inline void append(rvfit::io::SpectraArm& to, const rvfit::io::SpectraArm& from,
                   const JointArm& joint, std::size_t first, std::size_t last) {
  const std::size_t n = from.pixels();
  const auto add = [&](auto& matrix, const auto& rows, std::size_t row, auto filler) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(row * n);
    matrix.insert(matrix.end(), begin, begin + static_cast<std::ptrdiff_t>(n));
    matrix.insert(matrix.end(), joint.pixels - n, filler);
  };
  for (std::size_t row = first; row < last; ++row) {
    add(to.flux, from.flux, row, 0.0F);
    add(to.ivar, from.ivar, row, 0.0F);
    add(to.mask, from.mask, row, 1);
    if (!from.line_spread.empty()) {
      add(to.line_spread, from.line_spread, row, std::numeric_limits<float>::quiet_NaN());
    }
    to.snr.push_back(from.snr[row]);
    to.unit.push_back(from.unit.empty() ? 1.0 : from.unit[row]);
    if (!joint.shared) {
      add(to.wave, from.wave, from.wave_rows == 1 ? 0 : row, 0.0);
      for (std::size_t i = to.wave.size() - (joint.pixels - n); i < to.wave.size(); ++i) {
        to.wave[i] = to.wave[i - 1] * (1.0 + 1e-9);
      }
    }
  }
}

/// The first `pixels` of each row of a matrix.
template <class T>
void trim(std::vector<T>& matrix, std::size_t width, std::size_t pixels) {
  const std::size_t rows = matrix.size() / width;
  for (std::size_t row = 1; row < rows; ++row) {
    std::copy_n(matrix.begin() + static_cast<std::ptrdiff_t>(row * width), pixels,
                matrix.begin() + static_cast<std::ptrdiff_t>(row * pixels));
  }
  matrix.resize(rows * pixels);
}

}  // namespace detail

/// The spectra of a batch out of those of its files.
///
/// @param[in] parts  for each share its arms, of E B_s rows
[[nodiscard]] inline std::vector<rvfit::io::SpectraArm> joined_arms(
    std::vector<std::vector<rvfit::io::SpectraArm>>&& parts, const std::vector<JointArm>& joint,
    std::size_t exposures) {
  if (parts.size() == 1 &&
      std::equal(joint.begin(), joint.end(), parts[0].begin(), [](const auto& a, const auto& b) {
        return a.pixels == b.pixels() && a.shared == (b.wave_rows == 1);
      })) {
    return std::move(parts[0]);
  }
  std::vector<rvfit::io::SpectraArm> arms;
  for (std::size_t a = 0; a < joint.size(); ++a) {
    const rvfit::io::SpectraArm& first = parts[0][a];
    rvfit::io::SpectraArm arm;
    arm.name = first.name;
    arm.label = first.label;
    for (std::size_t e = 0; e < exposures; ++e) {
      for (const auto& part : parts) {
        const std::size_t rows = part[a].snr.size() / exposures;
        detail::append(arm, part[a], joint[a], e * rows, (e + 1) * rows);
      }
    }
    if (joint[a].shared) {
      arm.wave = first.wave;
    }
    arm.wave_rows = joint[a].shared ? 1 : arm.snr.size();
    arms.push_back(std::move(arm));
  }
  return arms;
}

/// The results of a batch for each of its files, without pixels that were added.
[[nodiscard]] inline std::vector<std::pair<std::shared_ptr<FileJob>, Part>> parts_of(
    SharedBatch&& shared, BatchFit&& fit) {
  std::vector<std::pair<std::shared_ptr<FileJob>, Part>> parts;
  if (shared.shares.size() == 1) {
    Share& all = shared.shares.front();
    parts.emplace_back(std::move(all.file),
                       Part{std::move(all.targets), std::move(shared.batch), std::move(fit)});
  } else {
    const std::size_t size = shared.batch.size();
    const std::size_t exposures = shared.batch.exposures;
    std::size_t first = 0;
    for (Share& share : shared.shares) {
      const std::size_t count = share.targets.size();
      const auto rows = rows_of_targets(first, count, size, exposures);
      Part part{std::move(share.targets),
                targets_of(shared.batch, first, count),
                {results_of(fit.result, first, first + count), {}}};
      for (const std::vector<float>& models : fit.models) {
        part.fit.models.push_back(detail::rows_at(models, size * exposures, rows));
      }
      for (const std::vector<char>& rejected : fit.rejected) {
        part.fit.rejected.push_back(detail::rows_at(rejected, size * exposures, rows));
      }
      first += count;
      parts.emplace_back(std::move(share.file), std::move(part));
    }
  }
  for (auto& [file, part] : parts) {
    for (std::size_t a = 0; a < part.batch.arms.size(); ++a) {
      rvfit::io::SpectraArm& arm = part.batch.arms[a];
      const std::size_t width = arm.pixels();
      const std::size_t pixels = file->reading.spectra.arms[a].pixels();
      if (pixels < width) {
        detail::trim(arm.wave, width, pixels);
        detail::trim(arm.flux, width, pixels);
        detail::trim(arm.ivar, width, pixels);
        detail::trim(arm.mask, width, pixels);
        if (!arm.line_spread.empty()) {
          detail::trim(arm.line_spread, width, pixels);
        }
        if (!part.fit.models.empty()) {
          detail::trim(part.fit.models[a], width, pixels);
        }
        if (!part.fit.rejected.empty()) {
          detail::trim(part.fit.rejected[a], width, pixels);
        }
      }
    }
  }
  return parts;
}

}  // namespace rvfit_programs
