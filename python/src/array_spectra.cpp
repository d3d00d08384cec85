// SPDX-License-Identifier: MIT

#include "array_spectra.hpp"

#include "device_memory.hpp"
#include <rvfit/core/require.hpp>
#include <rvfit/data/fill_empty_columns.hpp>
#include <rvfit/data/flux_unit.hpp>
#include <rvfit/io/measured_snr.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

namespace rvfit_python {
namespace {

/// The first number of a row; one row is that of all.
[[nodiscard]] const char* start_of(const Plane& plane, std::size_t row) {
  return plane.data + static_cast<std::ptrdiff_t>(plane.rows == 1 ? 0 : row) * plane.row_stride;
}

/// Call `use(i, value)` for each number of a row, in its own type.
template <class Use>
void visit_row(const Plane& plane, std::size_t row, const Use& use) {
  const char* first = start_of(plane, row);
  const auto visit = [&]<class From>(From, std::ptrdiff_t stride) {
    const char* at = first;
    for (std::size_t i = 0; i < plane.columns; ++i, at += stride) {
      From value;
      std::memcpy(&value, at, sizeof(From));
      use(i, value);
    }
  };
  // A loop over numbers side by side goes through registers.
  const auto visit_type = [&]<class From>(From type) {
    constexpr auto size = static_cast<std::ptrdiff_t>(sizeof(From));
    return plane.stride == size ? visit(type, size) : visit(type, plane.stride);
  };
  switch (plane.type) {
    case Number::float32:
      return visit_type(float{});
    case Number::float64:
      return visit_type(double{});
    case Number::int32:
      return visit_type(std::int32_t{});
    case Number::uint8:
      return visit_type(std::uint8_t{});
  }
}

/// Add a row to `out`.
template <class To>
void append(const Plane& plane, std::size_t row, std::vector<To>& out) {
  const std::size_t first = out.size();
  out.resize(first + plane.columns);
  To* const to = out.data() + first;
  visit_row(plane, row, [to](std::size_t i, auto value) { to[i] = static_cast<To>(value); });
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

/// A row in numbers of type T: where it lies, or a copy of it where its numbers are others or lie apart.
template <class T>
[[nodiscard]] std::span<const T> row_of(const Plane& plane, std::size_t row, std::vector<T>& copy) {
  constexpr Number type = std::same_as<T, float> ? Number::float32 : Number::float64;
  const char* first = start_of(plane, row);
  if (plane.type == type && plane.stride == static_cast<std::ptrdiff_t>(sizeof(T)) &&
      reinterpret_cast<std::uintptr_t>(first) % alignof(T) == 0) {
    return {reinterpret_cast<const T*>(first), plane.columns};
  }
  copy.clear();
  append(plane, row, copy);
  return copy;
}

/// The rows of a batch, and their memory on the host where an arm's are on a device.
class BatchRows {
 public:
  explicit BatchRows(const std::vector<std::size_t>& rows) : rows_(rows) {}

  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  /// The number that the n-th row has in a plane.
  [[nodiscard]] std::size_t of(const Plane& plane, std::size_t n) const {
    return plane.in_batch_order ? n : rows_[n];
  }

  /// An arm whose planes are all on the host.
  [[nodiscard]] ArrayArm on_host(ArrayArm arm) {
    for (Plane* plane : {&arm.flux, &arm.weight, &arm.mask, &arm.resolution}) {
      if (plane->on_device) {
        *plane = copied(*plane);
      }
    }
    return arm;
  }

 private:
  [[nodiscard]] Plane copied(const Plane& plane) {
    const std::size_t bytes = plane.columns * static_cast<std::size_t>(plane.stride);
    std::vector<char>& memory = memory_.emplace_back(rows_.size() * bytes);
    for (std::size_t first = 0, last = 0; first < rows_.size(); first = last) {
      // Rows that follow one another without a gap go together.
      last = first + 1;
      while (last < rows_.size() && rows_[last] == rows_[last - 1] + 1 &&
             plane.row_stride == static_cast<std::ptrdiff_t>(bytes)) {
        ++last;
      }
      copy_to_host(&memory[first * bytes], start_of(plane, rows_[first]), (last - first) * bytes);
    }
    Plane copy = plane;
    copy.data = memory.data();
    copy.row_stride = static_cast<std::ptrdiff_t>(bytes);
    copy.rows = rows_.size();
    copy.on_device = false;
    copy.in_batch_order = true;
    return copy;
  }

  const std::vector<std::size_t>& rows_;
  std::vector<std::vector<char>> memory_;
};

/// Fluxes, inverse variances and the mask of a row in numbers of type T, which holds those of the arrays, brought to their
/// unit and to float, as rvfit::io::set_fluxes does. Each row is written while it is near.
template <class T>
void add_row(const ArrayArm& arm, const BatchRows& rows, std::size_t n, std::vector<T>& flux_copy,
             std::vector<T>& weight_copy, rvfit::io::SpectraArm& to) {
  const std::size_t pixels = arm.flux.columns, first = to.flux.size();
  to.mask.resize(first + pixels);
  if (!arm.mask.empty()) {
    visit_row(arm.mask, rows.of(arm.mask, n), [mask = &to.mask[first]](std::size_t i, auto value) {
      mask[i] = value != 0 ? 1 : 0;
    });
  }
  const std::span<const T> flux = row_of(arm.flux, rows.of(arm.flux, n), flux_copy);
  std::span<const T> weight = row_of(arm.weight, rows.of(arm.weight, n), weight_copy);
  if (arm.is_error) {
    weight_copy.resize(pixels);
    for (std::size_t i = 0; i < pixels; ++i) {  // an error that is no positive number has no weight
      const T error = weight[i];
      weight_copy[i] = error > 0 && std::isfinite(error) ? 1 / (error * error) : 0;
    }
    weight = weight_copy;
  }
  const std::span<const std::int32_t> mask(&to.mask[first], pixels);
  const double unit = rvfit::flux_unit(flux, weight, mask);
  to.flux.resize(first + pixels);
  to.ivar.resize(first + pixels);
  (void)rvfit::narrow_spectrum(flux, weight, mask, unit, &to.flux[first], &to.ivar[first]);
  to.unit.push_back(unit);
}

template <class T>
void add_rows(const ArrayArm& arm, const BatchRows& rows, rvfit::io::SpectraArm& to) {
  const std::size_t size = rows.size() * arm.flux.columns;
  to.flux.reserve(size);
  to.ivar.reserve(size);
  to.mask.reserve(size);
  std::vector<T> flux_copy, weight_copy;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    add_row(arm, rows, n, flux_copy, weight_copy, to);
  }
}

[[nodiscard]] rvfit::io::SpectraArm read(const ArrayArm& from,
                                         const std::vector<std::size_t>& numbers) {
  BatchRows rows(numbers);
  const ArrayArm arm = rows.on_host(from);
  rvfit::io::SpectraArm to = described(arm);
  if (arm.wave.rows == 1) {
    append(arm.wave, 0, to.wave);
  } else {
    to.wave_rows = rows.size();
  }
  for (std::size_t n = 0; n < rows.size(); ++n) {
    if (arm.wave.rows > 1) {
      append(arm.wave, rows.of(arm.wave, n), to.wave);
    }
    if (!arm.line_spread.empty()) {
      append(arm.line_spread, rows.of(arm.line_spread, n), to.line_spread);
    }
    if (!arm.resolution.empty()) {
      append(arm.resolution, rows.of(arm.resolution, n), to.resolution);
    }
  }
  const bool in_float = arm.flux.type == Number::float32 && arm.weight.type == Number::float32;
  if (in_float && !arm.is_error) {
    add_rows<float>(arm, rows, to);
  } else {
    add_rows<double>(arm, rows, to);
  }
  if (!arm.resolution.empty()) {
    rvfit::fill_empty_columns(to.resolution, to.diagonals(), to.pixels());
  }
  to.snr = rvfit::io::measured_snr(to);
  return to;
}

/// Wait for those who write arrays on a device.
void await_arrays(const ArraySpectra& spectra) {
  const auto is_on_device = [](const ArrayArm& arm) {
    return arm.flux.on_device || arm.weight.on_device || arm.mask.on_device ||
           arm.resolution.on_device;
  };
  if (std::any_of(spectra.arms.begin(), spectra.arms.end(), is_on_device)) {
    await_writers();
  }
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
  await_arrays(spectra);
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
  await_arrays(spectra);
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
