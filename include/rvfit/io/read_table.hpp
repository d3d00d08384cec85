// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads spectra from FITS tables of any make. A table holds one arm: of one star, a pixel a row, or
/// of many, a star a row with vectors of pixels. Columns: wavelength in Angstrom or nm (TUNIT) or its
/// log10, flux, inverse variance or error, and a mask if there is one. Wavelengths stay what they are,
/// in vacuum or in air: they must be as the template library has them.
///
/// Stars may have wavelengths of their own. Where a row's vector is longer than its spectrum,
/// wavelengths that are not positive numbers at its ends are pixels without weight.

#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/measured_snr.hpp>
#include <rvfit/io/spectra.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

/// An arm of the emulator and the table that shows it.
struct TableArm {
  std::string name;       ///< setup of the emulator
  std::string hdu = "1";  ///< name or number
};

/// Where the parts of a spectrum are. An empty name looks for the usual ones, upper or lower case.
struct TableColumns {
  std::string wave;      ///< wave, wavelength, lambda, loglam; a name that begins with "log": log10
  std::string flux;      ///< flux
  std::string ivar;      ///< ivar
  std::string error;     ///< where there is no inverse variance: err, error, sigma, flux_error
  std::string mask;      ///< bad where not 0; none, unless it is named
  std::string wave_hdu;  ///< a table that has the wavelengths of all stars, one a row
  std::vector<std::string> copy;  ///< columns of the first arm to repeat in a table of results
};

namespace detail {

/// The first column there is of some names, or empty.
[[nodiscard]] inline std::string first_column(FitsInput& file, const std::string& hdu,
                                              std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (file.has_column(hdu, name)) {
      return name;
    }
  }
  return {};
}

/// A column by its given name, or by the first usual one.
[[nodiscard]] inline std::string require_column(FitsInput& file, const std::string& hdu,
                                                const std::string& given, const char* what,
                                                std::initializer_list<const char*> usual) {
  std::string name = given.empty() ? first_column(file, hdu, usual) : given;
  if (name.empty()) {
    std::string list;
    for (const char* each : usual) {
      list += (list.empty() ? "" : ", ") + std::string(each);
    }
    file.fail(hdu, std::string("has no column of ") + what + ", looked for " + list);
  }
  if (!file.has_column(hdu, name)) {
    file.fail(hdu, "has no column " + name);
  }
  return name;
}

/// Angstrom in a unit of length.
[[nodiscard]] inline double angstroms(FitsInput& file, const std::string& hdu,
                                      const std::string& column) {
  const std::string given = file.column_unit(hdu, column);
  const std::string unit = lower_case(given);
  if (unit.empty() || unit.starts_with("angstrom") || unit == "a" || unit == "aa" ||
      unit.find("angstrom") != std::string::npos) {
    return 1.0;
  }
  if (unit.starts_with("nm") || unit.starts_with("nanomet")) {
    return 10.0;
  }
  file.fail(hdu, "column " + column + " is in '" + given + "', expected Angstrom or nm");
}

/// Wavelengths [Angstrom] of a column, of whatever shape; NaN where it holds no positive number.
[[nodiscard]] inline std::vector<double> read_wavelengths(FitsInput& file, const std::string& hdu,
                                                          const std::string& column) {
  const bool logarithmic = lower_case(column).starts_with("log");
  const double unit = logarithmic ? 1.0 : angstroms(file, hdu, column);
  std::vector<double> wave = file.read_matrix<double>(hdu, column);
  for (double& value : wave) {
    const bool good = std::isfinite(value) && value > 0;
    value = !good ? std::numeric_limits<double>::quiet_NaN()
                  : (logarithmic ? std::pow(10.0, value) : unit * value);
  }
  return wave;
}

/// Give pixels before and after a spectrum wavelengths that keep the order and hardly reach further.
///
/// @param[in,out] wave  (N)  NaN where there is no pixel
/// @return  the pixels first .. last - 1 that are the spectrum's; none if there is no wavelength
/// @throws IoError  a wavelength within the spectrum that does not increase
[[nodiscard]] inline std::pair<std::size_t, std::size_t> fill_ends(const FitsInput& file,
                                                                   const std::string& hdu,
                                                                   std::size_t row, double* wave,
                                                                   std::size_t pixels) {
  std::size_t first = 0, last = pixels;
  while (first < last && std::isnan(wave[first])) {
    ++first;
  }
  while (last > first && std::isnan(wave[last - 1])) {
    --last;
  }
  for (std::size_t i = first + 1; i < last; ++i) {
    if (!(wave[i] > wave[i - 1])) {
      file.fail(hdu, "wavelength of pixel " + std::to_string(i) + " of spectrum " +
                         std::to_string(row) + " is " + std::to_string(wave[i]) + " after " +
                         std::to_string(wave[i - 1]) + ", expected increasing wavelengths");
    }
  }
  constexpr double small = 1e-9;  // a thousandth of a km/s a pixel
  for (std::size_t i = first; i-- > 0 && first < last;) {
    wave[i] = wave[i + 1] * (1.0 - small);
  }
  for (std::size_t i = last; i < pixels && first < last; ++i) {
    wave[i] = wave[i - 1] * (1.0 + small);
  }
  return {first, last};
}

/// Reads one arm.
class TableArmReader {
 public:
  TableArmReader(FitsInput& file, const TableArm& arm, const TableColumns& columns)
      : file_(file), hdu_(arm.hdu), columns_(columns) {
    const std::string flux = require_column(file, hdu_, columns.flux, "flux", {"flux"});
    const std::size_t width = file.column_width(hdu_, flux);
    one_star_ = width == 1;
    rows_ = one_star_ ? 1 : file.row_count(hdu_);
    pixels_ = one_star_ ? file.row_count(hdu_) : width;
    if (rows_ == 0 || pixels_ < 2) {
      file.fail(hdu_, "has " + std::to_string(rows_) + " spectra of " + std::to_string(pixels_) +
                          " pixels, expected at least one of two");
    }
    out_.name = arm.name;
    out_.flux = read<float>(flux);
    read_weights();
    read_mask();
    read_wave();
    out_.snr = measured_snr(out_);
  }

  [[nodiscard]] bool one_star() const { return one_star_; }
  [[nodiscard]] SpectraArm take() { return std::move(out_); }

 private:
  /// A column of (R, N) numbers.
  template <class T>
  [[nodiscard]] std::vector<T> read(const std::string& column) {
    require_pixels(column, file_.column_width(hdu_, column));
    return file_.read_matrix<T>(hdu_, column);
  }

  void require_pixels(const std::string& column, std::size_t width) const {
    if (width != (one_star_ ? 1 : pixels_)) {
      file_.fail(hdu_, "column " + column + " has " + std::to_string(width) +
                           " values a row, expected " + std::to_string(one_star_ ? 1 : pixels_));
    }
  }

  void read_weights() {
    std::string ivar = columns_.ivar;
    if (ivar.empty() && columns_.error.empty()) {
      ivar = first_column(file_, hdu_, {"ivar"});
    }
    if (!ivar.empty()) {
      out_.ivar = read<float>(require_column(file_, hdu_, ivar, "inverse variance", {}));
      return;
    }
    out_.ivar = read<float>(require_column(file_, hdu_, columns_.error, "inverse variance or error",
                                           {"ivar", "err", "error", "sigma", "flux_error"}));
    for (float& value : out_.ivar) {
      value = value > 0 && std::isfinite(value) ? 1.0F / (value * value) : 0.0F;
    }
  }

  void read_mask() {
    if (columns_.mask.empty()) {
      out_.mask.assign(out_.flux.size(), 0);
      return;
    }
    out_.mask = read<std::int32_t>(require_column(file_, hdu_, columns_.mask, "mask", {}));
    for (std::int32_t& value : out_.mask) {
      value = value != 0 ? 1 : 0;
    }
  }

  void read_wave() {
    const bool apart = !columns_.wave_hdu.empty();
    const std::string& hdu = apart ? columns_.wave_hdu : hdu_;
    const std::string column =
        require_column(file_, hdu, columns_.wave, "wavelengths",
                       {"wave", "wavelength", "lambda", "loglam", "log_wave"});
    out_.wave = read_wavelengths(file_, hdu, column);
    if (apart ? out_.wave.size() != pixels_ : out_.wave.size() != rows_ * pixels_) {
      file_.fail(hdu, "column " + column + " has " + std::to_string(out_.wave.size()) +
                          " values, expected " + std::to_string(apart ? pixels_ : rows_ * pixels_));
    }
    out_.wave_rows = out_.wave.size() / pixels_;
    std::size_t known = out_.wave_rows;  // a spectrum that has wavelengths
    for (std::size_t row = 0; row < out_.wave_rows; ++row) {
      const auto [first, last] =
          fill_ends(file_, hdu, row, out_.wave.data() + row * pixels_, pixels_);
      if (first < last) {
        known = row;
      }
      drop_outside(row, first, last);
    }
    if (known == out_.wave_rows) {
      file_.fail(hdu, "column " + column + " has no wavelength");
    }
    for (std::size_t row = 0; row < out_.wave_rows; ++row) {
      if (std::isnan(out_.wave[row * pixels_])) {
        std::copy_n(&out_.wave[known * pixels_], pixels_, &out_.wave[row * pixels_]);
      }
    }
    share_wavelengths();
  }

  /// Pixels of a spectrum, or of all that share their wavelengths, that have none: no weight.
  void drop_outside(std::size_t row, std::size_t first, std::size_t last) {
    const bool shared = out_.wave_rows == 1;
    for (std::size_t r = shared ? 0 : row; r < (shared ? rows_ : row + 1); ++r) {
      for (std::size_t i = 0; i < pixels_; ++i) {
        if (i < first || i >= last) {
          out_.ivar[r * pixels_ + i] = 0.0F;
        }
      }
    }
  }

  /// Keep one row of wavelengths if all are the same.
  void share_wavelengths() {
    const auto row = static_cast<std::ptrdiff_t>(pixels_);
    if (std::equal(out_.wave.begin() + row, out_.wave.end(), out_.wave.begin())) {
      out_.wave.resize(pixels_);
      out_.wave_rows = 1;
    }
  }

  FitsInput& file_;
  std::string hdu_;
  const TableColumns& columns_;
  bool one_star_ = false;
  std::size_t rows_ = 0, pixels_ = 0;
  SpectraArm out_;
};

}  // namespace detail

/// Read the spectra of a file of tables, one table an arm. An arm that is named twice is shown by two
/// exposures, that are fitted together.
/// @throws IoError  a table or column that is missing, or that has another shape; an unknown unit;
///                  wavelengths that do not increase
[[nodiscard]] inline Spectra read_table(const std::string& path, const std::vector<TableArm>& arms,
                                        const TableColumns& columns = {}) {
  FitsInput file(path);
  Spectra spectra;
  spectra.path = path;
  for (const TableArm& arm : arms) {
    detail::TableArmReader reader(file, arm, columns);
    const bool first = spectra.arms.empty();
    if (first && !reader.one_star()) {
      for (const std::string& column : columns.copy) {
        spectra.columns.push_back(file.read_any_column(arm.hdu, column));
      }
    }
    spectra.arms.push_back(reader.take());
    SpectraArm& read = spectra.arms.back();
    const auto named = std::count_if(arms.begin(), arms.begin() + (&arm - arms.data()),
                                     [&](const TableArm& other) { return other.name == arm.name; });
    read.label = detail::upper_case(arm.name) + (named > 0 ? "_" + std::to_string(named + 1) : "");
    if (read.snr.size() != spectra.arms.front().snr.size()) {
      file.fail(arm.hdu, "has " + std::to_string(read.snr.size()) + " spectra, " +
                             detail::hdu_text(arms.front().hdu) + " has " +
                             std::to_string(spectra.arms.front().snr.size()));
    }
  }
  return spectra;
}

}  // namespace rvfit::io
