// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Files of few stars fitted as if they were one: a batch of one star leaves most of a machine idle.

#include "file_fit.hpp"
#include "program.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_survey {

namespace detail {

/// Add the spectra of an arm to those of `to`, whose rows are at least as long. Pixels to spare have no
/// weight, and wavelengths that hardly reach further.
inline void append(rvfit::io::SpectraArm& to, const rvfit::io::SpectraArm& from,
                   std::size_t pixels) {
  const std::size_t n = from.pixels();
  const auto add = [&](auto& matrix, const auto& rows, std::size_t row, auto filler) {
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(row * n);
    matrix.insert(matrix.end(), first, first + static_cast<std::ptrdiff_t>(n));
    matrix.insert(matrix.end(), pixels - n, filler);
  };
  for (std::size_t row = 0; row < from.snr.size(); ++row) {
    add(to.flux, from.flux, row, 0.0F);
    add(to.ivar, from.ivar, row, 0.0F);
    add(to.mask, from.mask, row, 1);
    if (to.wave_rows > 1) {
      add(to.wave, from.wave, from.wave_rows == 1 ? 0 : row, 0.0);
      for (std::size_t i = to.wave.size() - (pixels - n); i < to.wave.size(); ++i) {
        to.wave[i] = to.wave[i - 1] * (1.0 + 1e-9);
      }
    }
  }
}

}  // namespace detail

/// Whether files can be fitted together: the same arms, without resolution matrices.
[[nodiscard]] inline bool can_be_joined(const std::vector<Reading>& files) {
  using rvfit::io::SpectraArm;
  return std::all_of(files.begin(), files.end(), [&](const Reading& file) {
    return std::equal(file.spectra.arms.begin(), file.spectra.arms.end(),
                      files.front().spectra.arms.begin(), files.front().spectra.arms.end(),
                      [](const SpectraArm& a, const SpectraArm& b) {
                        return a.name == b.name && a.label == b.label && a.resolution.empty() &&
                               b.resolution.empty();
                      });
  });
}

/// The spectra and targets of several files, one file after another.
[[nodiscard]] inline Reading joined_files(const std::vector<Reading>& files) {
  Reading joint;
  std::size_t rows = 0;
  for (const Reading& file : files) {
    for (std::vector<std::size_t> target : file.targets) {
      for (std::size_t& row : target) {
        row += rows;
      }
      joint.targets.push_back(std::move(target));
    }
    rows += file.spectra.arms.front().snr.size();
  }
  for (std::size_t a = 0; a < files.front().spectra.arms.size(); ++a) {
    const rvfit::io::SpectraArm& first = files.front().spectra.arms[a];
    rvfit::io::SpectraArm arm;
    arm.name = first.name;
    arm.label = first.label;
    std::size_t pixels = 0;
    bool shared = true;
    for (const Reading& file : files) {
      const rvfit::io::SpectraArm& other = file.spectra.arms[a];
      pixels = std::max(pixels, other.pixels());
      shared = shared && other.wave_rows == 1 && other.wave == first.wave;
    }
    arm.wave_rows = shared ? 1 : rows;
    if (shared) {
      arm.wave = first.wave;
    }
    for (const Reading& file : files) {
      detail::append(arm, file.spectra.arms[a], pixels);
    }
    joint.spectra.arms.push_back(std::move(arm));
  }
  return joint;
}

/// What a joint fit says of each file.
[[nodiscard]] inline std::vector<FileFit> parts_of(const FileFit& whole,
                                                   const std::vector<Reading>& files) {
  const auto rows_in = [](const Reading& file) {
    std::size_t rows = 0;
    for (const std::vector<std::size_t>& target : file.targets) {
      rows += target.size();
    }
    return rows;
  };
  std::size_t all_rows = 0;
  for (const Reading& file : files) {
    all_rows += rows_in(file);
  }
  std::vector<FileFit> parts;
  std::size_t target = 0, row = 0;
  for (const Reading& file : files) {
    FileFit part{results_of(whole.result, target, target + file.targets.size()), {}};
    target += file.targets.size();
    const std::size_t last = row + rows_in(file);
    part.models.resize(whole.models.size());
    for (std::size_t a = 0; a < whole.models.size(); ++a) {
      for (std::size_t r = row; r < last && !whole.models[a].empty(); ++r) {
        std::vector<float> model = detail::rows_of(whole.models[a], all_rows, r, r + 1);
        model.resize(file.spectra.arms[a].pixels());  // without the padding
        part.models[a].insert(part.models[a].end(), model.begin(), model.end());
      }
    }
    row = last;
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace rvfit_survey
