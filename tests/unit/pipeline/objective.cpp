// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/eigen_oracle.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include "support/two_lines.hpp"
#include <rvfit/pipeline/objective.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::test::objective {

using P = DoublePolicy;
using Model = TwoLines<P>;
constexpr std::size_t n = 3;  // depth, width, rv
constexpr int columns = 4;    // of the continuum

/// One exposure of an arm of B spectra.
struct Exposure {
  std::string arm;
  int number;
  std::vector<double> wave, flux, weight;  ///< (N), (B, N), (B, N)
};

/// Two exposures of the red arm around one of the blue, out of the model's order.
struct Spectra {
  std::size_t size;
  std::vector<Exposure> exposures;

  explicit Spectra(std::size_t spectra) : size(spectra) {
    Random random(11);
    const std::vector<Exposure> kinds{
        {"red", 0, {}, {}, {}}, {"blue", 0, {}, {}, {}}, {"red", 1, {}, {}, {}}};
    for (Exposure e : kinds) {
      const std::size_t arm = e.arm == "blue" ? 0 : 1;
      const std::size_t pixels = 90 + 20 * exposures.size();
      for (std::size_t i = 0; i < pixels; ++i) {
        e.wave.push_back(line_centres[arm] - 30.0 +
                         60.0 * static_cast<double>(i) / static_cast<double>(pixels));
      }
      e.weight = random.uniform(size * pixels, 5.0, 20.0);
      for (std::size_t b = 0; b < size; ++b) {
        for (std::size_t i = 0; i < pixels; ++i) {
          double& w = e.weight[b * pixels + i];
          w = random.uniform(0.0, 1.0) < 0.05 ? 0.0 : w;
          e.flux.push_back(line_template(arm, e.wave[i], 0.5, 200.0, 20.0) +
                           random.uniform(-0.2, 0.2));
        }
      }
      exposures.push_back(e);
    }
  }

  [[nodiscard]] Observations<P> observations() const {
    const Exec exec{};
    Observations<P> out;
    for (const Exposure& e : exposures) {
      const std::size_t pixels = e.wave.size();
      out.push_back(make_spectrum_batch<P>(
          exec, e.arm, upload_matrix<Matrix<const double, P>>(exec, "wave", e.wave, 1, pixels),
          upload_matrix<Matrix<const double, P>>(exec, "flux", e.flux, size, pixels),
          upload_matrix<Matrix<const double, P>>(exec, "weight", e.weight, size, pixels)));
      out.back().exposure = e.number;
    }
    return out;
  }
};

const ContinuumOptions continuum{ContinuumKind::chebyshev, columns};

/// Linearization of spectra at points (B, 3), by the library. Of fits left out the sums stay NaN.
struct Sums {
  std::vector<double> value, gradient, hessian;
};

Sums linearize(const Model& model, const ParameterSet& parameters, const Spectra& spectra,
               const std::vector<double>& theta, bool derivatives = true) {
  const Exec exec{};
  const auto data = spectra.observations();
  const auto size = static_cast<int>(spectra.size);
  Objective<P, Model> objective(exec, model, parameters, data, size, continuum, 4);
  objective.bind(exec, data);
  ActiveList<P> list(exec, size);
  list.select(exec, size, size, KeepAll{});
  const Linearization<P> out(exec, size, n);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Kokkos::deep_copy(exec, out.value, nan);
  Kokkos::deep_copy(exec, out.gradient, nan);
  Kokkos::deep_copy(exec, out.hessian, nan);
  const auto points = upload_matrix<Matrix<const double, P>>(exec, "theta", theta, spectra.size, n);
  if (derivatives) {
    objective.linearize(exec, list, points, out);
  } else {
    objective.evaluate(exec, list, points, out);
  }
  return {values(exec, out.value), values(exec, out.gradient), values(exec, out.hessian)};
}

/// The template of an exposure and its tangents, which are differences of it.
oracle::ProjectionProblem problem(const Exposure& e, std::size_t b, const double* theta) {
  const std::size_t arm = e.arm == "blue" ? 0 : 1;
  const std::size_t pixels = e.wave.size();
  const auto rows = static_cast<Eigen::Index>(pixels);
  const auto basis = oracle::continuum(true, columns, e.wave);
  oracle::ProjectionProblem p{Eigen::VectorXd(rows), Eigen::VectorXd(rows),
                              Eigen::MatrixXd(rows, columns), Eigen::VectorXd(rows),
                              Eigen::MatrixXd(rows, n)};
  const std::array<double, n> step{0.01, 2.0, 2.0};
  for (Eigen::Index i = 0; i < rows; ++i) {
    const auto pixel = static_cast<std::size_t>(i);
    p.flux(i) = e.flux[b * pixels + pixel];
    p.weight(i) = e.weight[b * pixels + pixel];
    for (int k = 0; k < columns; ++k) {
      p.basis(i, k) = basis[static_cast<std::size_t>(k) * pixels + pixel];
    }
    const auto at = [&](std::size_t q, double x) {
      std::array<double, n> moved{theta[0], theta[1], theta[2]};
      moved[q] = x;
      return line_template(arm, e.wave[pixel], moved[0], moved[1], moved[2]);
    };
    p.value(i) = at(0, theta[0]);
    for (std::size_t q = 0; q < n; ++q) {
      p.tangents(i, static_cast<Eigen::Index>(q)) =
          oracle::derivative([&](double x) { return at(q, x); }, theta[q], step[q]);
    }
  }
  return p;
}

/// The objective of one spectrum, from its formula.
Sums expected(const ParameterSet& parameters, const Spectra& spectra, std::size_t b,
              const double* theta) {
  Sums out{{0.0}, std::vector<double>(n), std::vector<double>(n * n)};
  for (std::size_t q = 0; q < n; ++q) {
    const Parameter& p = parameters[static_cast<int>(q)];
    const double pull = (theta[q] - p.prior_mean) / p.prior_sigma;
    if (std::isfinite(p.prior_sigma)) {
      out.value[0] += pull * pull;
      out.gradient[q] += 2.0 * pull / p.prior_sigma;
      out.hessian[q * n + q] += 2.0 / (p.prior_sigma * p.prior_sigma);
    }
  }
  double pixels = 0.0, observed = 0.0;
  for (const Exposure& e : spectra.exposures) {
    int good = 0;
    for (std::size_t i = 0; i < e.wave.size(); ++i) {
      good += e.weight[b * e.wave.size() + i] > 0.0 ? 1 : 0;
    }
    if (good <= columns) {
      continue;
    }
    pixels += static_cast<double>(e.wave.size());
    observed += 1.0;
    const auto part =
        oracle::project(problem(e, b, theta), 4096 * std::numeric_limits<double>::epsilon());
    out.value[0] += part.neg2_log_like;
    for (std::size_t q = 0; q < n; ++q) {
      const auto row = static_cast<Eigen::Index>(q);
      out.gradient[q] += part.gradient(row);
      for (std::size_t r = 0; r < n; ++r) {
        out.hessian[q * n + r] += part.hessian(row, static_cast<Eigen::Index>(r));
      }
    }
  }
  // 10 a pixel, for each exposure of each arm.
  const double outside = std::max(theta[0] - deepest_line, 0.0);
  const double weight = 10.0 * pixels * observed;
  out.value[0] += weight * outside * outside;
  out.gradient[0] += 2.0 * weight * outside;
  out.hessian[0] += outside > 0.0 ? 2.0 * weight : 0.0;
  return out;
}

/// Tolerances are ten times what was measured: 1e-12 of values and 1.3e-13 of gradients, which are sums of
/// some hundred pixels, and 5e-11 of curvatures, whose tangents by rv the oracle makes by differences.
void check_sums(const Sums& got, const ParameterSet& parameters, const Spectra& spectra,
                const std::vector<double>& theta) {
  for (std::size_t b = 0; b < spectra.size; ++b) {
    CAPTURE(b);
    const Sums want = expected(parameters, spectra, b, &theta[b * n]);
    check_close("value", got.value[b], want.value[0], {0.0, 1e-11});  // ten times what was measured
    const auto gradient = got.gradient.begin() + static_cast<std::ptrdiff_t>(b * n);
    check_close("gradient", std::vector<double>(gradient, gradient + n), want.gradient,
                {1.3e-12 * largest(want.gradient)});  // ten times what was measured
    const auto hessian = got.hessian.begin() + static_cast<std::ptrdiff_t>(b * n * n);
    for (std::size_t q = 0; q < n; ++q) {
      for (std::size_t r = 0; r < n; ++r) {
        const double scale = std::sqrt(want.hessian[q * n + q] * want.hessian[r * n + r]);
        check_close("hessian", hessian[static_cast<std::ptrdiff_t>(q * n + r)],
                    want.hessian[q * n + r], {5e-10 * scale});  // ten times what was measured
      }
    }
  }
}

/// Five spectra: two tiles, the second not full.
const std::vector<double> five_points{0.45,  180.0, 25.0,  0.55, 220.0, 10.0,  0.3, 150.0,
                                      -40.0, 0.7,   260.0, 60.0, 0.5,   200.0, 20.0};

TEST_CASE("objective: arms and exposures add up, with gradient and curvature [double]") {
  const Model model;
  const Spectra spectra(5);
  check_sums(linearize(model, model.parameters(), spectra, five_points), model.parameters(),
             spectra, five_points);
}

TEST_CASE("objective: priors add to value, gradient and curvature [double]") {
  const Model model;
  const Spectra spectra(5);
  ParameterSet parameters = model.parameters();
  parameters["depth"].prior_mean = 0.6;
  parameters["depth"].prior_sigma = 0.01;
  parameters["rv"].prior_mean = -10.0;
  parameters["rv"].prior_sigma = 0.5;
  check_sums(linearize(model, parameters, spectra, five_points), parameters, spectra, five_points);
}

TEST_CASE("objective: the penalty outside the domain counts pixels and exposures [double]") {
  const Model model;
  const Spectra spectra(5);
  std::vector<double> theta = five_points;
  theta[0] = 0.9;  // of the first
  theta[9] = 0.81;
  check_sums(linearize(model, model.parameters(), spectra, theta), model.parameters(), spectra,
             theta);
}

TEST_CASE("objective: an arm with too few pixels is left out, penalty and all [double]") {
  const Model model;
  Spectra spectra(5);
  // The first spectrum: as many pixels as columns in one exposure, none in another.
  auto& red = spectra.exposures[0];
  std::fill_n(red.weight.begin(), red.wave.size(), 0.0);
  std::fill_n(red.weight.begin() + 10, columns, 9.0);
  std::fill_n(spectra.exposures[1].weight.begin(), spectra.exposures[1].wave.size(), 0.0);
  // The last: no pixels at all.
  for (Exposure& e : spectra.exposures) {
    std::fill(e.weight.end() - static_cast<std::ptrdiff_t>(e.wave.size()), e.weight.end(), 0.0);
  }
  std::vector<double> theta = five_points;
  theta[0] = 0.9;
  theta[12] = 0.9;
  const Sums got = linearize(model, model.parameters(), spectra, theta);
  check_sums(got, model.parameters(), spectra, theta);
  CHECK(got.value[4] == 0.0);
  CHECK(got.hessian[4 * n * n] == 0.0);
}

TEST_CASE("objective: values alone have the same bits and leave derivatives alone [double]") {
  const Model model;
  const Spectra spectra(5);
  const Sums all = linearize(model, model.parameters(), spectra, five_points);
  const Sums value = linearize(model, model.parameters(), spectra, five_points, false);
  check_same_bits("value", value.value, all.value);
  CHECK(std::isnan(value.gradient[0]));
  CHECK(std::isnan(value.hessian[0]));
}

TEST_CASE(
    "objective: values at several velocities share a synthesis and have no penalty [double]") {
  const Exec exec{};
  const Model model;
  const Spectra spectra(5);
  const auto data = spectra.observations();
  constexpr std::size_t velocities = 3;
  std::vector<double> theta, inside = five_points;
  for (std::size_t g = 0; g < velocities; ++g) {
    theta.insert(theta.end(), five_points.begin(), five_points.end());
    for (std::size_t b = 0; b < 5; ++b) {
      theta[(g * 5 + b) * n + 2] = -30.0 + 30.0 * static_cast<double>(g);
    }
  }
  theta[0] = theta[5 * n] = theta[10 * n] = 0.9;  // outside the domain
  Objective<P, Model> objective(exec, model, model.parameters(), data, 5, continuum, 4);
  objective.bind(exec, data);
  ActiveList<P> list(exec, 5);
  list.select(exec, 5, 5, KeepAll{});
  const auto got = allocate<Matrix<double, P>>(exec, "values", velocities, 5);
  const int before = model.syntheses();
  objective.evaluate_velocities(
      exec, list, upload_cube<Cube<const double, P>>(exec, "theta", theta, velocities, 5, n), got);
  const auto at_all = values(exec, got);
  CHECK(model.syntheses() - before == 2 * 2);  // tiles x arms, of which one has two exposures
  for (std::size_t g = 0; g < velocities; ++g) {
    CAPTURE(g);
    const auto begin = theta.begin() + static_cast<std::ptrdiff_t>(g * 5 * n);
    std::vector<double> want =
        linearize(model, model.parameters(), spectra, {begin, begin + 5 * n}, false).value;
    const double outside = 0.9 - deepest_line;
    const double pixels = 90.0 + 110.0 + 130.0;
    want[0] -= 10.0 * pixels * 3.0 * outside * outside;
    const std::vector<double> row(at_all.begin() + static_cast<std::ptrdiff_t>(g * 5),
                                  at_all.begin() + static_cast<std::ptrdiff_t>(g * 5 + 5));
    CHECK(std::vector<double>(row.begin() + 1, row.end()) ==
          std::vector<double>(want.begin() + 1, want.end()));
    check_close("without penalty", row[0], want[0], {rounding<double>(16, 2000.0)});
  }
  // The objective at one more point comes with them, penalty and all.
  const std::vector<double> point(theta.begin(), theta.begin() + 5 * n);
  const Objective<P, Model>::Solution solution{
      upload_matrix<Matrix<const double, P>>(exec, "point", point, 5, n),
      Linearization<P>(exec, 5, n),
      {}};
  const int syntheses = model.syntheses();
  objective.evaluate_velocities(
      exec, list, upload_cube<Cube<const double, P>>(exec, "theta", theta, velocities, 5, n), got,
      solution);
  CHECK(model.syntheses() - syntheses == 2 * 2);
  CHECK(values(exec, got) == at_all);
  CHECK(values(exec, solution.out.value) ==
        linearize(model, model.parameters(), spectra, point, false).value);
}

TEST_CASE("objective: spectra other than planned for are refused [double]") {
  const Exec exec{};
  const Model model;
  const auto plan = [&](int tile) {
    return Objective<P, Model>(exec, model, model.parameters(), Spectra(2).observations(), 2,
                               continuum, tile);
  };
  CHECK(message_of<InvalidArgument>([&] { (void)plan(3); }) ==
        "Objective: tile of 3 spectra, not a multiple of 4");
  auto objective = plan(4);
  const auto message = [&](const Observations<P>& data) {
    return message_of<InvalidArgument>([&] { objective.bind(exec, data); });
  };
  CHECK(message(Spectra(2).observations()) == "no error");
  CHECK(message(Spectra(3).observations()) == "Objective: 3 spectra, planned for at most 2");
  auto data = Spectra(2).observations();
  std::swap(data[0], data[2]);
  CHECK(message(data) == "Objective: arm 0 is exposure 1 of red, planned for another");
  data = Spectra(2).observations();
  data.pop_back();
  CHECK(message(data) == "Objective: planned for 3 arms, given 2");
  Spectra moved(2);
  moved.exposures[1].wave[5] += 0.01;
  CHECK(message(moved.observations()) ==
        "Objective: arm blue has other wavelengths than planned for");
}

}  // namespace rvfit::test::objective
