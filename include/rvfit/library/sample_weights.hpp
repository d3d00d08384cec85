// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A value or an integral of the natural cubic spline through samples is linear in the samples: it is a sum of them
/// with weights that depend on positions alone.
///
/// With nodes x_i, h_i = x_{i+1} - x_i, slopes s_i = (y_{i+1} - y_i) / h_i and second derivatives m_i, in the
/// interval i, u = (x - x_i) / h_i, v = 1 - u,
///
///   S(x) = v y_i + u y_{i+1} + h_i^2 / 6 [(v^3 - v) m_i + (u^3 - u) m_{i+1}],
///   h_{i-1} m_{i-1} + 2 (h_{i-1} + h_i) m_i + h_i m_{i+1} = 6 (s_i - s_{i-1}),   m_0 = m_{N-1} = 0
///
/// (de Boor, A Practical Guide to Splines, chapter IV). Weights of the m_i become weights of the y_i by the same
/// symmetric system, solved for these weights. A sample's weight falls by 2 + sqrt(3) from node to node: twenty nodes
/// beyond the interval it is 4e-12 where nodes are evenly spaced, and there the system is cut.

#include <rvfit/core/require.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace rvfit {

/// Adds up the weights of values and integrals of a spline; made once for the nodes, used again and again.
class SampleWeights {
 public:
  /// Weights of the samples first, first + 1, ..
  struct Row {
    std::size_t first = 0;
    std::vector<double> weights;
  };

  /// @param[in] nodes  (N)  increasing
  /// @throws InvalidArgument  fewer than 2 nodes, or nodes that do not increase
  explicit SampleWeights(std::vector<double> nodes)
      : x_(std::move(nodes)), of_value_(x_.size(), 0.0), of_bend_(x_.size(), 0.0) {
    RVFIT_REQUIRE(x_.size() >= 2, "SampleWeights: ", x_.size(), " nodes, at least 2 wanted");
    for (std::size_t i = 1; i < x_.size(); ++i) {
      RVFIT_REQUIRE(x_[i] > x_[i - 1], "SampleWeights: node ", i, " is ", x_[i], " after ",
                    x_[i - 1], ", increasing wanted");
    }
    clear();
  }

  [[nodiscard]] double front() const { return x_.front(); }
  [[nodiscard]] double back() const { return x_.back(); }

  /// Add `factor` times the value at x.
  void add_value(double x, double factor) {
    const std::size_t i = interval(x);
    const double h = x_[i + 1] - x_[i];
    const double u = (x - x_[i]) / h, v = 1.0 - u;
    const double bend = factor * h * h / 6.0;
    add(i, factor * v, factor * u, bend * (v * v * v - v), bend * (u * u * u - u));
  }

  /// Add `factor` times the integral from a to b, a <= b.
  void add_integral(double a, double b, double factor) {
    const std::size_t first = interval(a), last = interval(b);
    for (std::size_t i = first; i <= last; ++i) {
      add_from_node(i, i == last ? b : x_[i + 1], factor);
      if (i == first) {
        add_from_node(i, a, -factor);
      }
    }
  }

  /// The weights of what was added since the last call.
  [[nodiscard]] Row take() {
    constexpr std::size_t reach = 20;
    const std::size_t n = x_.size();
    const std::size_t first = low_ > reach ? low_ - reach : 0;
    const std::size_t last = std::min(high_ + reach, n - 1);
    solve(first + 1, last - 1);
    Row row{first,
            {of_value_.begin() + static_cast<std::ptrdiff_t>(first),
             of_value_.begin() + static_cast<std::ptrdiff_t>(last) + 1}};
    std::fill(of_value_.begin() + static_cast<std::ptrdiff_t>(first),
              of_value_.begin() + static_cast<std::ptrdiff_t>(last) + 1, 0.0);
    std::fill(of_bend_.begin() + static_cast<std::ptrdiff_t>(first),
              of_bend_.begin() + static_cast<std::ptrdiff_t>(last) + 1, 0.0);
    clear();
    return row;
  }

 private:
  /// Interval of a position: i with x_i <= x < x_{i+1}, the first or last one beyond the ends.
  [[nodiscard]] std::size_t interval(double x) {
    for (std::size_t i = near_; i < std::min(near_ + 2, x_.size() - 1); ++i) {
      if (x >= x_[i] && x < x_[i + 1]) {
        near_ = i;
        return i;
      }
    }
    const auto after = std::upper_bound(x_.begin() + 1, x_.end() - 1, x);
    near_ = static_cast<std::size_t>(after - x_.begin()) - 1;
    return near_;
  }

  void clear() {
    low_ = x_.size() - 1;
    high_ = 0;
  }

  /// Add weights of y_i, y_{i+1}, m_i and m_{i+1}.
  void add(std::size_t i, double y0, double y1, double m0, double m1) {
    low_ = std::min(low_, i);
    high_ = std::max(high_, i + 1);
    of_value_[i] += y0;
    of_value_[i + 1] += y1;
    of_bend_[i] += m0;
    of_bend_[i + 1] += m1;
  }

  /// Add the integral from node i to a position of the interval after it.
  void add_from_node(std::size_t i, double x, double factor) {
    const double h = x_[i + 1] - x_[i];
    const double u = (x - x_[i]) / h, v = 1.0 - u;
    const double u2 = u * u, w = 1.0 - v * v;
    const double bend = factor * h * h * h / 6.0;
    add(i, factor * h * 0.5 * w, factor * h * 0.5 * u2,
        bend * (0.25 * (1.0 - v * v * v * v) - 0.5 * w), bend * (0.25 * u2 * u2 - 0.5 * u2));
  }

  /// From weights of the second derivatives m_first .. m_last to weights of the samples (Thomas' algorithm).
  void solve(std::size_t first, std::size_t last) {
    if (first > last) {
      return;
    }
    upper_.resize(x_.size());
    for (std::size_t i = first; i <= last; ++i) {
      const double before = x_[i] - x_[i - 1], after = x_[i + 1] - x_[i];
      const bool begins = i == first;
      const double pivot = 2.0 * (before + after) - (begins ? 0.0 : before * upper_[i - 1]);
      upper_[i] = after / pivot;
      of_bend_[i] = (of_bend_[i] - (begins ? 0.0 : before * of_bend_[i - 1])) / pivot;
    }
    for (std::size_t i = last; i-- > first;) {
      of_bend_[i] -= upper_[i] * of_bend_[i + 1];
    }
    for (std::size_t i = first; i <= last; ++i) {
      const double before = 6.0 * of_bend_[i] / (x_[i] - x_[i - 1]);
      const double after = 6.0 * of_bend_[i] / (x_[i + 1] - x_[i]);
      of_value_[i - 1] += before;
      of_value_[i] -= before + after;
      of_value_[i + 1] += after;
    }
  }

  std::vector<double> x_;
  std::vector<double> of_value_, of_bend_;  ///< weights of y and m
  std::vector<double> upper_;
  std::size_t low_ = 0, high_ = 0;  ///< the nodes that have weights
  std::size_t near_ = 0;            ///< interval of the position before: most follow each other
};

}  // namespace rvfit
