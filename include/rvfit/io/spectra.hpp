// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Spectra of any survey on the host: what a reader fills from a file, and what the programs fit.

#include <rvfit/core/medium.hpp>
#include <rvfit/core/require.hpp>
#include <rvfit/data/flux_unit.hpp>
#include <rvfit/io/fits/column.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace rvfit::io {

/// R spectra of one arm (spectrograph setup); matrices are row-major.
struct SpectraArm {
  std::string name;                ///< setup of the emulator, desi_b
  std::string label;               ///< as in names of HDUs and columns, B
  std::string flux_unit;           ///< as the file has it, for figures; empty if it does not say
  std::vector<double> wave;        ///< (N), or (R, N) if `wave_rows` is R; increasing  [Angstrom]
  std::vector<float> flux;         ///< (R, N)  as in the file, NaN included            [unit]
  std::vector<float> ivar;         ///< (R, N)  inverse variance                        [1 / unit^2]
  std::vector<std::int32_t> mask;  ///< (R, N)  bad where > 0
  std::vector<float>
      resolution;  ///< (R, D, N)  without empty columns; empty if it was not asked for
  std::vector<float>
      line_spread;            ///< (R, N)  sigma, or empty; NaN outside the spectrum  [Angstrom]
  std::vector<float> snr;     ///< (R)     median S/N of a pixel, NaN without good pixels
  std::size_t wave_rows = 1;  ///< 1: all spectra share their wavelengths
  Medium medium = Medium::unknown;  ///< of the wavelengths
  std::vector<double> unit;         ///< (R)     in the file's, a power of two; empty: 1  [flux]

  [[nodiscard]] std::size_t pixels() const { return wave.size() / wave_rows; }
  /// D, 0 without resolution matrices.
  [[nodiscard]] std::size_t diagonals() const {
    return flux.empty() ? 0 : resolution.size() / flux.size();
  }
};

/// R spectra of one file and what it says about them.
struct Spectra {
  std::string path;
  std::vector<SpectraArm> arms;
  std::vector<Column> columns;  ///< of R rows, repeated in a table of results
};

/// Add spectra to an arm: all readers do it with this or with `set_fluxes` (data/flux_unit.hpp). The arm's wavelengths come
/// before.
///
/// @tparam T  float, where the file has such numbers and no others; double otherwise, which holds any unit
/// @param[in] flux  (R, N)  NaN included              [flux]
/// @param[in] ivar  (R, N)  inverse variance          [1 / flux^2]
/// @param[in] mask  (R, N)  bad where > 0, or empty
/// @throws InvalidArgument  extents differ
template <std::floating_point T>
void add_fluxes(SpectraArm& arm, std::span<const T> flux, std::span<const T> ivar,
                std::span<const std::int32_t> mask) {
  const std::size_t pixels = arm.pixels();
  RVFIT_REQUIRE(pixels > 0 && flux.size() % pixels == 0 && ivar.size() == flux.size() &&
                    (mask.empty() || mask.size() == flux.size()),
                "set_fluxes: ", arm.name, ": flux has ", flux.size(), " values, ivar ", ivar.size(),
                ", mask ", mask.size(), ", rows of ", pixels, " wanted");
  for (std::size_t first = 0; first < flux.size(); first += pixels) {
    const auto row = [&]<class Number>(std::span<const Number> matrix) {
      return matrix.empty() ? matrix : matrix.subspan(first, pixels);
    };
    const double unit = flux_unit<T>(row(flux), row(ivar), row(mask));
    const std::size_t place = arm.flux.size();
    arm.flux.resize(place + pixels);  // a row at a time, which is in a cache when it is written
    arm.ivar.resize(place + pixels);
    (void)narrow_spectrum<T>(row(flux), row(ivar), row(mask), unit, &arm.flux[place],
                             &arm.ivar[place]);
    arm.unit.push_back(unit);
  }
}

/// Give an arm its fluxes and inverse variances. Its wavelengths and mask come before.
///
/// @param[in] flux  (R, N)  NaN included        [flux]
/// @param[in] ivar  (R, N)  inverse variance    [1 / flux^2]
/// @throws InvalidArgument  extents differ
template <std::floating_point T = double>
void set_fluxes(SpectraArm& arm, const std::vector<T>& flux, const std::vector<T>& ivar) {
  for (std::vector<float>* values : {&arm.flux, &arm.ivar}) {
    values->clear();
    values->reserve(flux.size());
  }
  arm.unit.clear();
  add_fluxes<T>(arm, flux, ivar, arm.mask);
}

/// Add an error of each pixel in quadrature, as a survey's column of systematic errors, to inverse variances that go
/// to `set_fluxes`. Bad ones stay as they are; an extra error that is no positive number adds nothing.
///
/// @param[in,out] ivar   (R, N)  inverse variance    [1 / flux^2]
/// @param[in]     error  (R, N)                      [flux]
/// @throws InvalidArgument  extents differ
inline void add_errors(std::vector<double>& ivar, const std::vector<double>& error) {
  RVFIT_REQUIRE(ivar.size() == error.size(), "add_errors: ivar has ", ivar.size(),
                " values, the errors ", error.size());
  for (std::size_t i = 0; i < ivar.size(); ++i) {
    if (error[i] > 0 && std::isfinite(error[i]) && ivar[i] > 0 && std::isfinite(ivar[i])) {
      const double sigma = std::hypot(1.0 / std::sqrt(ivar[i]), error[i]);
      ivar[i] = 1.0 / (sigma * sigma);
    }
  }
}

/// Some rows of an arm, in the order given; wavelengths that all spectra share stay as they are.
[[nodiscard]] inline SpectraArm take(const SpectraArm& arm, const std::vector<std::size_t>& rows) {
  SpectraArm taken;
  taken.name = arm.name;
  taken.label = arm.label;
  taken.flux_unit = arm.flux_unit;
  taken.medium = arm.medium;
  taken.wave_rows = arm.wave_rows == 1 ? 1 : rows.size();
  const auto copy = [&](auto& to, const auto& from, std::size_t width) {
    to.reserve(rows.size() * width);
    for (const std::size_t row : rows) {
      const auto first = from.begin() + static_cast<std::ptrdiff_t>(row * width);
      to.insert(to.end(), first, first + static_cast<std::ptrdiff_t>(width));
    }
  };
  const std::size_t pixels = arm.pixels();
  if (arm.wave_rows == 1) {
    taken.wave = arm.wave;
  } else {
    copy(taken.wave, arm.wave, pixels);
  }
  copy(taken.flux, arm.flux, pixels);
  copy(taken.ivar, arm.ivar, pixels);
  copy(taken.mask, arm.mask, pixels);
  copy(taken.resolution, arm.resolution, arm.diagonals() * pixels);
  copy(taken.line_spread, arm.line_spread, arm.line_spread.empty() ? 0 : pixels);
  copy(taken.snr, arm.snr, 1);
  if (!arm.unit.empty()) {
    copy(taken.unit, arm.unit, 1);
  }
  return taken;
}

/// The rows of a file that are fitted together, for each row of the results: one row, or the
/// exposures of a target.
using Targets = std::vector<std::vector<std::size_t>>;

/// Every row on its own.
[[nodiscard]] inline Targets one_by_one(const std::vector<std::size_t>& rows) {
  Targets targets;
  for (const std::size_t row : rows) {
    targets.push_back({row});
  }
  return targets;
}

/// Rows of the same identifier together, in the order in which the identifiers come first.
///
/// @param[in] rows  some rows of a file
/// @param[in] id    (R) identifier of every row of the file
[[nodiscard]] inline Targets joined(const std::vector<std::size_t>& rows,
                                    const std::vector<std::int64_t>& id) {
  Targets targets;
  std::map<std::int64_t, std::size_t> place;
  for (const std::size_t row : rows) {
    const auto [found, is_new] = place.emplace(id[row], targets.size());
    if (is_new) {
      targets.emplace_back();
    }
    targets[found->second].push_back(row);
  }
  return targets;
}

}  // namespace rvfit::io
