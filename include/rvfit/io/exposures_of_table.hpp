// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Several tables that show one arm of R stars become E exposures of each star, as rows of one arm: exposure e of star r
/// is row e R + r. An arm that has fewer tables than others gets exposures without weight, and a shorter spectrum
/// pixels without weight.

#include <rvfit/core/require.hpp>
#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

class ExposuresOfTable {
 public:
  /// @param[in] spectra  arms of R stars each; those of one name are its exposures, in their order
  /// @throws InvalidArgument  arms of different R
  explicit ExposuresOfTable(Spectra&& spectra) : stars_(spectra.arms.front().snr.size()) {
    spectra_.path = std::move(spectra.path);
    std::vector<std::vector<SpectraArm>> of_arm;
    for (SpectraArm& arm : spectra.arms) {
      RVFIT_REQUIRE(arm.snr.size() == stars_, "ExposuresOfTable: ", arm.label, " has ",
                    arm.snr.size(), " rows, ", stars_, " wanted");
      const auto found = std::find_if(of_arm.begin(), of_arm.end(), [&](const auto& others) {
        return others.front().name == arm.name;
      });
      (found == of_arm.end() ? of_arm.emplace_back() : *found).push_back(std::move(arm));
    }
    for (const auto& tables : of_arm) {
      exposures_ = std::max(exposures_, tables.size());
    }
    for (std::vector<SpectraArm>& tables : of_arm) {
      while (tables.size() < exposures_) {
        tables.push_back(without_weight(tables.back()));
      }
      spectra_.arms.push_back(stacked(std::move(tables)));
    }
    std::vector<std::size_t> rows(stars_ * exposures_);
    for (std::size_t n = 0; n < rows.size(); ++n) {
      rows[n] = n % stars_;
    }
    for (const Column& column : spectra.columns) {
      spectra_.columns.push_back(io::take(column, rows));
    }
  }

  /// Rows of the exposures of a star that show anything in some arm; the first if none does.
  [[nodiscard]] std::vector<std::size_t> rows_of(std::size_t star) const {
    std::vector<std::size_t> rows;
    for (std::size_t e = 0; e < exposures_; ++e) {
      const std::size_t row = e * stars_ + star;
      if (std::any_of(spectra_.arms.begin(), spectra_.arms.end(),
                      [&](const SpectraArm& arm) { return !std::isnan(arm.snr[row]); })) {
        rows.push_back(row);
      }
    }
    return rows.empty() ? std::vector<std::size_t>{star} : rows;
  }

  [[nodiscard]] Spectra take() { return std::move(spectra_); }

 private:
  [[nodiscard]] static SpectraArm without_weight(SpectraArm arm) {
    std::fill(arm.ivar.begin(), arm.ivar.end(), 0.0F);
    std::fill(arm.snr.begin(), arm.snr.end(), std::numeric_limits<float>::quiet_NaN());
    return arm;
  }

  /// Add rows of n pixels as rows of `pixels`, the rest from a rule: the value before to the next.
  template <class T, class Next>
  static void append(std::vector<T>& to, const std::vector<T>& rows, std::size_t n,
                     std::size_t pixels, const Next& next) {
    for (std::size_t first = 0; first + n <= rows.size() && n > 0; first += n) {
      const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(first);
      to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(n));
      for (std::size_t i = n; i < pixels; ++i) {
        to.push_back(next(to.back()));
      }
    }
  }

  /// The tables of an arm one after another.
  [[nodiscard]] SpectraArm stacked(std::vector<SpectraArm>&& tables) const {
    const SpectraArm& first = tables.front();
    const bool shared = std::all_of(tables.begin(), tables.end(), [&](const SpectraArm& table) {
      return table.wave_rows == 1 && table.wave == first.wave;
    });
    std::size_t pixels = 0;
    for (const SpectraArm& table : tables) {
      pixels = std::max(pixels, table.pixels());
    }
    SpectraArm arm;
    arm.name = first.name;
    arm.label = first.label;
    arm.flux_unit = first.flux_unit;
    arm.medium = first.medium;
    arm.wave_rows = shared ? 1 : tables.size() * stars_;
    if (shared) {
      arm.wave = first.wave;
    }
    for (const SpectraArm& table : tables) {
      const std::size_t n = table.pixels();
      const auto nothing = [](auto value) { return decltype(value){}; };
      append(arm.flux, table.flux, n, pixels, nothing);
      append(arm.ivar, table.ivar, n, pixels, nothing);
      append(arm.mask, table.mask, n, pixels, [](std::int32_t) { return 1; });
      append(arm.line_spread, table.line_spread, n, pixels,
             [](float) { return std::numeric_limits<float>::quiet_NaN(); });
      arm.snr.insert(arm.snr.end(), table.snr.begin(), table.snr.end());
      for (std::size_t star = 0; star < stars_; ++star) {
        arm.unit.push_back(table.unit.empty() ? 1.0 : table.unit[star]);
      }
      for (std::size_t row = 0; !shared && row < stars_; ++row) {
        const auto begin =
            table.wave.begin() + static_cast<std::ptrdiff_t>(table.wave_rows == 1 ? 0 : row * n);
        append(arm.wave, std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(n)), n,
               pixels, [](double wave) { return wave * (1.0 + 1e-9); });
      }
    }
    return arm;
  }

  std::size_t stars_;
  std::size_t exposures_ = 0;
  Spectra spectra_;
};

}  // namespace rvfit::io
