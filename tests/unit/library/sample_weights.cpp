// SPDX-License-Identifier: MIT

#include "support/tolerance.hpp"
#include <rvfit/library/sample_weights.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace {

/// Nodes at steps that change by a factor of three, from 0 to 2 pi.
std::vector<double> uneven_nodes(int intervals) {
  std::vector<double> x;
  for (int i = 0; i <= intervals; ++i) {
    const double u = static_cast<double>(i) / intervals;
    x.push_back(2.0 * M_PI * (0.5 * u + 0.5 * u * u));
  }
  return x;
}

/// The spline through samples, by the weights of its values and integrals.
class Spline {
 public:
  Spline(const std::vector<double>& x, std::vector<double> y) : weights_(x), y_(std::move(y)) {}

  [[nodiscard]] double value(double x) {
    weights_.add_value(x, 1.0);
    return sum();
  }
  [[nodiscard]] double integral(double a, double b) {
    weights_.add_integral(a, b, 1.0);
    return sum();
  }

 private:
  [[nodiscard]] double sum() {
    const rvfit::SampleWeights::Row row = weights_.take();
    return std::inner_product(row.weights.begin(), row.weights.end(),
                              y_.begin() + static_cast<std::ptrdiff_t>(row.first), 0.0);
  }

  rvfit::SampleWeights weights_;
  std::vector<double> y_;
};

Spline sine_spline(int intervals) {
  const std::vector<double> x = uneven_nodes(intervals);
  std::vector<double> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = std::sin(x[i]);  // its second derivative is 0 at both ends, as the natural spline's
  }
  return {x, y};
}

}  // namespace

TEST_CASE("A spline of a straight line is the line, and its integral the parabola") {
  const std::vector<double> x = uneven_nodes(20);
  std::vector<double> y;
  for (const double at : x) {
    y.push_back(3.0 - 2.0 * at);
  }
  Spline spline(x, y);
  for (const double at : {0.0, 0.1, 1.0, 3.3, 6.2, 2.0 * M_PI}) {
    CHECK(spline.value(at) == doctest::Approx(3.0 - 2.0 * at).epsilon(1e-13));  // rounding
    // rounding, of twenty terms
    CHECK(spline.integral(0.1, 0.1 + at / 2) ==
          doctest::Approx(3.0 * at / 2 - (std::pow(0.1 + at / 2, 2) - 0.01)).epsilon(1e-13));
  }
}

TEST_CASE("A spline of a sine has an error below 5/384 h^4, and so has its integral") {
  for (const int intervals : {20, 40, 80, 400}) {
    Spline spline = sine_spline(intervals);
    const double h = 2.0 * M_PI * 1.5 / intervals;  // the longest interval
    const double bound = 5.0 / 384.0 * std::pow(h, 4);
    for (double at = 0.0; at < 2.0 * M_PI; at += 0.01) {
      CHECK(std::abs(spline.value(at) - std::sin(at)) < bound);
      CHECK(std::abs(spline.integral(0.0, at) - (1.0 - std::cos(at))) < bound * (at + 1e-9));
    }
  }
}

TEST_CASE("Integrals add up, within an interval and over many") {
  Spline spline = sine_spline(30);
  for (const double middle : {0.01, 0.3, 2.0, 6.0}) {
    CHECK(spline.integral(0.005, middle) + spline.integral(middle, 6.2) ==
          doctest::Approx(spline.integral(0.005, 6.2)).epsilon(1e-12));  // rounding of 30 terms
  }
}

TEST_CASE("A factor multiplies what it belongs to, and sums are taken once") {
  const std::vector<double> x = uneven_nodes(200);
  rvfit::SampleWeights weights(x);
  weights.add_value(1.0, 2.0);
  weights.add_integral(1.0, 1.5, -3.0);
  const rvfit::SampleWeights::Row row = weights.take();
  double sum = 0.0;
  for (std::size_t k = 0; k < row.weights.size(); ++k) {
    sum += row.weights[k] * std::sin(x[row.first + k]);
  }
  Spline spline = sine_spline(200);
  CHECK(sum == doctest::Approx(2.0 * spline.value(1.0) - 3.0 * spline.integral(1.0, 1.5))
                   .epsilon(1e-11));  // where the system is cut: 4e-12
  CHECK(row.weights.size() < x.size());
  weights.add_value(1.0, 1.0);
  const rvfit::SampleWeights::Row again = weights.take();
  double one = 0.0;
  for (const double weight : again.weights) {
    one += weight;
  }
  CHECK(one == doctest::Approx(1.0).epsilon(1e-14));  // rounding: nothing of the first row is left
}

TEST_CASE("Nodes that do not increase are refused") {
  CHECK_THROWS_WITH_AS(rvfit::SampleWeights({1.0, 2.0, 2.0}),
                       "SampleWeights: node 2 is 2 after 2, increasing wanted",
                       rvfit::InvalidArgument);
  CHECK_THROWS_AS(rvfit::SampleWeights({1.0}), rvfit::InvalidArgument);
}
