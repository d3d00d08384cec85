// SPDX-License-Identifier: MIT

/// @file
/// Profile intervals and contours where they are known in closed form. tests/solver/nist.cpp compares them with those of minos.

#include <rvfit/residual/profile_contours.hpp>
#include <rvfit/residual/profile_intervals.hpp>

#include <doctest/doctest.h>
#include <support/policies.hpp>
#include <support/tolerance.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace rvfit::test::profile_intervals {

using P = DoublePolicy;
using Vec = std::vector<double>;

/// theta_0 + theta_1 i.
struct Line {
  static constexpr int parameters = 2;
  static constexpr bool teams = false;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    return theta[0] + static_cast<double>(i) * theta[1];
  }
};
/// theta_0, in a model that must stay positive.
struct Rate {
  static constexpr int parameters = 1;
  static constexpr bool teams = false;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int) const {
    return theta[0];
  }
};

Matrix<const double, P> rows(const Vec& values, std::size_t number) {
  return upload_matrix<Matrix<const double, P>>(Exec(), "rows", values, number,
                                                values.size() / number);
}

TEST_CASE("profile intervals: of a linear model they are multiples of the errors") {
  const Exec exec;
  const Vec y{1.0, 2.5, 2.0, 4.0, 4.5, 0.0, -1.0, 3.0, 2.0, 7.0};  // two data sets
  for (const bool weighted : {true, false}) {
    ResidualData<P> data{.y = rows(y, 2)};
    if (weighted) {
      data.weight = rows(Vec(5, 2.0), 1);
    }
    for (const bool scaled : {false, true}) {
      const ResidualOptions options{.scale_covariance = scaled};
      const auto start = rows({0.0, 0.0, 1.0, 1.0}, 2);
      const auto fits = fit_residuals<P>(exec, Line{}, data, start, options);
      const auto theta = download(exec, fits.theta);
      const auto covariance = download(exec, fits.covariance);
      const auto value = download(exec, fits.value);
      for (const double delta : {1.0, 4.0, 9.0}) {
        const ProfileOptions profile{.delta = delta, .tolerance = 1e-6};
        const auto out =
            rvfit::profile_intervals<P>(exec, Line{}, data, fits, {1, 0}, options, profile);
        const auto end = download(exec, out.end);
        const auto status = download(exec, out.status);
        const auto excess = download(exec, out.excess);
        for (std::size_t b = 0; b < 2; ++b) {
          // Errors that are not known have the unit F / 3, whether or not covariances are scaled.
          const double unit = weighted && !scaled ? 1.0 : value(b) / 3.0;
          for (std::size_t q = 0; q < 2; ++q) {
            const std::size_t p = 1 - q;
            const double sigma = std::sqrt(covariance(b, p, p) * (scaled ? 1.0 : unit) * delta);
            for (std::size_t side = 0; side < 2; ++side) {
              CHECK(status(b, q, side) == ProfileStatus::found);
              const double wanted = side == 0 ? -sigma : sigma;
              // The option's tolerance.
              CHECK(end(b, q, side) - theta(b, p) == doctest::Approx(wanted).epsilon(1e-6));
              CHECK(excess(b, q, side) == doctest::Approx(1.0).epsilon(2e-6));  // of z, squared
            }
          }
        }
      }
    }
  }
}

TEST_CASE("profile intervals: those of a rate of counts solve the equation of the likelihood") {
  const Exec exec;
  const Vec counts{3.0, 5.0, 0.0, 1.0, 2.0, 20.0, 17.0, 25.0, 31.0, 12.0};
  const ResidualData<P> data{.y = rows(counts, 2)};
  ResidualOptions options;
  options.parameters = ParameterSet({{.name = "rate", .lower = 0.0}});
  const auto start = rows({1.0, 1.0}, 2);
  const auto fits = fit_residuals<P>(exec, Rate{}, data, start, options, Poisson{});
  const auto out = rvfit::profile_intervals<P>(exec, Rate{}, data, fits, {0}, options,
                                               {.tolerance = 1e-6}, Poisson{});
  const auto end = download(exec, out.end);
  const Vec mean{2.2, 21.0};
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t side = 0; side < 2; ++side) {
      // 2 (5 f - 5 m - 5 m ln(f / m)) = 1 by halving.
      double low = side == 0 ? 1e-3 : mean[b], high = side == 0 ? mean[b] : 1e3;
      for (int pass = 0; pass < 200; ++pass) {
        const double middle = 0.5 * (low + high);
        const double f = 10.0 * (middle - mean[b] - mean[b] * std::log(middle / mean[b]));
        ((f > 1.0) == (side == 1) ? high : low) = middle;
      }
      // The option's tolerance is 1e-6, of z.
      CHECK(end(b, 0, side) - mean[b] == doctest::Approx(low - mean[b]).epsilon(3e-6).scale(0.0));
    }
  }
}

TEST_CASE("profile intervals: bounds, endless profiles and parameters without errors are told") {
  const Exec exec;
  const ResidualData<P> line{.y = rows({1.0, 2.5, 2.0, 4.0, 4.5}, 1),
                             .weight = rows(Vec(5, 1.0), 1)};
  ResidualOptions options;
  options.parameters =
      ParameterSet({{.name = "a", .fixed = true, .value = 1.0}, {.name = "b", .upper = 0.95}});
  const auto fits = fit_residuals<P>(exec, Line{}, line, rows({1.0, 0.0}, 1), options);
  const auto out = rvfit::profile_intervals<P>(exec, Line{}, line, fits, {0, 1}, options);
  const auto status = download(exec, out.status);
  CHECK(status(0, 0, 0) == ProfileStatus::no_minimum);
  CHECK(status(0, 0, 1) == ProfileStatus::no_minimum);
  CHECK(status(0, 1, 0) == ProfileStatus::found);
  CHECK(status(0, 1, 1) == ProfileStatus::on_bound);
  const auto end = download(exec, out.end);
  CHECK(std::isnan(end(0, 0, 0)));
  CHECK(end(0, 1, 1) == 0.95);
  CHECK(download(exec, out.excess)(0, 1, 1) < 1.0);
  CHECK_THROWS_AS((void)rvfit::profile_intervals<P>(exec, Line{}, line, fits, {2}, options),
                  InvalidArgument);
  // A rate fitted robustly: F rises as the logarithm of the distance, by 10 in 10,000 standard deviations.
  const ResidualData<P> two{.y = rows({1.0, 1.5}, 1), .weight = rows(Vec(2, 1.0), 1)};
  const Cauchy robust{.threshold = 0.5};
  const auto fit = fit_residuals<P>(exec, Rate{}, two, rows({1.2}, 1), {}, robust);
  const auto endless =
      rvfit::profile_intervals<P>(exec, Rate{}, two, fit, {0}, {}, {.delta = 12.0}, robust);
  CHECK(download(exec, endless.status)(0, 0, 0) == ProfileStatus::not_reached);
  CHECK(std::isnan(download(exec, endless.end)(0, 0, 1)));
}

/// theta_0 exp(-i / theta_1) + theta_2.
struct Decay {
  static constexpr int parameters = 3;
  static constexpr bool teams = false;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    return theta[0] * exp(-static_cast<double>(i) / theta[1]) + theta[2];
  }
};

TEST_CASE("profile contours: of a linear model they are ellipses of the covariance") {
  const Exec exec;
  const ResidualData<P> data{.y = rows({1.0, 2.5, 2.0, 4.0, 4.5, 0.0, -1.0, 3.0, 2.0, 7.0}, 2),
                             .weight = rows(Vec(5, 2.0), 1)};
  const auto fits = fit_residuals<P>(exec, Line{}, data, rows({0.0, 0.0, 1.0, 1.0}, 2));
  const ProfileOptions profile{.delta = 2.3, .tolerance = 1e-6};
  const auto out = profile_contours<P>(exec, Line{}, data, fits, 1, 0, 12, {}, profile);
  const auto theta = download(exec, fits.theta);
  const auto c = download(exec, fits.covariance);
  const auto point = download(exec, out.point);
  for (std::size_t b = 0; b < 2; ++b) {
    const double det = c(b, 0, 0) * c(b, 1, 1) - c(b, 0, 1) * c(b, 0, 1);
    for (std::size_t k = 0; k < 12; ++k) {
      CHECK(download(exec, out.status)(b, k) == ProfileStatus::found);
      const double u = point(b, k, 0) - theta(b, 1), v = point(b, k, 1) - theta(b, 0);
      const double f = (c(b, 0, 0) * u * u - 2.0 * c(b, 0, 1) * u * v + c(b, 1, 1) * v * v) / det;
      CHECK(f == doctest::Approx(2.3).epsilon(2e-6));  // the option's tolerance, squared
      const double angle = 0.5235987755982988 * static_cast<double>(k);
      const double wanted = std::sqrt(2.3 * c(b, 1, 1)) * std::cos(angle);
      CHECK(std::abs(u - wanted) < 2e-6 * std::sqrt(2.3 * c(b, 1, 1)));  // likewise
    }
  }
}

TEST_CASE(
    "profile contours: F over the third parameter is delta above the minimum, or a bound is met") {
  const Exec exec;
  const Vec y{9.9, 7.5, 5.1, 4.4, 3.1, 2.9, 2.2, 2.4, 1.8, 2.1, 1.7, 1.9};
  const ResidualData<P> data{.y = rows(y, 1), .weight = rows(Vec(12, 5.0), 1)};
  ResidualOptions options;
  options.parameters = ParameterSet({{.name = "a", .upper = 8.6}, {.name = "tau"}, {.name = "c"}});
  const auto fits = fit_residuals<P>(exec, Decay{}, data, rows({8.0, 3.0, 1.0}, 1), options);
  const double least = download(exec, fits.value)(0);
  const auto out = profile_contours<P>(exec, Decay{}, data, fits, 0, 1, 16, options,
                                       {.delta = 6.18, .tolerance = 1e-6});
  const auto point = download(exec, out.point);
  const auto status = download(exec, out.status);
  int met = 0;
  for (std::size_t k = 0; k < 16; ++k) {
    // The constant is the mean of what is left.
    double sum = 0.0, squares = 0.0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double left =
          y[i] - point(0, k, 0) * std::exp(-static_cast<double>(i) / point(0, k, 1));
      sum += left;
      squares += left * left;
    }
    const double excess = (squares - sum * sum / 12.0) * 25.0 - least;
    if (status(0, k) == ProfileStatus::on_bound) {
      ++met;
      CHECK(point(0, k, 0) == 8.6);
      CHECK(excess < 6.18);
    } else {
      CHECK(status(0, k) == ProfileStatus::found);
      CHECK(excess == doctest::Approx(6.18).epsilon(1e-5));  // the option's tolerance, and F's
    }
  }
  CHECK(met > 0);
  CHECK(met < 8);
  CHECK_THROWS_AS((void)profile_contours<P>(exec, Decay{}, data, fits, 1, 1, 16, options),
                  InvalidArgument);
  CHECK_THROWS_AS((void)profile_contours<P>(exec, Decay{}, data, fits, 0, 3, 16, options),
                  InvalidArgument);
  CHECK_THROWS_AS((void)profile_contours<P>(exec, Decay{}, data, fits, 0, 1, 0, options),
                  InvalidArgument);
}

}  // namespace rvfit::test::profile_intervals
