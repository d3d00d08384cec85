// SPDX-License-Identifier: MIT

#include "array_spectra.hpp"

#include <rvfit/core/require.hpp>
#include <rvfit/data/fill_empty_columns.hpp>
#include <rvfit/io/measured_snr.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace rvfit_python {
namespace {

template <class From, class To>
void append_numbers(const Plane& plane, std::size_t row, std::vector<To>& out) {
  const char* at = plane.data + static_cast<std::ptrdiff_t>(row) * plane.row_stride;
  for (std::size_t i = 0; i < plane.columns; ++i, at += plane.stride) {
    From value;
    std::memcpy(&value, at, sizeof(From));
    out.push_back(static_cast<To>(value));
  }
}

template <class To>
void append(const Plane& plane, std::size_t row, std::vector<To>& out) {
  const std::size_t from = plane.rows == 1 ? 0 : row;
  switch (plane.type) {
    case Number::float32:
      return append_numbers<float>(plane, from, out);
    case Number::float64:
      return append_numbers<double>(plane, from, out);
    case Number::int32:
      return append_numbers<std::int32_t>(plane, from, out);
    case Number::uint8:
      return append_numbers<std::uint8_t>(plane, from, out);
  }
}

/// Inverse variances of a row; an error that is no positive number has none.
void append_ivar(const ArrayArm& arm, std::size_t row, std::vector<double>& out) {
  const std::size_t first = out.size();
  append(arm.weight, row, out);
  for (std::size_t i = first; arm.is_error && i < out.size(); ++i) {
    out[i] = out[i] > 0 && std::isfinite(out[i]) ? 1.0 / (out[i] * out[i]) : 0.0;
  }
}

/// An arm without pixels.
[[nodiscard]] rvfit::io::SpectraArm described(const ArrayArm& arm) {
  rvfit::io::SpectraArm to;
  to.name = arm.name;
  to.label = arm.label;
  to.medium = arm.medium;
  to.wave_rows = arm.wave.rows;
  return to;
}

[[nodiscard]] rvfit::io::SpectraArm read(const ArrayArm& arm,
                                         const std::vector<std::size_t>& rows) {
  rvfit::io::SpectraArm to = described(arm);
  std::vector<double> flux, ivar, mask;
  if (arm.wave.rows == 1) {
    append(arm.wave, 0, to.wave);
  } else {
    to.wave_rows = rows.size();
  }
  for (const std::size_t row : rows) {
    if (arm.wave.rows > 1) {
      append(arm.wave, row, to.wave);
    }
    append(arm.flux, row, flux);
    append_ivar(arm, row, ivar);
    if (!arm.mask.empty()) {
      append(arm.mask, row, mask);
    }
    if (!arm.line_spread.empty()) {
      append(arm.line_spread, row, to.line_spread);
    }
    if (!arm.resolution.empty()) {
      append(arm.resolution, row, to.resolution);
    }
  }
  to.mask.assign(flux.size(), 0);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    to.mask[i] = mask[i] != 0 ? 1 : 0;
  }
  rvfit::io::set_fluxes(to, flux, ivar);
  if (!arm.resolution.empty()) {
    rvfit::fill_empty_columns(to.resolution, to.diagonals(), to.pixels());
  }
  to.snr = rvfit::io::measured_snr(to);
  return to;
}

void require_shape(const ArrayArm& arm, const char* what, const Plane& plane, bool may_be_shared,
                   std::size_t columns) {
  const Plane& flux = arm.flux;
  RVFIT_REQUIRE(plane.empty() || ((plane.rows == flux.rows || (may_be_shared && plane.rows == 1)) &&
                                  plane.columns == columns),
                "arm ", arm.name, ": ", what, " has shape (", plane.rows, ", ", plane.columns,
                "), flux has (", flux.rows, ", ", flux.columns, ")");
}

void require_increasing(const ArrayArm& arm) {
  std::vector<double> wave;
  for (std::size_t row = 0; row < arm.wave.rows; ++row) {
    wave.clear();
    append(arm.wave, row, wave);
    double before = 0.0;
    for (std::size_t i = 0; i < wave.size(); ++i) {
      RVFIT_REQUIRE(wave[i] > before && std::isfinite(wave[i]), "arm ", arm.name, ": wave is ",
                    wave[i], " after ", before, " at pixel ", i, " of row ", row,
                    ", increasing wanted");
      before = wave[i];
    }
  }
}

}  // namespace

void append_row(const Plane& plane, std::size_t row, std::vector<double>& out) {
  append(plane, row, out);
}
void append_row(const Plane& plane, std::size_t row, std::vector<float>& out) {
  append(plane, row, out);
}

void require_consistent(const ArraySpectra& spectra) {
  RVFIT_REQUIRE(!spectra.arms.empty(), "there are no arms");
  for (const ArrayArm& arm : spectra.arms) {
    const Plane& flux = arm.flux;
    RVFIT_REQUIRE(flux.rows == spectra.arms.front().flux.rows, "arm ", arm.name, " has ", flux.rows,
                  " spectra, arm ", spectra.arms.front().name, " has ",
                  spectra.arms.front().flux.rows);
    RVFIT_REQUIRE(flux.columns >= 2, "arm ", arm.name, ": flux has ", flux.columns,
                  " pixels, at least 2 wanted");
    require_shape(arm, "wave", arm.wave, true, flux.columns);
    require_shape(arm, arm.is_error ? "err" : "ivar", arm.weight, false, flux.columns);
    require_shape(arm, "mask", arm.mask, false, flux.columns);
    require_shape(arm, "line_spread", arm.line_spread, true, flux.columns);
    RVFIT_REQUIRE(
        arm.resolution.empty() ||
            (arm.resolution.rows == flux.rows && arm.resolution.columns % flux.columns == 0),
        "arm ", arm.name, ": resolution has ", arm.resolution.rows, " spectra of ",
        arm.resolution.columns, " numbers, flux has shape (", flux.rows, ", ", flux.columns, ")");
    require_increasing(arm);
  }
  const std::size_t rows = spectra.arms.front().flux.rows;
  for (const std::vector<std::size_t>& target : spectra.targets) {
    for (const std::size_t row : target) {
      RVFIT_REQUIRE(row < rows, "row ", row, " is asked for, there are ", rows);
    }
  }
}

void leave_out_empty(ArraySpectra& spectra) {
  const auto shows_nothing = [&](std::size_t row) {
    return std::none_of(spectra.arms.begin(), spectra.arms.end(), [&](const ArrayArm& arm) {
      const rvfit::io::SpectraArm pixels = read(arm, {row});
      return !std::isnan(pixels.snr.front());
    });
  };
  for (std::vector<std::size_t>& rows : spectra.targets) {
    if (rows.size() > 1) {
      const std::size_t first = rows.front();
      std::erase_if(rows, shows_nothing);
      if (rows.empty()) {
        rows.push_back(first);
      }
    }
  }
}

rvfit_programs::Reading reading_of(const ArraySpectra& spectra) {
  rvfit_programs::Reading reading;
  reading.targets = spectra.targets;
  for (const ArrayArm& arm : spectra.arms) {
    rvfit::io::SpectraArm& to = reading.spectra.arms.emplace_back(described(arm));
    for (std::size_t row = 0; row < arm.wave.rows; ++row) {
      append(arm.wave, row, to.wave);
    }
    to.snr.assign(arm.flux.rows, std::numeric_limits<float>::quiet_NaN());
  }
  reading.read_rows = [&spectra](const std::vector<std::size_t>& rows) {
    std::vector<rvfit::io::SpectraArm> arms;
    arms.reserve(spectra.arms.size());
    for (const ArrayArm& arm : spectra.arms) {
      arms.push_back(read(arm, rows));
    }
    return arms;
  };
  return reading;
}

}  // namespace rvfit_python
