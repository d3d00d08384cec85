// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/eigen_oracle.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/continuum/projection.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace rvfit::test::projection {

using oracle::ProjectionProblem;

/// The header's ridge, relative to the diagonal of S S^T.
constexpr double ridge = 4096 * std::numeric_limits<double>::epsilon();

struct Case {
  int pixels, columns, parameters;
  bool chebyshev;
  double masked;  ///< part of the pixels
};

// Pixels around the block of 128, and few or many columns and tangents.
constexpr Case cases[] = {
    {2, 1, 1, false, 0.0},     {31, 1, 6, true, 0.0},     {31, 10, 6, false, 0.1},
    {127, 3, 1, true, 0.2},    {128, 10, 6, false, 0.0},  {129, 24, 6, true, 0.1},
    {257, 10, 12, false, 0.3}, {1025, 10, 6, true, 0.05}, {1025, 24, 2, true, 0.0}};

/// A problem of numbers that are floats.
ProjectionProblem random_problem(const Case& c, std::uint64_t seed) {
  Random random(seed);
  oracle::Numbers wave;
  for (int i = 0; i < c.pixels; ++i) {
    wave.push_back(4000.0 + i);
  }
  const auto basis = as_float(oracle::continuum(c.chebyshev, c.columns, wave));
  ProjectionProblem p{Eigen::VectorXd(c.pixels), Eigen::VectorXd(c.pixels),
                      Eigen::MatrixXd(c.pixels, c.columns), Eigen::VectorXd(c.pixels),
                      Eigen::MatrixXd(c.pixels, c.parameters)};
  for (int i = 0; i < c.pixels; ++i) {
    p.flux(i) = random.uniform(1, 4);
    p.weight(i) = random.uniform(0.5, 5);
    p.value(i) = random.uniform(0.6, 1.4);
    for (int k = 0; k < c.columns; ++k) {
      p.basis(i, k) = basis[static_cast<std::size_t>(k * c.pixels + i)];
    }
    for (int q = 0; q < c.parameters; ++q) {
      p.tangents(i, q) = random.uniform(-0.2, 0.2);
    }
    if (random.uniform(0, 1) < c.masked) {
      p.weight(i) = 0.0;
      p.flux(i) = 1e30;  // finite and unused
    }
  }
  return p;
}

/// The terms that `project` adds to sums that start at 1.5, and its further outputs.
template <class P>
struct Result {
  std::vector<double> value, gradient, hessian, chi2;
  std::vector<typename P::real_type> model;
};

/// Project spectra in one tile, the last of them first, with room to spare in the jets.
template <class P>
Result<P> project_all(const std::vector<ProjectionProblem>& problems, int parameters,
                      bool more_outputs = true) {
  using Real = typename P::real_type;
  const Exec exec{};
  const std::size_t rows = problems.size();
  const auto pixels = static_cast<std::size_t>(problems.front().flux.size());
  const auto columns = static_cast<std::size_t>(problems.front().basis.cols());
  const auto tangents = static_cast<std::size_t>(problems.front().tangents.cols());
  std::vector<double> flux, weight, basis, jets, log_norm;
  std::vector<int> list, good;
  for (std::size_t b = 0; b < rows; ++b) {
    const ProjectionProblem& p = problems[b];
    flux.insert(flux.end(), p.flux.begin(), p.flux.end());
    weight.insert(weight.end(), p.weight.begin(), p.weight.end());
    basis.insert(basis.end(), p.basis.data(), p.basis.data() + p.basis.size());
    log_norm.push_back(0.0);
    good.push_back(0);
    for (const double w : p.weight) {
      log_norm.back() += w > 0.0 ? -2.0 * std::log(w) : 0.0;
      good.back() += w > 0.0 ? 1 : 0;
    }
    list.push_back(static_cast<int>(rows - 1 - b));
  }
  constexpr std::size_t spare = 3;
  for (const int b : list) {
    const ProjectionProblem& p = problems[static_cast<std::size_t>(b)];
    const auto add = [&](const auto& lane) {
      jets.insert(jets.end(), lane.begin(), lane.end());
      jets.insert(jets.end(), spare, std::nan(""));  // beyond the last pixel
    };
    add(p.value);
    for (Eigen::Index q = 0; q < p.tangents.cols(); ++q) {
      add(p.tangents.col(q));
    }
  }
  SpectrumView<P> data;
  data.flux = upload_matrix<Matrix<const Real, P>>(exec, "flux", flux, rows, pixels);
  data.weight = upload_matrix<Matrix<const Real, P>>(exec, "weight", weight, rows, pixels);
  data.log_norm = upload<Vector<const double, P>>(exec, "log_norm", log_norm);
  data.good = upload<Vector<const int, P>>(exec, "good", good);
  const Linearization<P> out(exec, static_cast<int>(rows), static_cast<int>(tangents));
  Kokkos::deep_copy(exec, out.value, 1.5);
  Kokkos::deep_copy(exec, out.gradient, 1.5);
  Kokkos::deep_copy(exec, out.hessian, 1.5);
  ProjectionOutputs<P> extra;
  if (more_outputs) {
    extra.chi2 = allocate<Vector<double, P>>(exec, "chi2", rows);
    extra.model = allocate<Matrix<Real, P>>(exec, "model", rows, pixels);
  }
  // Bases are equal unless a test has changed one.
  const bool shared = std::all_of(problems.begin(), problems.end(),
                                  [&](const auto& p) { return p.basis == problems.front().basis; });
  if (shared) {
    basis.resize(columns * pixels);
  }
  project<P>(
      exec, tile_of<P>(exec, list, static_cast<int>(rows)), data,
      upload_cube<Cube<const Real, P>>(exec, "basis", basis, shared ? 1 : rows, columns, pixels),
      upload_cube<Jets<P>>(exec, "jets", jets, rows, 1 + tangents, pixels + spare), parameters, out,
      extra);
  Result<P> result{values(exec, out.value), values(exec, out.gradient), values(exec, out.hessian),
                   values(exec, extra.chi2), values(exec, extra.model)};
  for (auto* sums : {&result.value, &result.gradient, &result.hessian}) {
    for (double& x : *sums) {
      x -= 1.5;
    }
  }
  return result;
}

/// Check one spectrum of a result against the oracle.
template <class P>
void check_spectrum(const Result<P>& got, std::size_t b, const ProjectionProblem& problem,
                    const oracle::Projection& want) {
  using Real = typename P::real_type;
  CAPTURE(b);
  const auto columns = static_cast<double>(problem.basis.cols());
  const auto pixels = static_cast<double>(problem.flux.size());
  const auto n = static_cast<std::size_t>(problem.tangents.cols());
  // Normal equations lose the condition of S S^T; sums of squares lose a random walk of rounding.
  const double lost = rounding<double>(4.0 * columns * want.condition);
  const Eigen::VectorXd d =
      problem.weight.cwiseProduct((problem.weight.array() > 0.0).select(problem.flux, 0.0));
  const double power = d.squaredNorm();
  const double walk = rounding<double>(4.0 * std::sqrt(pixels) + 16.0);
  check_close("value", got.value[b], want.neg2_log_like,
              {lost * columns + walk * (power + std::abs(want.neg2_log_like) + 10.0 * pixels)});
  check_close("chi2", got.chi2[b], want.chi2, {lost * lost * power + walk * power});
  const auto begin = got.model.begin() + static_cast<std::ptrdiff_t>(b) * problem.flux.size();
  check_close("model", std::vector<Real>(begin, begin + problem.flux.size()), want.model,
              {(lost + rounding<Real>(1)) * (10.0 + want.model.cwiseAbs().maxCoeff())});
  if (n == 0) {
    return;
  }
  // |gradient| <= 2 |B| |d| and a leverage below K, exact up to the ridge; the oracle's differences
  // have the step 0.02.
  const Eigen::MatrixXd tangent =
      (problem.weight.cwiseProduct(problem.basis * want.coefficients)).asDiagonal() *
      problem.tangents;
  const double scale = tangent.norm() * std::sqrt(power) + columns;
  const double differences = rounding<double>(16.0 / 0.02, std::abs(want.neg2_log_like) + power);
  const std::vector<double> gradient(
      got.gradient.begin() + static_cast<std::ptrdiff_t>(b * n),
      got.gradient.begin() + static_cast<std::ptrdiff_t>((b + 1) * n));
  check_close("gradient", gradient, want.gradient, {(lost + walk) * scale + differences});
  const std::vector<double> hessian(
      got.hessian.begin() + static_cast<std::ptrdiff_t>(b * n * n),
      got.hessian.begin() + static_cast<std::ptrdiff_t>((b + 1) * n * n));
  check_close("hessian", hessian,
              std::vector<double>(want.hessian.data(), want.hessian.data() + want.hessian.size()),
              {(lost + walk) * 2.0 * tangent.squaredNorm()});
}

template <class P>
void agrees_with_qr() {
  constexpr std::size_t spectra = 3;
  for (const Case& c : cases) {
    CAPTURE(c.pixels);
    CAPTURE(c.columns);
    std::vector<ProjectionProblem> problems;
    for (std::size_t b = 0; b < spectra; ++b) {
      problems.push_back(random_problem(c, 100 * static_cast<std::uint64_t>(c.pixels) + b));
    }
    const Result<P> got = project_all<P>(problems, c.parameters);
    for (std::size_t b = 0; b < spectra; ++b) {
      const oracle::Projection want = oracle::project(problems[b], ridge);
      REQUIRE(want.condition < 1e9);  // else there is nothing to compare
      check_spectrum<P>(got, b, problems[b], want);
    }
    // Values alone have the same bits, and leave gradient and curvature alone.
    const Result<P> value = project_all<P>(problems, 0, false);
    check_same_bits("value alone", value.value, got.value);
    CHECK(largest(value.gradient) == 0.0);
    CHECK(largest(value.hessian) == 0.0);
    // The curvature is symmetric to the bit.
    const auto n = static_cast<std::size_t>(c.parameters);
    bool symmetric = true;
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = 0; q < n; ++q) {
        symmetric = symmetric && got.hessian[p * n + q] == got.hessian[q * n + p];
      }
    }
    CHECK(symmetric);
  }
}

template <class P>
void takes_a_model_without_parameters() {
  const Case c{129, 5, 0, true, 0.1};
  const std::vector<ProjectionProblem> problems{random_problem(c, 1), random_problem(c, 2)};
  const Result<P> got = project_all<P>(problems, 0);
  for (std::size_t b = 0; b < 2; ++b) {
    check_spectrum<P>(got, b, problems[b], oracle::project(problems[b], ridge));
  }
}

template <class P>
void uses_a_basis_of_each_spectrum() {
  const Case c{200, 5, 2, false, 0.1};
  std::vector<ProjectionProblem> problems{random_problem(c, 1), random_problem(c, 2),
                                          random_problem(c, 3)};
  problems[1].basis *= 2.0;
  problems[2].basis.col(4) = problems[2].basis.col(4).reverse().eval();
  const Result<P> got = project_all<P>(problems, c.parameters);
  for (std::size_t b = 0; b < 3; ++b) {
    check_spectrum<P>(got, b, problems[b], oracle::project(problems[b], ridge));
  }
}

template <class P>
void leaves_masked_spectra_alone() {
  const Case c{129, 5, 3, false, 0.0};
  std::vector<ProjectionProblem> problems(4, random_problem(c, 1));
  problems[0].weight.setZero();
  problems[1].weight.tail(129 - 5).setZero();  // as many good pixels as columns
  problems[2].weight.tail(129 - 6).setZero();  // one more
  const Result<P> got = project_all<P>(problems, c.parameters);
  for (std::ptrdiff_t b = 0; b < 4; ++b) {
    CAPTURE(b);
    const bool alone = b < 2;
    CHECK((got.value[static_cast<std::size_t>(b)] == 0.0) == alone);
    CHECK((got.chi2[static_cast<std::size_t>(b)] == 0.0) == alone);
    const auto is_zero = [](double x) { return x == 0.0; };
    CHECK(std::all_of(got.gradient.begin() + 3 * b, got.gradient.begin() + 3 * b + 3, is_zero) ==
          alone);
    CHECK(std::all_of(got.hessian.begin() + 9 * b, got.hessian.begin() + 9 * b + 9, is_zero) ==
          alone);
  }
  CHECK_FALSE(has_enough_pixels(5, 5));
  CHECK(has_enough_pixels(6, 5));
}

/// A copy without one column.
ProjectionProblem without_column(const ProjectionProblem& p, Eigen::Index column) {
  ProjectionProblem out = p;
  out.basis.resize(p.basis.rows(), p.basis.cols() - 1);
  for (Eigen::Index k = 0; k < out.basis.cols(); ++k) {
    out.basis.col(k) = p.basis.col(k < column ? k : k + 1);
  }
  return out;
}

template <class P>
void is_deaf_to_empty_and_dependent_columns() {
  const Case c{300, 6, 4, true, 0.1};
  for (const bool empty : {false, true}) {
    CAPTURE(empty);
    ProjectionProblem p = random_problem(c, 7);
    if (empty) {  // no support in good pixels
      p.basis.col(3).setZero();
      p.basis(17, 3) = 1.0;
      p.weight(17) = 0.0;
    } else {
      p.basis.col(3) = -2.0 * p.basis.col(1);
    }
    Result<P> got = project_all<P>({p}, c.parameters);
    const ProjectionProblem rest = without_column(p, 3);
    oracle::Projection want = oracle::project(rest, ridge);
    // Rounding of a column that is all ridge.
    want.condition = std::max(want.condition, 1.0 / ridge);
    if (!empty) {  // ln det of the ridge is there in addition, known to a few eps / ridge
      double norm = 0.0;
      for (Eigen::Index i = 0; i < 300; ++i) {
        norm += std::pow(p.weight(i) * p.value(i) * p.basis(i, 3), 2);
      }
      // The pivot is the ridge of both columns, 3's own and that of 1 at which it is taken.
      got.value[0] -= std::log(2.0 * ridge * norm);
    }
    check_spectrum<P>(got, 0, rest, want);
  }
}

template <class P>
void survives_few_good_pixels() {
  // Good pixels on one side alone: most columns have next to no support there.
  for (const int columns : {10, 24}) {
    for (const bool chebyshev : {false, true}) {
      for (const int more : {1, 2, 10, 30, 60}) {
        const int good = columns + more;
        CAPTURE(columns);
        CAPTURE(chebyshev);
        CAPTURE(good);
        ProjectionProblem p = random_problem({400, columns, 6, chebyshev, 0.0}, 5);
        p.weight.tail(400 - good).setZero();
        Result<P> got = project_all<P>({p}, 6);
        const auto finite = [](const auto& all) {
          return std::all_of(all.begin(), all.end(), [](auto x) { return std::isfinite(x); });
        };
        CHECK(finite(got.value));
        CHECK(finite(got.gradient));
        CHECK(finite(got.hessian));
        got.model.resize(
            static_cast<std::size_t>(good));  // the continuum's extrapolation may be huge
        CHECK(finite(got.model));
        // No worse than a constant continuum, which is among the columns.
        ProjectionProblem constant = p;
        constant.basis = p.basis.col(0);
        CHECK(got.chi2[0] <= oracle::project(constant, 0.0).chi2);
      }
    }
  }
}

template <class P>
void gradient_is_that_of_the_value() {
  // Also where the good pixels support fewer columns than there are, and the ridge holds the rest.
  for (const bool chebyshev : {false, true}) {
    for (const int good : {11, 20, 70, 200}) {
      CAPTURE(chebyshev);
      CAPTURE(good);
      ProjectionProblem p = random_problem({200, 10, 4, chebyshev, 0.0}, 5);
      p.weight.tail(200 - good).setZero();
      // The template's changes are smooth, as those of a star's parameters are.
      for (Eigen::Index i = 0; i < 200; ++i) {
        for (Eigen::Index q = 0; q < 4; ++q) {
          p.tangents(i, q) = as_float({0.1 * std::cos(0.03 * static_cast<double>((q + 1) * i))})[0];
        }
      }
      const std::vector<double> gradient = project_all<P>({p}, 4).gradient;
      // The step moves the template by at most a sixth. The value is known to some eps / ridge for
      // each column, which the difference divides by the step.
      constexpr double h = 0.3;
      const double noise = 10 * rounding<double>(4) / ridge / h;
      oracle::Numbers want;
      for (Eigen::Index q = 0; q < 4; ++q) {
        want.push_back(oracle::derivative(
            [&](double step) {
              ProjectionProblem moved = p;
              moved.value += step * p.tangents.col(q);
              return project_all<P>({moved}, 0).value[0];
            },
            0.0, h));
      }
      // That noise, and terms of the eighth order in the step. Measured 0.1 of the sum.
      check_close("gradient", gradient, want, {noise + 1e-6 * largest(want)});
    }
  }
}

template <class P>
void refuses_extents_that_differ() {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto error_of = [&](int basis_pixels, int jet_lanes, int jet_pixels, int parameters) {
    return message_of<InvalidArgument>([&] {
      SpectrumView<P> data;
      data.flux = allocate<Matrix<Real, P>>(exec, "flux", 2, 9);
      data.weight = allocate<Matrix<Real, P>>(exec, "weight", 2, 9);
      data.log_norm = allocate<Vector<double, P>>(exec, "log_norm", 2);
      data.good = allocate<Vector<int, P>>(exec, "good", 2);
      project<P>(exec, tile_of<P>(exec, first(2), 2), data,
                 allocate<Cube<Real, P>>(exec, "basis", 1, 3, basis_pixels),
                 allocate<Jets<P>>(exec, "jets", 2, jet_lanes, jet_pixels), parameters,
                 Linearization<P>(exec, 2, 2));
    });
  };
  CHECK(error_of(9, 3, 9, 2) == "no error");
  CHECK(error_of(8, 3, 9, 2) == "project: data has 9 pixels, basis has 8");
  CHECK(error_of(9, 2, 9, 2) == "project: jets are 2 x 2 x 9, wanted at least 2 x 3 x 9");
  CHECK(error_of(9, 3, 8, 2) == "project: jets are 2 x 3 x 8, wanted at least 2 x 3 x 9");
  CHECK(error_of(9, 4, 9, 3) ==
        "project: 3 tangents, the last of parameter 2, the gradient has 2 columns");
}

RVFIT_TEST("projection: value, gradient and curvature agree with QR and projection matrices",
           agrees_with_qr);
RVFIT_TEST_DOUBLE("projection: takes a model without parameters", takes_a_model_without_parameters);
RVFIT_TEST("projection: takes one basis for all or one for each spectrum",
           uses_a_basis_of_each_spectrum);
RVFIT_TEST("projection: leaves a spectrum alone that has no more good pixels than columns",
           leaves_masked_spectra_alone);
RVFIT_TEST("projection: an empty or dependent column is as good as not there",
           is_deaf_to_empty_and_dependent_columns);
RVFIT_TEST("projection: stays finite with few good pixels on one side", survives_few_good_pixels);
RVFIT_TEST_DOUBLE("projection: the gradient is that of the value with few good pixels, too",
                  gradient_is_that_of_the_value);
RVFIT_TEST_DOUBLE("projection: extents that differ are refused with both",
                  refuses_extents_that_differ);

}  // namespace rvfit::test::projection
