// SPDX-License-Identifier: MIT

/// @file
/// Many starts of a data set against a scan of all that there is: a sine of unknown frequency has a minimum at
/// every other frequency or so.

#include <rvfit/residual/draw_starts.hpp>
#include <rvfit/residual/many_starts.hpp>

#include <doctest/doctest.h>
#include <support/policies.hpp>
#include <support/tolerance.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <random>
#include <vector>

namespace rvfit::test::many_starts {

using P = DoublePolicy;
using Vec = std::vector<double>;

constexpr int points = 40;
constexpr std::size_t sets = 30;
constexpr double sigma = 0.5;

/// theta_0 sin(theta_1 x) at x = 0, 1/4, 1/2 ..
struct Sine {
  static constexpr int parameters = 2;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::sin;
    return theta[0] * sin(0.25 * i * theta[1]);
  }
};

const ParameterSet box({{.name = "a", .lower = -5.0, .upper = 5.0},
                        {.name = "frequency", .lower = 0.5, .upper = 10.0}});

/// Noisy sines of random frequencies, (sets, points).
Vec sines() {
  std::mt19937_64 random(4);
  std::normal_distribution<double> noise(0.0, sigma);
  std::uniform_real_distribution<double> frequency(1.0, 9.0);
  Vec y;
  for (std::size_t b = 0; b < sets; ++b) {
    const double w = frequency(random);
    for (int i = 0; i < points; ++i) {
      y.push_back(1.2 * std::sin(0.25 * i * w) + noise(random));
    }
  }
  return y;
}

/// chi-square at a frequency, with the best amplitude.
double at_frequency(const double* y, double w) {
  double yy = 0.0, ys = 0.0, ss = 0.0;
  for (int i = 0; i < points; ++i) {
    const double s = std::sin(0.25 * i * w);
    yy += y[i] * y[i];
    ys += y[i] * s;
    ss += s * s;
  }
  return (yy - ys * ys / ss) / (sigma * sigma);
}

/// All minima inside the box, from the lowest: found on a fine grid, then narrowed by thirds.
std::vector<Vec> minima(const double* y) {
  std::vector<Vec> out;
  constexpr double step = 1e-3;
  for (double w = 0.5 + step; w < 10.0 - step; w += step) {
    if (at_frequency(y, w) < at_frequency(y, w - step) &&
        at_frequency(y, w) <= at_frequency(y, w + step)) {
      double low = w - step, high = w + step;
      for (int pass = 0; pass < 80; ++pass) {
        const double third = (high - low) / 3.0;
        (at_frequency(y, low + third) < at_frequency(y, high - third) ? high : low) +=
            at_frequency(y, low + third) < at_frequency(y, high - third) ? -third : third;
      }
      out.push_back({at_frequency(y, low), low});
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

ResidualData<P> uploaded(const Vec& y, std::size_t rows) {
  const Exec exec;
  ResidualData<P> data;
  data.y = upload_matrix<Matrix<const double, P>>(exec, "y", y, rows, points);
  data.weight =
      upload_matrix<Matrix<const double, P>>(exec, "w", Vec(points, 1.0 / sigma), 1, points);
  return data;
}

const ResidualOptions bounded{.parameters = box};

TEST_CASE("many starts: the best of each data set is the lowest minimum of all") {
  const Exec exec;
  const Vec y = sines();
  const auto starts = draw_starts<P>(exec, box, 64);
  const ManyStartsFits<P> fits =
      fit_many_starts<P>(exec, Sine{}, uploaded(y, sets), starts, sets, bounded);
  const auto value = download(exec, fits.best.value);
  const auto theta = download(exec, fits.best.theta);
  const auto status = download(exec, fits.best.status);
  const auto second = download(exec, fits.second);
  const auto second_value = download(exec, fits.second_value);
  const auto apart = download(exec, fits.second_distance);
  const auto errors = download(exec, fits.best.covariance);
  for (std::size_t b = 0; b < sets; ++b) {
    CAPTURE(b);
    const auto wanted = minima(&y[b * points]);
    REQUIRE(wanted.size() > 3);
    CHECK(status(b) == FitStatus::converged);
    CHECK(value(b) == doctest::Approx(wanted[0][0]).epsilon(1e-9));  // the tolerance, of F near 40
    CHECK(std::abs(theta(b, 1) - wanted[0][1]) < 1e-3 * std::sqrt(errors(b, 1, 1)));  // likewise
    // The second is one that a start was followed to; all within the margin are.
    if (wanted[1][0] < wanted[0][0] + 30.0) {
      CHECK(second_value(b) == doctest::Approx(wanted[1][0]).epsilon(1e-9));  // as above
      const double distance = std::abs(second(b, 1) - theta(b, 1)) / std::sqrt(errors(b, 1, 1));
      CHECK(apart(b) >= distance * (1.0 - 1e-12));  // it is the larger of two
      // As above; its own error is of the best's size.
      CHECK(std::abs(second(b, 1) - wanted[1][1]) < 1e-3 * std::sqrt(errors(b, 1, 1)));
    } else if (!std::isnan(second_value(b))) {
      CHECK(second_value(b) >= wanted[1][0] * (1.0 - 1e-9));  // as above
    }
  }
}

TEST_CASE("many starts: giving up changes no best, and saves steps") {
  const Exec exec;
  const Vec y = sines();
  const auto starts = draw_starts<P>(exec, box, 64);
  const ResidualData<P> data = uploaded(y, sets);
  const auto fits = fit_many_starts<P>(exec, Sine{}, data, starts, sets, bounded);
  const ManyStartsOptions all{.margin = std::numeric_limits<double>::infinity()};
  const auto followed = fit_many_starts<P>(exec, Sine{}, data, starts, sets, bounded, all);
  const auto value = download(exec, fits.best.value), other = download(exec, followed.best.value);
  const auto steps = download(exec, fits.best.iterations),
             more = download(exec, followed.best.iterations);
  const auto ends = download(exec, fits.ends), all_ends = download(exec, followed.ends);
  int total = 0, total_more = 0;
  for (std::size_t b = 0; b < sets; ++b) {
    CHECK(value(b) == doctest::Approx(other(b)).epsilon(
                          1e-9));  // another start may be the lowest by its last bits
    CHECK(ends(b) < all_ends(b));
    total += steps(b);
    total_more += more(b);
  }
  std::printf("steps %d, of %d with all followed\n", total, total_more);
  CHECK(total < total_more);
}

TEST_CASE("many starts: a data set has the same bits alone and in a batch") {
  const Exec exec;
  const Vec y = sines();
  const auto starts = draw_starts<P>(exec, box, 20);
  ResidualData<P> data = uploaded(y, sets);
  const auto batch = fit_many_starts<P>(exec, Sine{}, data, starts, sets, bounded);
  data.set = upload<Vector<const int, P>>(exec, "set", std::vector<int>{17, 3});
  const auto two = fit_many_starts<P>(exec, Sine{}, data, starts, 2, bounded);
  const auto value = download(exec, batch.best.value), alone = download(exec, two.best.value);
  CHECK(alone(0) == value(17));
  CHECK(alone(1) == value(3));
  CHECK(download(exec, two.start)(0) == download(exec, batch.start)(17));
}

TEST_CASE("many starts: without a fit that ends there is a status, and no second") {
  const Exec exec;
  Vec y = sines();
  y[0] = std::numeric_limits<double>::quiet_NaN();
  const auto fits = fit_many_starts<P>(exec, Sine{}, uploaded(y, sets),
                                       draw_starts<P>(exec, box, 4), sets, bounded);
  CHECK(download(exec, fits.best.status)(0) == FitStatus::non_finite);
  CHECK(download(exec, fits.ends)(0) == 0);
  CHECK(std::isnan(download(exec, fits.second_value)(0)));
  CHECK(download(exec, fits.best.status)(1) == FitStatus::converged);
}

TEST_CASE("many starts: points fill the box evenly, in logarithms where bounds span decades") {
  const ParameterSet mixed({{.name = "a", .lower = -1.0, .upper = 3.0},
                            {.name = "b", .lower = 1e-3, .upper = 1e3},
                            {.name = "c", .fixed = true, .value = 7.0}});
  constexpr std::size_t drawn = 1000;
  const Vec u = draw_points(mixed, drawn);
  // The share of points in a part of the box is its area to 0.5 %: random ones would scatter by 1.6 %.
  for (int cut = 1; cut <= 9; ++cut) {
    const double t = 0.1 * cut;
    std::size_t inside = 0;
    for (std::size_t k = 0; k < drawn; ++k) {
      CHECK(u[3 * k + 2] == 7.0);
      inside +=
          u[3 * k] < -1.0 + 4.0 * t && std::log10(u[3 * k + 1]) < -3.0 + 6.0 * (1.0 - t) ? 1 : 0;
    }
    CHECK(std::abs(1e-3 * static_cast<double>(inside) - t * (1.0 - t)) <
          5e-3);  // 3 of log(M)^2 / M
  }
  CHECK_THROWS_AS((void)draw_points(ParameterSet({{.name = "a", .lower = 0.0}}), 3),
                  InvalidArgument);
}

}  // namespace rvfit::test::many_starts
