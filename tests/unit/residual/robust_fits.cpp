// SPDX-License-Identifier: MIT

/// @file
/// Robust fits with an estimated scale against plain iteratively reweighted least squares on the host.

#include <rvfit/residual/robust_fits.hpp>

#include <doctest/doctest.h>
#include <support/policies.hpp>
#include <support/tolerance.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

namespace rvfit::test::robust_fits {

using P = DoublePolicy;
using Vec = std::vector<double>;

constexpr std::size_t sets = 40, points = 31;

/// theta_0 + theta_1 i / 10.
struct Line {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    return theta[0] + 0.1 * i * theta[1];
  }
};

/// Lines with errors of 0.2 or, one in five, of 5.
Vec lines() {
  std::mt19937_64 random(8);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> choose(0.0, 1.0);
  Vec y;
  for (std::size_t b = 0; b < sets; ++b) {
    for (std::size_t i = 0; i < points; ++i) {
      const double sigma = choose(random) < 0.2 ? 5.0 : 0.2;
      y.push_back(1.0 + 0.3 * static_cast<double>(i) + sigma * normal(random));
    }
  }
  return y;
}

struct Oracle {
  double a = 0.0, b = 0.0, scale = 0.0;
};

/// Reweighted least squares with the scale after each step, until nothing changes.
Oracle reweighted(const double* y, const Vec& weight) {
  Oracle out;
  Vec factor(points, 1.0);
  for (int pass = 0; pass < 2000; ++pass) {
    double s = 0.0, sx = 0.0, sxx = 0.0, sy = 0.0, sxy = 0.0;
    for (std::size_t i = 0; i < points; ++i) {
      const double w = factor[i] * weight[i] * weight[i], x = 0.1 * static_cast<double>(i);
      s += w;
      sx += w * x;
      sxx += w * x * x;
      sy += w * y[i];
      sxy += w * x * y[i];
    }
    out.b = (s * sxy - sx * sy) / (s * sxx - sx * sx);
    out.a = (sy - out.b * sx) / s;
    Vec size;
    for (std::size_t i = 0; i < points; ++i) {
      size.push_back(weight[i] * std::abs(y[i] - out.a - 0.1 * static_cast<double>(i) * out.b));
    }
    Vec sorted = size;
    std::sort(sorted.begin(), sorted.end());
    out.scale = sorted[points / 2] / 0.67448975019608171;  // Phi^-1(3/4)
    for (std::size_t i = 0; i < points; ++i) {
      factor[i] = std::min(1.0, 1.345 * out.scale / size[i]);
    }
  }
  return out;
}

Matrix<const double, P> rows(const Vec& values, std::size_t number) {
  return upload_matrix<Matrix<const double, P>>(Exec(), "rows", values, number,
                                                values.size() / number);
}

TEST_CASE("robust fits: scale and parameters are those of reweighted least squares") {
  const Exec exec;
  const Vec y = lines();
  Vec weight(points, 1.0);
  for (const bool weighted : {false, true}) {
    for (std::size_t i = 0; weighted && i < points; ++i) {
      weight[i] = 1e3 * (1.0 + static_cast<double>(i % 3));
    }
    ResidualData<P> data{.y = rows(y, sets)};
    if (weighted) {
      data.weight = rows(weight, 1);
    }
    const auto out = fit_robustly<P>(exec, Line{}, data, rows(Vec(2 * sets, 0.5), sets), {},
                                     {.tolerance = 1e-10});
    const auto theta = download(exec, out.fits.theta);
    const auto scale = download(exec, out.scale);
    const auto status = download(exec, out.status);
    const auto covariance = download(exec, out.fits.covariance);
    double typical = 0.0;
    for (std::size_t b = 0; b < sets; ++b) {
      CAPTURE(b);
      const Oracle wanted = reweighted(&y[b * points], weight);
      CHECK(status(b) == FitStatus::converged);
      CHECK(scale(b) == doctest::Approx(wanted.scale).epsilon(1e-7).scale(0.0));  // 1e-10, iterated
      // The tolerance of 1e-8 is 1e-4 standard deviations.
      CHECK(std::abs(theta(b, 0) - wanted.a) < 1e-4 * std::sqrt(covariance(b, 0, 0)));
      // Likewise.
      CHECK(std::abs(theta(b, 1) - wanted.b) < 1e-4 * std::sqrt(covariance(b, 1, 1)));
      typical += scale(b) / static_cast<double>(sets);
    }
    if (!weighted) {
      // The median of 4 good and 1 bad is the 62 % quantile of the good: 1.31 of their deviation; it scatters by 3 %.
      CHECK(std::abs(typical - 0.26) < 0.03);
    }
  }
}

TEST_CASE("robust fits: a data set has the same bits alone and in a batch") {
  const Exec exec;
  const Vec y = lines();
  const auto batch =
      fit_robustly<P>(exec, Line{}, {.y = rows(y, sets)}, rows(Vec(2 * sets, 0.5), sets));
  const Vec one(y.begin() + 7 * points, y.begin() + 8 * points);
  const auto alone = fit_robustly<P>(exec, Line{}, {.y = rows(one, 1)}, rows(Vec(2, 0.5), 1));
  CHECK(download(exec, alone.scale)(0) == download(exec, batch.scale)(7));
  CHECK(download(exec, alone.fits.theta)(0, 1) == download(exec, batch.fits.theta)(7, 1));
  CHECK(download(exec, alone.passes)(0) == download(exec, batch.passes)(7));
}

TEST_CASE("robust fits: exact data and data that are no numbers end, and leave others alone") {
  const Exec exec;
  Vec y = lines();
  for (std::size_t i = 0; i < points; ++i) {
    y[i] = 2.0;  // met exactly
  }
  y[points] = std::numeric_limits<double>::quiet_NaN();
  const auto out =
      fit_robustly<P>(exec, Line{}, {.y = rows(y, sets)}, rows(Vec(2 * sets, 0.5), sets));
  const auto status = download(exec, out.status);
  CHECK(download(exec, out.fits.theta)(0, 0) ==
        doctest::Approx(2.0).epsilon(1e-9));  // least squares'
  CHECK(download(exec, out.fits.status)(0) == FitStatus::converged);
  CHECK(status(1) == FitStatus::stalled);
  CHECK(download(exec, out.fits.status)(1) == FitStatus::non_finite);
  CHECK(status(2) == FitStatus::converged);
}

TEST_CASE("robust fits: the median is that of sorted numbers, without those left out") {
  std::mt19937_64 random(2);
  std::lognormal_distribution<double> draw(0.0, 30.0);
  for (int size = 1; size < 40; ++size) {
    Vec values, used;
    for (int i = 0; i < size; ++i) {
      values.push_back(i % 4 == 3 ? -1.0 : draw(random));
      if (i % 4 != 3) {
        used.push_back(values.back());
      }
    }
    std::sort(used.begin(), used.end());
    const auto row = [&](int i) { return values[static_cast<std::size_t>(i)]; };
    CHECK(detail::lower_median(row, size) == used[(used.size() - 1) / 2]);
  }
  const auto none = [](int) { return -1.0; };
  CHECK(std::isnan(detail::lower_median(none, 3)));
}

}  // namespace rvfit::test::robust_fits
