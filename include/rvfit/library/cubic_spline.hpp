// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Natural cubic spline through samples at any increasing positions, on the host in double: a spectrum as its
/// author sampled it, turned into a function that can be evaluated and integrated.

#include <rvfit/core/require.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace rvfit {

/// In the interval of width h between nodes i and i + 1, with u = (x - x_i) / h, v = 1 - u,
///
///   f(x) = v y_i + u y_{i+1} + h^2 / 6 ((v^3 - v) m_i + (u^3 - u) m_{i+1}),
///
/// m are second derivatives, 0 at both ends. For a smooth function sampled at steps h the error is at most
/// 5/384 h^4 max|f''''| away from the ends (Hall & Meyer, J. Approx. Theory 16, 105, 1976).
class CubicSpline {
 public:
  /// The nodes; values come later, of as many functions as wanted.
  /// @param[in] x  (N)  increasing, at least two
  /// @throws InvalidArgument  fewer, or not increasing
  explicit CubicSpline(std::vector<double> x) : x_(std::move(x)), y_(x_.size()), m_(x_.size()) {
    RVFIT_REQUIRE(x_.size() >= 2, "CubicSpline: ", x_.size(), " nodes, at least 2 wanted");
    for (std::size_t i = 1; i < x_.size(); ++i) {
      RVFIT_REQUIRE(x_[i] > x_[i - 1], "CubicSpline: node ", i, " is ", x_[i], " after ", x_[i - 1],
                    ", increasing wanted");
    }
    factorize();
  }

  /// Go through other values from now on.
  /// @param[in] y  (N)
  /// @throws InvalidArgument  another number of values
  void set_values(std::span<const double> y) {
    RVFIT_REQUIRE(y.size() == x_.size(), "CubicSpline: ", y.size(), " values at ", x_.size(),
                  " nodes");
    std::copy(y.begin(), y.end(), y_.begin());
    solve();
  }

  [[nodiscard]] std::size_t size() const { return x_.size(); }
  [[nodiscard]] double front() const { return x_.front(); }
  [[nodiscard]] double back() const { return x_.back(); }

  /// Interval of a position: i with x_i <= x < x_{i+1}, the first or last one beyond the ends.
  [[nodiscard]] std::size_t interval(double x) const {
    const auto after = std::upper_bound(x_.begin() + 1, x_.end() - 1, x);
    return static_cast<std::size_t>(after - x_.begin()) - 1;
  }

  /// The same of a position at or after interval `i`, step by step.
  [[nodiscard]] std::size_t interval_from(std::size_t i, double x) const {
    while (i + 2 < x_.size() && x >= x_[i + 1]) {
      ++i;
    }
    return i;
  }

  /// Value at a position of an interval.
  [[nodiscard]] double value(std::size_t i, double x) const {
    const double h = x_[i + 1] - x_[i];
    const double u = (x - x_[i]) / h, v = 1.0 - u;
    return v * y_[i] + u * y_[i + 1] +
           h * h / 6.0 * ((v * v * v - v) * m_[i] + (u * u * u - u) * m_[i + 1]);
  }
  [[nodiscard]] double value(double x) const { return value(interval(x), x); }

  /// Integral from `a` to `b`, a <= b.
  [[nodiscard]] double integral(double a, double b) const {
    const std::size_t first = interval(a), last = interval(b);
    double sum = 0.0;
    for (std::size_t i = first; i <= last; ++i) {
      sum += from_node(i, i == last ? b : x_[i + 1]) - (i == first ? from_node(i, a) : 0.0);
    }
    return sum;
  }

 private:
  /// Integral from node i to a position of the interval after it.
  [[nodiscard]] double from_node(std::size_t i, double x) const {
    const double h = x_[i + 1] - x_[i];
    const double u = (x - x_[i]) / h, v = 1.0 - u;
    const double u2 = u * u, w = 1.0 - v * v;  // w = 1 - v^2
    const double curved =
        (0.25 * (1.0 - v * v * v * v) - 0.5 * w) * m_[i] + (0.25 * u2 * u2 - 0.5 * u2) * m_[i + 1];
    return h * (0.5 * w * y_[i] + 0.5 * u2 * y_[i + 1] + h * h / 6.0 * curved);
  }

  /// Rows of the tridiagonal system of m_1 .. m_{N-2}, eliminated once (Thomas' algorithm):
  ///   h_{i-1} m_{i-1} + 2 (h_{i-1} + h_i) m_i + h_i m_{i+1} = 6 (s_i - s_{i-1}),   s slopes
  void factorize() {
    pivot_.assign(x_.size(), 1.0);
    upper_.assign(x_.size(), 0.0);
    for (std::size_t i = 1; i + 1 < x_.size(); ++i) {
      const double before = x_[i] - x_[i - 1], after = x_[i + 1] - x_[i];
      pivot_[i] = 2.0 * (before + after) - before * upper_[i - 1];
      upper_[i] = after / pivot_[i];
    }
  }

  void solve() {
    const std::size_t n = x_.size();
    m_.front() = m_.back() = 0.0;
    for (std::size_t i = 1; i + 1 < n; ++i) {
      const double before = x_[i] - x_[i - 1], after = x_[i + 1] - x_[i];
      const double bend = (y_[i + 1] - y_[i]) / after - (y_[i] - y_[i - 1]) / before;
      m_[i] = (6.0 * bend - before * m_[i - 1]) / pivot_[i];
    }
    for (std::size_t i = n - 2; i >= 1; --i) {
      m_[i] -= upper_[i] * m_[i + 1];
    }
  }

  std::vector<double> x_, y_, m_;
  std::vector<double> pivot_, upper_;
};

}  // namespace rvfit
