// SPDX-License-Identifier: MIT

/// @file
/// Models of several values at a point, and data whose errors are correlated, against fits by QR of residuals that plain
/// loops have whitened.

#include <rvfit/residual/correlated_data.hpp>
#include <rvfit/residual/residual_fitter.hpp>

#include <doctest/doctest.h>
#include <support/eigen_oracle.hpp>
#include <support/policies.hpp>

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

namespace rvfit::test::correlated_data {

using P = DoublePolicy;
using Vec = std::vector<double>;
using Eigen::Index;

constexpr std::size_t sets = 5, times = 70, columns = 2 * times, n = 4;

/// Places on an ellipse.
struct Orbit {
  static constexpr int parameters = n, values = 2;  // axes, rate, phase
  template <class T>
  KOKKOS_FUNCTION void evaluate(const T* theta, int i, T* f) const {
    using Kokkos::cos;
    using Kokkos::sin;
    const T angle = (0.1 * i) * theta[2] + theta[3];
    f[0] = theta[0] * cos(angle);
    f[1] = theta[1] * sin(angle);
  }
};

Matrix<const double, P> rows(const Vec& values, std::size_t number) {
  return upload_matrix<Matrix<const double, P>>(Exec(), "rows", values, number,
                                                values.size() / number);
}
Cube<const double, P> matrices(const Vec& values) {
  return upload_cube<Cube<const double, P>>(Exec(), "matrices", values,
                                            values.size() / (columns * columns), columns, columns);
}

struct Orbits {
  Vec y, start;
};
Orbits orbits() {
  std::mt19937_64 random(6);
  std::normal_distribution<double> noise(0.0, 0.1);
  Orbits out;
  for (std::size_t b = 0; b < sets; ++b) {
    const double shift = 0.1 * static_cast<double>(b);
    for (std::size_t i = 0; i < times; ++i) {
      const double angle = 0.1 * static_cast<double>(i) * 1.3 + shift;
      out.y.push_back((2.0 + shift) * std::cos(angle) + noise(random));
      out.y.push_back(1.5 * std::sin(angle) + noise(random));
    }
    out.start.insert(out.start.end(), {1.7, 1.7, 1.25, 0.1});
  }
  return out;
}

/// Errors of 0.1 that are correlated in time, and between both values at a time.
Vec covariance(double memory) {
  Vec out(columns * columns);
  for (std::size_t i = 0; i < columns; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      const std::size_t at = i / 2, to = j / 2;
      const double apart = std::abs(static_cast<double>(at) - static_cast<double>(to));
      out[i * columns + j] = 0.01 * std::exp(-apart / memory) * (i % 2 == j % 2 ? 1.0 : 0.4);
    }
  }
  return out;
}
/// Its factor, row by row.
Vec factor_of(const Vec& v) {
  Vec l(columns * columns, 0.0);
  for (std::size_t i = 0; i < columns; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = v[i * columns + j];
      for (std::size_t k = 0; k < j; ++k) {
        sum -= l[i * columns + k] * l[j * columns + k];
      }
      l[i * columns + j] = i == j ? std::sqrt(sum) : sum / l[j * columns + j];
    }
  }
  return l;
}

/// Least squares of L^-1 (f - y), or of w (f - y).
oracle::Minimum minimum(const double* y, const Vec& l, const Vec& w, const double* start) {
  const auto residuals = [&](const Eigen::VectorXd& x, Eigen::VectorXd& r, Eigen::MatrixXd& j) {
    r.resize(columns);
    j = Eigen::MatrixXd::Zero(columns, n);
    for (std::size_t i = 0; i < times; ++i) {
      const double t = 0.1 * static_cast<double>(i), angle = t * x(2) + x(3);
      const auto k = static_cast<Index>(2 * i);
      r(k) = x(0) * std::cos(angle) - y[2 * i];
      r(k + 1) = x(1) * std::sin(angle) - y[2 * i + 1];
      j(k, 0) = std::cos(angle);
      j(k, 2) = -x(0) * std::sin(angle) * t;
      j(k, 3) = -x(0) * std::sin(angle);
      j(k + 1, 1) = std::sin(angle);
      j(k + 1, 2) = x(1) * std::cos(angle) * t;
      j(k + 1, 3) = x(1) * std::cos(angle);
    }
    for (std::size_t i = 0; i < columns; ++i) {
      const auto row = static_cast<Index>(i);
      for (std::size_t k = 0; !l.empty() && k < i; ++k) {
        r(row) -= l[i * columns + k] * r(static_cast<Index>(k));
        j.row(row) -= l[i * columns + k] * j.row(static_cast<Index>(k));
      }
      const double scale = l.empty() ? w[i] : 1.0 / l[i * columns + i];
      r(row) *= scale;
      j.row(row) *= scale;
    }
  };
  return oracle::gauss_newton(residuals, Eigen::Map<const Eigen::VectorXd>(start, n));
}

/// Steps until rounding decides.
const LmOptions exact{.tolerance = 1e-22, .polish_steps = 5};

void check_fit(const ResidualFits<P>& fits, std::size_t b, const oracle::Minimum& wanted,
               double factor = 1.0) {
  const Exec exec;
  const auto theta = download(exec, fits.theta);
  const auto got = download(exec, fits.covariance);
  CHECK(is_converged(download(exec, fits.status)(b)));
  CHECK(download(exec, fits.value)(b) == doctest::Approx(wanted.value).epsilon(1e-10));  // rounding
  for (std::size_t p = 0; p < n; ++p) {
    const auto at = static_cast<Index>(p);
    const double sigma = std::sqrt(wanted.covariance(at, at));
    // The steps of the oracle end where r . r is rounded: sqrt(130 eps) = 2e-7 sigma.
    CHECK(std::abs(theta(b, p) - wanted.x(at)) < 1e-6 * sigma);
    for (std::size_t q = 0; q < n; ++q) {
      const auto to = static_cast<Index>(q);
      const double scale = sigma * std::sqrt(wanted.covariance(to, to));
      CHECK(std::abs(got(b, p, q) / factor - wanted.covariance(at, to)) <
            1e-8 * scale);  // likewise
    }
  }
}

TEST_CASE("several values at a point: fits by threads and by teams are those by QR") {
  const Exec exec;
  const Orbits data = orbits();
  Vec weight(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    weight[i] = i % 9 == 0 ? 0.0 : 8.0 + static_cast<double>(i % 5);
  }
  for (const auto way : {Parallelism::thread_per_fit, Parallelism::team_per_fit}) {
    const auto fits =
        fit_residuals<P>(exec, Orbit{}, {.y = rows(data.y, sets), .weight = rows(weight, 1)},
                         rows(data.start, sets), {.solver = exact, .parallelism = way});
    for (std::size_t b = 0; b < sets; ++b) {
      check_fit(fits, b, minimum(&data.y[b * columns], {}, weight, &data.start[b * n]));
    }
  }
  CHECK_THROWS_AS((void)fit_residuals<P>(exec, Orbit{}, {.y = rows(Vec(15), 1)},
                                         rows(Vec(data.start.begin(), data.start.begin() + n), 1)),
                  InvalidArgument);
}

TEST_CASE("correlated data: a covariance for all fits, for each, and its factor") {
  const Exec exec;
  const Orbits data = orbits();
  const Vec shared = covariance(3.0);
  Vec each;
  for (std::size_t b = 0; b < sets; ++b) {
    const Vec own = covariance(1.0 + static_cast<double>(b));
    each.insert(each.end(), own.begin(), own.end());
  }
  const auto fit = [&](const Cube<const double, P>& whitening, bool scaled) {
    return fit_residuals<P>(exec, Orbit{}, {.y = rows(data.y, sets), .whitening = whitening},
                            rows(data.start, sets), {.solver = exact, .scale_covariance = scaled});
  };
  const auto one = fit(whitening_of_covariance<P>(exec, matrices(shared)), false);
  const auto by_factor = fit(whitening_of_factor<P>(exec, matrices(factor_of(shared))), true);
  const auto own = fit(whitening_of_covariance<P>(exec, matrices(each)), false);
  for (std::size_t b = 0; b < sets; ++b) {
    const double* y = &data.y[b * columns];
    const auto wanted = minimum(y, factor_of(shared), {}, &data.start[b * n]);
    check_fit(one, b, wanted);
    check_fit(by_factor, b, wanted, wanted.value / static_cast<double>(columns - n));
    check_fit(
        own, b,
        minimum(y, factor_of(covariance(1.0 + static_cast<double>(b))), {}, &data.start[b * n]));
  }
  CHECK(download(exec, one.freedom)(0) == columns - n);
}

TEST_CASE("correlated data: a covariance that is not positive definite is its fit's") {
  const Exec exec;
  const Orbits data = orbits();
  Vec each;
  for (std::size_t b = 0; b < sets; ++b) {
    Vec own = covariance(2.0);
    own[7 * columns + 7] *= b == 3 ? -1.0 : 1.0;
    each.insert(each.end(), own.begin(), own.end());
  }
  const auto whitening = whitening_of_covariance<P>(exec, matrices(each));
  const ResidualData<P> all{.y = rows(data.y, sets), .whitening = whitening};
  const auto fits = fit_residuals<P>(exec, Orbit{}, all, rows(data.start, sets));
  const auto status = download(exec, fits.status);
  for (std::size_t b = 0; b < sets; ++b) {
    CHECK((status(b) == FitStatus::non_finite) == (b == 3));
  }
  const auto call = [&](const ResidualData<P>& wrong, const ResidualOptions& options) {
    (void)fit_residuals<P>(exec, Orbit{}, wrong, rows(data.start, sets), options);
  };
  CHECK_THROWS_AS(call(all, {.parallelism = Parallelism::thread_per_fit}), InvalidArgument);
  ResidualData<P> weighted = all;
  weighted.weight = rows(Vec(columns, 1.0), 1);
  CHECK_THROWS_AS(call(weighted, {}), InvalidArgument);
  const ResidualData<P> small{.y = rows(Vec(10 * sets), sets), .whitening = whitening};
  CHECK_THROWS_AS(call(small, {}), InvalidArgument);
}

}  // namespace rvfit::test::correlated_data
