// SPDX-License-Identifier: MIT

/// @file
/// Data sets that share parameters against one dense fit of all parameters of a group, by QR.

#include <rvfit/residual/shared_fitter.hpp>

#include <doctest/doctest.h>
#include <support/eigen_oracle.hpp>
#include <support/policies.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace rvfit::test::shared_fitter {

using P = DoublePolicy;
using Vec = std::vector<double>;
using Eigen::Index;

constexpr int points = 15;
constexpr int n = 4;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Peaks of one centre and one width, each of a height and on a constant of its own.
struct Peak {
  static constexpr int parameters = n;  // height, centre, width, constant
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    const T u = (0.5 * i - theta[1]) / theta[2];
    return theta[0] * exp(-0.5 * u * u) + theta[3];
  }
};

/// Two groups of 11 and 1 data sets, and one of 3.
const std::vector<std::int64_t> begin{0, 11, 12, 15};
constexpr std::size_t sets = 15;

struct Peaks {
  Vec y, weight, start;
};

/// Noisy peaks; all lie within a group at the same place.
Peaks peaks() {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise;
  std::uniform_real_distribution<double> flat(0.5, 1.5);
  Peaks out;
  for (std::size_t b = 0; b < sets; ++b) {
    const double shift = b < 11 ? 0.0 : (b == 11 ? 0.3 : -0.4);
    const double height = 5.0 * flat(random), constant = flat(random);
    for (int i = 0; i < points; ++i) {
      const double u = (0.5 * i - 3.5 - shift) / (1.1 + 0.2 * shift);
      const double sigma = 0.2 * flat(random);
      out.y.push_back(height * std::exp(-0.5 * u * u) + constant + sigma * noise(random));
      out.weight.push_back(1.0 / sigma);
    }
    for (const double t : {4.0, 3.2, 1.4, 0.5}) {
      out.start.push_back(t);
    }
  }
  return out;
}

Matrix<const double, P> rows(const Vec& values, std::size_t number) {
  return upload_matrix<Matrix<const double, P>>(Exec(), "rows", values, number,
                                                values.size() / number);
}

/// Columns of parameters in the dense problem of a group: the shared ones first.
Index column(const std::vector<int>& shared, std::size_t j, int p) {
  const auto at = std::find(shared.begin(), shared.end(), p);
  if (at != shared.end()) {
    return at - shared.begin();
  }
  Index local = 0;
  for (int q = 0; q < p; ++q) {
    local += std::find(shared.begin(), shared.end(), q) == shared.end() ? 1 : 0;
  }
  const auto count = static_cast<Index>(shared.size());
  return count + static_cast<Index>(j) * (n - count) + local;
}

/// A group as one dense problem, in which some parameters keep their value; those have no covariance.
struct Dense {
  const Peaks& data;
  std::vector<int> shared;
  std::size_t first, size;
  std::vector<Index> held{};
  /// mean and sigma of a prior of a column
  std::vector<std::pair<Index, std::pair<double, double>>> priors{};

  [[nodiscard]] Index parameters() const {
    const auto count = static_cast<Index>(shared.size());
    return count + static_cast<Index>(size) * (n - count);
  }
  [[nodiscard]] oracle::Minimum minimum(Eigen::VectorXd x) const {
    std::vector<Index> free;
    for (Index c = 0; c < parameters(); ++c) {
      if (std::find(held.begin(), held.end(), c) == held.end()) {
        free.push_back(c);
      }
    }
    Eigen::VectorXd all = x;
    const auto residuals = [&](const Eigen::VectorXd& some, Eigen::VectorXd& r,
                               Eigen::MatrixXd& jacobian) {
      const auto data_rows = static_cast<Index>(size) * points;
      const Index count = data_rows + static_cast<Index>(priors.size());
      for (std::size_t k = 0; k < free.size(); ++k) {
        all(free[k]) = some(static_cast<Index>(k));
      }
      Eigen::MatrixXd full = Eigen::MatrixXd::Zero(count, parameters());
      r.resize(count);
      for (std::size_t j = 0; j < size; ++j) {
        const auto at = [&](int p) { return column(shared, j, p); };
        const double height = all(at(0)), centre = all(at(1)), width = all(at(2));
        for (int i = 0; i < points; ++i) {
          const auto k = (first + j) * points + static_cast<std::size_t>(i);
          const Index row = static_cast<Index>(j) * points + i;
          const double u = (0.5 * i - centre) / width, e = std::exp(-0.5 * u * u);
          const double w = data.weight[k];
          r(row) = w * (height * e + all(at(3)) - data.y[k]);
          full(row, at(0)) = w * e;
          full(row, at(1)) = w * height * e * u / width;
          full(row, at(2)) = w * height * e * u * u / width;
          full(row, at(3)) = w;
        }
      }
      for (std::size_t k = 0; k < priors.size(); ++k) {
        const auto& [at, prior] = priors[k];
        const Index row = data_rows + static_cast<Index>(k);
        r(row) = (all(at) - prior.first) / prior.second;
        full(row, at) = 1.0 / prior.second;
      }
      jacobian.resize(count, static_cast<Index>(free.size()));
      for (std::size_t k = 0; k < free.size(); ++k) {
        jacobian.col(static_cast<Index>(k)) = full.col(free[k]);
      }
    };
    Eigen::VectorXd some(static_cast<Index>(free.size()));
    for (std::size_t k = 0; k < free.size(); ++k) {
      some(static_cast<Index>(k)) = x(free[k]);
    }
    const oracle::Minimum found = oracle::gauss_newton(residuals, some);
    oracle::Minimum out{all, Eigen::MatrixXd::Constant(parameters(), parameters(), NAN),
                        found.value};
    for (std::size_t k = 0; k < free.size(); ++k) {
      out.x(free[k]) = found.x(static_cast<Index>(k));
      for (std::size_t l = 0; l < free.size(); ++l) {
        out.covariance(free[k], free[l]) =
            found.covariance(static_cast<Index>(k), static_cast<Index>(l));
      }
    }
    return out;
  }
};

/// Compare a group with its dense problem, which starts where the group ended.
void check_group(const SharedFits<P>& out, std::size_t g, const Dense& dense, double factor = 1.0) {
  const Exec exec;
  const auto theta = download(exec, out.fits.theta);
  const auto covariance = download(exec, out.fits.covariance);
  const auto correlation = download(exec, out.fits.correlation);
  Eigen::VectorXd start(dense.parameters());
  for (std::size_t j = 0; j < dense.size; ++j) {
    for (int p = 0; p < n; ++p) {
      start(column(dense.shared, j, p)) = theta(dense.first + j, static_cast<std::size_t>(p));
    }
  }
  const oracle::Minimum minimum = dense.minimum(start);
  // F at its minimum is known to the square of the error of theta.
  CHECK(download(exec, out.value)(g) == doctest::Approx(minimum.value).epsilon(1e-12));  // rounding
  for (std::size_t j = 0; j < dense.size; ++j) {
    for (int p = 0; p < n; ++p) {
      const Index at_p = column(dense.shared, j, p);
      const std::size_t b = dense.first + j, sp = static_cast<std::size_t>(p);
      // Normal equations have the square of the condition of QR, 1e3.
      CHECK(theta(b, sp) == doctest::Approx(minimum.x(at_p)).epsilon(1e-8));  // 1e6 eps
      for (int q = 0; q < n; ++q) {
        const Index at_q = column(dense.shared, j, q);
        const auto sq = static_cast<std::size_t>(q);
        const double wanted = minimum.covariance(at_p, at_q);
        INFO("data set ", b, ", parameters ", p, " and ", q);
        if (std::isnan(wanted)) {
          CHECK(std::isnan(covariance(b, sp, sq)));
          continue;
        }
        const double scale =
            std::sqrt(minimum.covariance(at_p, at_p) * minimum.covariance(at_q, at_q));
        CHECK(std::abs(covariance(b, sp, sq) / factor - wanted) < 1e-8 * scale);  // likewise
        CHECK(std::abs(correlation(b, sp, sq) - wanted / scale) < 1e-8);          // likewise
      }
    }
  }
}

/// Steps until rounding decides.
const LmOptions exact{.tolerance = 1e-22, .polish_steps = 5};

TEST_CASE("shared parameters: a group is one dense fit") {
  const Exec exec;
  const Peaks data = peaks();
  const std::vector<std::vector<int>> choices{{2, 1}, {1}, {0, 1, 2, 3}};
  for (const auto& shared : choices) {
    for (const bool scaled : {false, true}) {
      ResidualOptions options{.solver = exact, .scale_covariance = scaled};
      const auto out =
          fit_shared<P>(exec, Peak{}, {.y = rows(data.y, sets), .weight = rows(data.weight, sets)},
                        rows(data.start, sets), {.shared = shared, .begin = begin}, options);
      const auto status = download(exec, out.status);
      const auto freedom = download(exec, out.freedom);
      const auto value = download(exec, out.value);
      const auto parts = download(exec, out.fits.value);
      for (std::size_t g = 0; g < 3; ++g) {
        CHECK(status(g) == FitStatus::converged);
        const auto first = static_cast<std::size_t>(begin[g]);
        const auto size = static_cast<std::size_t>(begin[g + 1]) - first;
        const Dense dense{data, shared, first, size};
        CHECK(freedom(g) == static_cast<int>(size) * points - dense.parameters());
        check_group(out, g, dense, scaled ? value(g) / freedom(g) : 1.0);
        double sum = 0.0;
        for (std::size_t j = first; j < first + size; ++j) {
          sum += parts(j);
          CHECK(download(exec, out.fits.status)(j) == FitStatus::converged);
        }
        CHECK(value(g) == doctest::Approx(sum).epsilon(1e-14));  // rounding of 11 terms
      }
    }
  }
}

TEST_CASE("shared parameters: a group has the same bits alone, among others and in any launch") {
  const Exec exec;
  const Peaks data = peaks();
  const ResidualData<P> all{.y = rows(data.y, sets), .weight = rows(data.weight, sets)};
  const auto together =
      fit_shared<P>(exec, Peak{}, all, rows(data.start, sets), {.shared = {1, 2}, .begin = begin});
  const auto apart = fit_shared<P>(exec, Peak{}, all, rows(data.start, sets),
                                   {.shared = {1, 2}, .begin = begin}, {.chunk = 1});
  const auto tail = [](const Vec& values, std::size_t from) {
    const std::size_t per_set = values.size() / sets;
    return rows(Vec(values.begin() + static_cast<std::ptrdiff_t>(from * per_set), values.end()),
                sets - from);
  };
  const auto alone =
      fit_shared<P>(exec, Peak{}, {.y = tail(data.y, 12), .weight = tail(data.weight, 12)},
                    tail(data.start, 12), {.shared = {1, 2}});
  const auto theta = download(exec, together.fits.theta);
  const auto covariance = download(exec, together.fits.covariance);
  const auto theta_apart = download(exec, apart.fits.theta);
  const auto theta_alone = download(exec, alone.fits.theta);
  const auto covariance_alone = download(exec, alone.fits.covariance);
  for (std::size_t b = 0; b < sets; ++b) {
    for (std::size_t p = 0; p < n; ++p) {
      CHECK(theta(b, p) == theta_apart(b, p));
      if (b >= 12) {
        CHECK(theta(b, p) == theta_alone(b - 12, p));
        CHECK(covariance(b, p, 0) == covariance_alone(b - 12, p, 0));
      }
    }
  }
}

TEST_CASE("shared parameters: bounds, fixed parameters and priors are those of one dense fit") {
  const Exec exec;
  const Peaks data = peaks();
  ResidualOptions options{.solver = exact};
  options.parameters = ParameterSet({{.name = "height", .lower = 0.0},
                                     {.name = "centre", .prior_mean = 3.6, .prior_sigma = 0.01},
                                     {.name = "width", .lower = 1.2, .upper = 9.0},
                                     {.name = "constant"}});
  // Constants have a bound that is met in one data set, one is fixed and one has a prior.
  Vec upper, mean, sigma;
  std::vector<int> fixed;
  for (std::size_t b = 0; b < sets; ++b) {
    upper.insert(upper.end(), {infinity, infinity, 9.0, b == 2 ? 0.4 : infinity});
    mean.insert(mean.end(), {0.0, 3.6, 0.0, 1.0});
    sigma.insert(sigma.end(), {infinity, 0.01, infinity, b == 5 ? 0.02 : infinity});
    fixed.insert(fixed.end(), {0, 0, 0, b == 4 ? 1 : 0});
  }
  ResidualData<P> with{.y = rows(data.y, sets), .weight = rows(data.weight, sets)};
  with.parameters.upper = rows(upper, sets);
  with.parameters.prior_mean = rows(mean, sets);
  with.parameters.prior_sigma = rows(sigma, sets);
  with.parameters.fixed =
      upload_matrix<Matrix<const int, P>>(exec, "fixed", fixed, sets, std::size_t{n});
  const std::vector<int> shared{1, 2};
  const auto out = fit_shared<P>(exec, Peak{}, with, rows(data.start, sets),
                                 {.shared = shared, .begin = begin}, options);
  const auto theta = download(exec, out.fits.theta);
  const auto bits = download(exec, out.fits.on_bound);
  CHECK(theta(0, 2) == 1.2);
  CHECK(theta(2, 3) == 0.4);
  CHECK(theta(4, 3) == 0.5);
  CHECK(bits(0) == 4);
  CHECK(bits(2) == 12);
  CHECK(download(exec, out.status)(0) == FitStatus::converged);
  const Dense dense{data,
                    shared,
                    0,
                    11,
                    {1, column(shared, 2, 3), column(shared, 4, 3)},
                    {{0, {3.6, 0.01}}, {column(shared, 5, 3), {1.0, 0.02}}}};
  check_group(out, 0, dense);
}

TEST_CASE("shared parameters: a bad data set is its group's, and an empty one costs nothing") {
  const Exec exec;
  Peaks data = peaks();
  std::fill_n(data.weight.begin() + 3 * points, points, 0.0);  // data set 3 has no points
  data.start[14 * n + 2] = 0.0;                                // width 0: not finite
  const auto out =
      fit_shared<P>(exec, Peak{}, {.y = rows(data.y, sets), .weight = rows(data.weight, sets)},
                    rows(data.start, sets), {.shared = {1}, .begin = begin}, {.solver = exact});
  const auto status = download(exec, out.status);
  CHECK(status(0) == FitStatus::converged);
  CHECK(status(1) == FitStatus::converged);
  CHECK(status(2) == FitStatus::non_finite);
  const auto open = download(exec, out.fits.undetermined);
  CHECK(open(3) == 13);  // all but the centre
  CHECK(open(2) == 0);
  CHECK(std::isnan(download(exec, out.fits.covariance)(13, 0, 0)));
  CHECK(download(exec, out.fits.covariance)(3, 1, 1) ==
        download(exec, out.fits.covariance)(2, 1, 1));
  CHECK(download(exec, out.freedom)(0) == 10 * points - 31);
}

TEST_CASE("shared parameters: those that the data leave open are told") {
  const Exec exec;
  // All heights are fixed at 0: nothing tells the centre and the width.
  const Peaks data = peaks();
  ResidualOptions options;
  options.parameters = ParameterSet({{.name = "height", .fixed = true, .value = 0.0},
                                     {.name = "centre"},
                                     {.name = "width"},
                                     {.name = "constant"}});
  const auto out =
      fit_shared<P>(exec, Peak{}, {.y = rows(data.y, sets), .weight = rows(data.weight, sets)},
                    rows(data.start, sets), {.shared = {1, 2}, .begin = begin}, options);
  const auto covariance = download(exec, out.fits.covariance);
  double weights = 0.0;
  for (int i = 0; i < points; ++i) {
    weights += data.weight[static_cast<std::size_t>(i)] * data.weight[static_cast<std::size_t>(i)];
  }
  CHECK(download(exec, out.status)(0) == FitStatus::converged);
  CHECK(download(exec, out.fits.undetermined)(0) == 6);
  CHECK(std::isnan(covariance(0, 1, 1)));
  CHECK(covariance(0, 3, 3) == doctest::Approx(1.0 / weights).epsilon(1e-12));  // rounding
  CHECK(download(exec, out.rank)(0) == 11);
}

TEST_CASE("shared parameters: a wrong call throws") {
  const Exec exec;
  const Peaks data = peaks();
  const ResidualData<P> all{.y = rows(data.y, sets)};
  const auto start = rows(data.start, sets);
  const auto call = [&](const SharedParameters& groups) {
    (void)fit_shared<P>(exec, Peak{}, all, start, groups);
  };
  CHECK_THROWS_AS(call({.shared = {}}), InvalidArgument);
  CHECK_THROWS_AS(call({.shared = {4}}), InvalidArgument);
  CHECK_THROWS_AS(call({.shared = {1, 1}}), InvalidArgument);
  CHECK_THROWS_AS(call({.shared = {1}, .begin = {0, 0, 15}}), InvalidArgument);
  CHECK_THROWS_AS(call({.shared = {1}, .begin = {1, 15}}), InvalidArgument);
  CHECK_THROWS_AS(call({.shared = {1}, .begin = {0, 16}}), InvalidArgument);
}

}  // namespace rvfit::test::shared_fitter
