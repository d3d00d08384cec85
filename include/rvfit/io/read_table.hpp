// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads spectra from FITS tables of any make. A table holds one arm: of one star, a pixel a row, or
/// of many, a star a row with vectors of pixels. Columns: wavelength in Angstrom or nm (TUNIT) or its
/// log10, flux, inverse variance or error, and a mask if there is one. A table does not say whether
/// wavelengths are in vacuum or in air.
///
/// Stars may have wavelengths of their own. Where a row's vector is longer than its spectrum,
/// wavelengths that are not positive numbers at its ends are pixels without weight. Wavelengths that
/// decrease are reversed, with all that belongs to them.

#include <rvfit/io/detail/table_wavelengths.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/text.hpp>
#include <rvfit/io/line_spread.hpp>
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
  std::string name;             ///< setup of the emulator
  std::string hdu = "1";        ///< name or number
  std::string mask = {};        ///< column of its mask; empty: that of TableColumns
  std::int64_t mask_bits = -1;  ///< bits of the mask that make a pixel bad; -1: any value but 0
  std::string systematic = {};  ///< column of errors that are added in quadrature; empty: none
};

/// Columns with the parts of a spectrum. An empty name looks for the usual ones, upper or lower case.
struct TableColumns {
  std::string wave;      ///< wave, wavelength, lambda, loglam; a name that begins with "log": log10
  std::string flux;      ///< flux
  std::string ivar;      ///< ivar
  std::string error;     ///< used without an inverse variance: err, error, sigma, flux_error
  std::string variance;  ///< used without these
  std::string mask;      ///< none, unless it is named
  std::string
      wave_unit;  ///< angstrom, nm, um, m; log10 or ln of Angstrom; empty: TUNIT or the name says
  std::string line_spread;                     ///< none, unless it is named
  SpreadKind spread_kind = SpreadKind::sigma;  ///< of that column
  std::string wave_hdu;           ///< a table that has the wavelengths of all stars, one a row
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

/// Reads one arm.
class TableArmReader {
 public:
  TableArmReader(FitsInput& file, const TableArm& arm, const TableColumns& columns)
      : file_(file), hdu_(arm.hdu), arm_(arm), columns_(columns) {
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
    out_.flux_unit = file.column_unit(hdu_, flux);
    flux_ = read<double>(flux);
    read_weights();
    if (!arm.systematic.empty()) {
      add_errors(ivar_, read<double>(require_column(file, hdu_, arm.systematic, "errors", {})));
    }
    read_mask();
    read_wave();
    set_fluxes(out_, flux_, ivar_);
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
    if (ivar.empty() && columns_.error.empty() && columns_.variance.empty()) {
      ivar = first_column(file_, hdu_, {"ivar"});
    }
    if (!ivar.empty()) {
      ivar_ = read<double>(require_column(file_, hdu_, ivar, "inverse variance", {}));
      return;
    }
    const bool squared = !columns_.variance.empty();
    ivar_ = read<double>(squared ? require_column(file_, hdu_, columns_.variance, "variance", {})
                                 : require_column(file_, hdu_, columns_.error,
                                                  "inverse variance or error",
                                                  {"ivar", "err", "error", "sigma", "flux_error"}));
    for (double& value : ivar_) {
      const bool good = value > 0 && std::isfinite(value);
      const double ivar = good ? 1.0 / (squared ? value : value * value) : 0.0;
      if (good && !(ivar > 0 && std::isfinite(ivar))) {
        file_.fail(hdu_,
                   "has an error of " + std::to_string(value) + ", whose square is no number");
      }
      value = ivar;
    }
  }

  void read_mask() {
    const std::string& name = arm_.mask.empty() ? columns_.mask : arm_.mask;
    if (name.empty()) {
      out_.mask.assign(flux_.size(), 0);
      return;
    }
    for (const auto value : read<std::int64_t>(require_column(file_, hdu_, name, "mask", {}))) {
      out_.mask.push_back((value & arm_.mask_bits) != 0 ? 1 : 0);
    }
  }

  void read_wave() {
    const bool apart = !columns_.wave_hdu.empty();
    const std::string& hdu = apart ? columns_.wave_hdu : hdu_;
    const std::string column =
        require_column(file_, hdu, columns_.wave, "wavelengths",
                       {"wave", "wavelength", "lambda", "loglam", "log_wave"});
    out_.wave = read_wavelengths(file_, hdu, column, columns_.wave_unit);
    if (apart ? out_.wave.size() != pixels_ : out_.wave.size() != rows_ * pixels_) {
      file_.fail(hdu, "column " + column + " has " + std::to_string(out_.wave.size()) +
                          " values, expected " + std::to_string(apart ? pixels_ : rows_ * pixels_));
    }
    out_.wave_rows = out_.wave.size() / pixels_;
    read_line_spread();
    std::size_t known = out_.wave_rows;  // a spectrum that has wavelengths
    for (std::size_t row = 0; row < out_.wave_rows; ++row) {
      put_in_order(row);
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

  /// Sigma of every pixel, while pixels without a wavelength have none.
  void read_line_spread() {
    if (columns_.line_spread.empty()) {
      return;
    }
    const std::vector<double> given =
        read<double>(require_column(file_, hdu_, columns_.line_spread, "line spread", {}));
    out_.line_spread.resize(given.size());
    for (std::size_t row = 0; row < rows_; ++row) {
      spread_sigmas(columns_.spread_kind, &given[row * pixels_], pixels_,
                    &out_.wave[out_.wave_rows == 1 ? 0 : row * pixels_], pixels_,
                    &out_.line_spread[row * pixels_]);
    }
  }

  /// Reverse a row of wavelengths that decreases, and what belongs to it.
  void put_in_order(std::size_t row) {
    if (!is_decreasing(&out_.wave[row * pixels_], pixels_)) {
      return;
    }
    const auto reverse = [&](auto& matrix, std::size_t r) {
      if (!matrix.empty()) {
        const auto first = matrix.begin() + static_cast<std::ptrdiff_t>(r * pixels_);
        std::reverse(first, first + static_cast<std::ptrdiff_t>(pixels_));
      }
    };
    reverse(out_.wave, row);
    const bool shared = out_.wave_rows == 1;
    for (std::size_t r = shared ? 0 : row; r < (shared ? rows_ : row + 1); ++r) {
      reverse(flux_, r);
      reverse(ivar_, r);
      reverse(out_.mask, r);
      reverse(out_.line_spread, r);
    }
  }

  /// Pixels of a spectrum, or of all that share their wavelengths, that have none: no weight.
  void drop_outside(std::size_t row, std::size_t first, std::size_t last) {
    const bool shared = out_.wave_rows == 1;
    for (std::size_t r = shared ? 0 : row; r < (shared ? rows_ : row + 1); ++r) {
      for (std::size_t i = 0; i < pixels_; ++i) {
        if (i < first || i >= last) {
          ivar_[r * pixels_ + i] = 0.0;
          if (!out_.line_spread.empty()) {
            out_.line_spread[r * pixels_ + i] = std::numeric_limits<float>::quiet_NaN();
          }
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
  const TableArm& arm_;
  const TableColumns& columns_;
  bool one_star_ = false;
  std::size_t rows_ = 0, pixels_ = 0;
  std::vector<double> flux_, ivar_;  ///< (R, N)
  SpectraArm out_;
};

}  // namespace detail

/// Read the spectra of a file of tables, one table an arm. An arm that is named twice is shown by two
/// exposures, that are fitted together.
/// @throws IoError  a table or column that is missing, or that has another shape; an unknown unit;
///                  wavelengths that neither increase nor decrease
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
    read.label = upper_case(arm.name) + (named > 0 ? "_" + std::to_string(named + 1) : "");
    if (read.snr.size() != spectra.arms.front().snr.size()) {
      file.fail(arm.hdu, "has " + std::to_string(read.snr.size()) + " spectra, " +
                             hdu_text(arms.front().hdu) + " has " +
                             std::to_string(spectra.arms.front().snr.size()));
    }
  }
  return spectra;
}

}  // namespace rvfit::io
