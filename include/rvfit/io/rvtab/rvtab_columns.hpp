// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The columns of the table of results, RVTAB: first those that rvspecfit has, under its names and in
/// its order, then ours. docs/rvtab.md lists them.

#include <rvfit/core/require.hpp>
#include <rvfit/data/fit_result.hpp>
#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/text.hpp>
#include <rvfit/io/rvtab/column_names.hpp>
#include <rvfit/io/rvtab/row_of_result.hpp>
#include <rvfit/io/rvtab/rvs_warn.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::io {

/// An arm of the B fitted spectra, besides the fit.
struct RvtabArm {
  std::string label;       ///< part of column names, B of CHISQ_B; exposures of an arm share it
  std::vector<float> snr;  ///< (B)  median S/N of a pixel
};

/// Changes to the formal errors of a fit, which keep columns beside, X_ERR_FORMAL.
struct ErrorOptions {
  bool scale = false;     ///< times the root of chi2 a pixel, where that is above 1
  double rv_floor = 0.0;  ///< added in quadrature to errors of rv after that  [km/s]

  [[nodiscard]] bool any() const { return scale || rv_floor > 0; }
};

/// Everything that a table of B rows is made of: the fit, its A arms, and columns of the input.
struct Rvtab {
  FitResult result;
  std::vector<RvtabArm> arms;    ///< (A) in the order of the result's arms
  std::vector<Column> columns;   ///< identities of the input, B rows each
  std::vector<Column> redshift;  ///< another program's redshifts and classes, B rows each
  ErrorOptions errors{};
};

namespace detail {

/// Builds the columns of a table; each function adds some of them.
class RvtabColumns {
 public:
  explicit RvtabColumns(const Rvtab& table) : table_(table), result_(table.result) {}

  [[nodiscard]] std::vector<Column> build() {
    add_reference();
    add_others();
    add_state();
    insert_copied();
    return std::move(columns_);
  }

 private:
  using Doubles = std::vector<double>;
  static constexpr const char* kms = "km s-1";

  void add(const std::string& name, const std::string& unit, const std::string& comment,
           Column::Values values, std::vector<std::size_t> shape = {}) {
    columns_.push_back({name, unit, comment, std::move(values), std::move(shape)});
  }

  [[nodiscard]] bool has(const std::string& name) const {
    return std::any_of(columns_.begin(), columns_.end(),
                       [&](const Column& column) { return column.name == name; });
  }

  [[nodiscard]] bool solved(int b) const {
    return is_solution(result_.status[static_cast<std::size_t>(b)]);
  }

  /// One value a row, NaN where there is no solution.
  template <class Value>
  [[nodiscard]] Doubles where_solved(const Value& value) const {
    Doubles values;
    for (int b = 0; b < result_.size; ++b) {
      values.push_back(solved(b) ? value(b) : std::numeric_limits<double>::quiet_NaN());
    }
    return values;
  }

  /// The columns of rvspecfit's table, in its order.
  void add_reference() {
    add_parameter("rv", true);
    add_if_known("VRAD_SKEW", "", "Skewness of rv's posterior at the fixed template",
                 result_.profile_skewness);
    add_if_known("VRAD_KURT", "", "Its kurtosis, 3 for a Gaussian", result_.profile_kurtosis);
    add_parameter("vsini", false);
    for (const char* label : {"logg", "teff", "feh", "alpha"}) {
      add_parameter(label, true);
    }
    add_chi2();
    add_if_known("VRAD_CCF", kms, "Radial velocity of the scan, where the fit started",
                 result_.start_rv);
    std::vector<std::int64_t> warn;
    Flags success;
    for (int b = 0; b < result_.size; ++b) {
      warn.push_back(rvs_warn(result_, b));
      success.push_back(warn.back() == 0 ? 1 : 0);
    }
    add("RVS_WARN", "", "Warning bits, 0 if all is well", std::move(warn));
    copied_at_ = columns_.size();
    for (const RvtabArm& arm : table_.arms) {
      if (!has("SN_" + arm.label)) {
        add("SN_" + arm.label, "", "Median S/N of a pixel in arm " + arm.label, arm.snr);
      }
    }
    add("SUCCESS", "", "RVS_WARN is 0", std::move(success));
    add_all(table_.redshift);
  }

  /// Columns that rvspecfit has not: other parameters and errors, and the second minimum.
  void add_others() {
    add_if_known("VRAD_ERR_PROFILE", kms, "Width of rv's posterior at the fixed template",
                 result_.profile_error);
    for (const Parameter& parameter : result_.parameters) {
      if (!has(column_name(parameter.name))) {
        add_parameter(parameter.name, true);
      } else if (!has(column_name(parameter.name) + "_ERR")) {
        add_error(parameter.name);
      }
    }
    if (table_.errors.any()) {
      for (int p = 0; p < result_.parameters.size(); ++p) {
        const Parameter& parameter = result_.parameters[p];
        const std::string name = column_name(parameter.name) + "_ERR";
        add(name + "_FORMAL", column_unit(parameter.unit), "As the curvature of the objective says",
            of_parameter(result_.error, p));
      }
    }
    add_if_known("VRAD_SECOND", kms, "rv of the second-best minimum", result_.second_rv);
    add_if_known("DNEG2LOGL_SECOND", "", "Its NEG2LOGL less that of the solution",
                 result_.second_excess);
  }

  void add_all(const std::vector<Column>& columns) {
    columns_.insert(columns_.end(), columns.begin(), columns.end());
  }

  /// A quantity that a fit need not have: nothing then, unless there is no row that could tell.
  void add_if_known(const std::string& name, const std::string& unit, const std::string& comment,
                    const Doubles& values) {
    if (static_cast<int>(values.size()) == result_.size) {
      add(name, unit, comment,
          where_solved([&](int b) { return values[static_cast<std::size_t>(b)]; }));
    }
  }

  void add_parameter(const std::string& parameter, bool with_error) {
    const int p = result_.parameters.find(parameter);
    if (p < 0) {
      return;
    }
    add(column_name(parameter), column_unit(result_.parameters[p].unit),
        parameter_comment(parameter), of_parameter(result_.theta, p));
    if (with_error) {
      add_error(parameter);
    }
  }

  void add_error(const std::string& parameter) {
    const int p = result_.parameters.index(parameter);
    const std::string name = column_name(parameter);
    add(name + "_ERR", column_unit(result_.parameters[p].unit),
        "Error of " + name + ", NaN if fixed or on a bound",
        where_solved([&](int b) { return honest_error(b, p); }));
  }

  /// The formal error, scaled and with its floor.
  [[nodiscard]] double honest_error(int b, int p) const {
    const double chi2 = chi2_per_pixel(b);
    const double error = result_.error[entry(b, result_.parameters.size(), p)] *
                         (table_.errors.scale && chi2 > 1 ? std::sqrt(chi2) : 1.0);
    const bool has_floor = table_.errors.rv_floor > 0 && is_velocity(result_.parameters[p].name);
    return has_floor ? std::hypot(error, table_.errors.rv_floor) : error;
  }

  [[nodiscard]] double chi2_per_pixel(int b) const {
    return arm_sum(result_.chi2, result_.arms, b) / arm_sum(result_.pixels, result_.arms, b);
  }

  /// Column p of a (B, P) matrix.
  [[nodiscard]] Doubles of_parameter(const Doubles& matrix, int p) const {
    return where_solved([&](int b) { return matrix[entry(b, result_.parameters.size(), p)]; });
  }

  void add_chi2() {
    const int arms = result_.arms;
    add("CHISQ_TOT", "", "chi2 over the good pixels of all arms",
        where_solved([&](int b) { return arm_sum(result_.chi2, arms, b); }));
    add("CHISQ_C_TOT", "", "The same of a fit of the continuum alone",
        where_solved([&](int b) { return arm_sum(result_.continuum_chi2, arms, b); }));
    std::vector<std::int64_t> pixels;
    pixels.reserve(static_cast<std::size_t>(result_.size));
    for (int b = 0; b < result_.size; ++b) {
      pixels.push_back(arm_sum(result_.pixels, arms, b));
    }
    add("NPIX_TOT", "", "Number of good pixels fitted, all arms", std::move(pixels));
    for (const RvtabArm& arm : table_.arms) {
      if (has("CHISQ_" + arm.label)) {
        continue;  // a further exposure
      }
      const auto values = [&](const Doubles& matrix) {
        return where_solved([&](int b) { return sum_of_label(matrix, arm.label, b); });
      };
      add("CHISQ_" + arm.label, "", "chi2 in arm " + arm.label, values(result_.chi2));
      add("CHISQ_C_" + arm.label, "", "chi2 of the continuum alone in arm " + arm.label,
          values(result_.continuum_chi2));
    }
  }

  /// Sum over the exposures of an arm, NaN where none of them has a good pixel.
  [[nodiscard]] double sum_of_label(const Doubles& matrix, const std::string& label, int b) const {
    double sum = 0;
    std::int64_t pixels = 0;
    for (int a = 0; a < result_.arms; ++a) {
      const std::size_t place = entry(b, result_.arms, a);
      if (table_.arms[static_cast<std::size_t>(a)].label == label) {
        sum += matrix[place];
        pixels += result_.pixels[place];
      }
    }
    return pixels > 0 ? sum : std::numeric_limits<double>::quiet_NaN();
  }

  void add_state() {
    std::vector<std::string> names;
    std::vector<std::int32_t> codes;
    std::vector<std::int32_t> bounds;
    Flags hessian;
    for (std::size_t b = 0; b < static_cast<std::size_t>(result_.size); ++b) {
      names.emplace_back(to_string(result_.status[b]));
      codes.push_back(static_cast<std::int32_t>(result_.status[b]));
      const bool solved = is_solution(result_.status[b]);
      bounds.push_back(solved ? static_cast<std::int32_t>(result_.bound_flags[b]) : 0);
      hessian.push_back(result_.bad_hessian[b] != 0 ? 1 : 0);
    }
    add("CHISQ_PER_PIX", "", "CHISQ_TOT / NPIX_TOT",
        where_solved([&](int b) { return chi2_per_pixel(b); }));
    if (!result_.clipped.empty()) {
      std::vector<std::int64_t> clipped;
      clipped.reserve(static_cast<std::size_t>(result_.size));
      for (int b = 0; b < result_.size; ++b) {
        clipped.push_back(arm_sum(result_.clipped, result_.arms, b));
      }
      add("NPIX_CLIPPED", "", "Pixels rejected as outliers, all arms", std::move(clipped));
    }
    add("NEG2LOGL", "", "Objective at the solution, -2 ln L, priors included",
        where_solved([&](int b) { return result_.neg2_log_like[static_cast<std::size_t>(b)]; }));
    add("STATUS", "", "Why the fit ended", std::move(names), {16});
    add("STATUS_CODE", "", "The same as a number", std::move(codes));
    add("BOUND_FLAGS", "", "Bit p: parameter p (keywords PARAMn) ended on a bound",
        std::move(bounds));
    add("BAD_HESSIAN", "", "Hessian not positive definite", std::move(hessian));
    add("NITER", "", "Steps of the solver, accepted and rejected", result_.iterations);
    const auto size = static_cast<std::size_t>(result_.parameters.size());
    Doubles covariance = result_.covariance;
    for (int b = 0; b < result_.size; ++b) {
      if (!solved(b)) {
        const auto first = covariance.begin() +
                           static_cast<std::ptrdiff_t>(static_cast<std::size_t>(b) * size * size);
        std::fill_n(first, size * size, std::numeric_limits<double>::quiet_NaN());
      }
    }
    add("COVAR", "", "Covariance of the parameters (keywords PARAMn)", std::move(covariance),
        {size, size});
  }

  /// Columns of the input, each under a name that no other column has: one that is called as a column of
  /// this table becomes IN_NAME.
  void insert_copied() {
    std::set<std::string> names;
    for (const Column& column : columns_) {
      names.insert(upper_case(column.name));
    }
    std::vector<Column> copied = table_.columns;
    for (Column& column : copied) {
      while (!names.insert(upper_case(column.name)).second) {
        column.name.insert(0, "IN_");
      }
    }
    columns_.insert(columns_.begin() + static_cast<std::ptrdiff_t>(copied_at_),
                    std::make_move_iterator(copied.begin()), std::make_move_iterator(copied.end()));
  }

  const Rvtab& table_;
  const FitResult& result_;
  std::vector<Column> columns_;
  std::size_t copied_at_ = 0;  ///< place of the input's columns
};

}  // namespace detail

/// Columns of a table of results, in the order in which they are written.
/// @throws InvalidArgument  arms that are not as many as the result's
[[nodiscard]] inline std::vector<Column> rvtab_columns(const Rvtab& table) {
  RVFIT_REQUIRE(static_cast<int>(table.arms.size()) == table.result.arms,
                "rvtab_columns: ", table.arms.size(), " arms are named, the result has ",
                table.result.arms);
  return detail::RvtabColumns(table).build();
}

}  // namespace rvfit::io
