// SPDX-License-Identifier: MIT

/// @file
/// A model of a user's own meets TemplateModel and is fitted by the same code: one Gaussian
/// absorption line of free depth and width, shifted by rv. This is also the archetype of the
/// concept: it has nothing that the concept does not ask for.

#include <rvfit/rvfit.hpp>

#include <doctest/doctest.h>
#include <support/simulated_stars.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test {

/// T = 1 - depth exp(-(x / width)^2 / 2), x = ln(wave / centre) c - (rv's shift)    [km/s]
template <class P>
class LineModel {
 public:
  using policy_type = P;
  using Exec = typename P::execution_space;
  static constexpr double centre = 5000.0;

  [[nodiscard]] const ParameterSet& parameters() const { return parameters_; }
  [[nodiscard]] int arms() const { return 1; }
  [[nodiscard]] int arm_index(const std::string& name) const {
    RVFIT_REQUIRE(name == "line", "LineModel: no arm '", name, "'");
    return 0;
  }

  struct Plan {
    Matrix<const double, P> wave;
  };
  struct Workspace {
    Workspace(const Exec&, const LineModel&, int) {}
  };

  void require_coverage(const Exec&, int, const Matrix<const double, P>&, double, double) const {}
  [[nodiscard]] Plan plan(const Exec&, int, const Matrix<const double, P>& wave) const {
    return {wave};
  }
  void synthesize(const Exec&, int, const Tile<P>&, const Matrix<const double, P>&, int,
                  Workspace&) const {}

  struct Evaluate {
    Tile<P> tile;
    Matrix<const double, P> theta, wave;
    int lanes;
    Jets<P> jets;

    KOKKOS_FUNCTION void operator()(int t, int i) const {
      const int b = tile.fit(t);
      if (b < 0) {
        return;
      }
      const double depth = theta(b, 0), width = theta(b, 1), rv = theta(b, 2);
      const double x =
          (Kokkos::log(wave(0, i) / centre) + log_doppler(rv)) * speed_of_light / width;
      const double line = Kokkos::exp(-0.5 * x * x);
      using Real = typename P::real_type;
      jets(t, 0, i) = static_cast<Real>(1.0 - depth * line);
      if (lanes > 1) {
        jets(t, 1, i) = static_cast<Real>(-line);
        jets(t, 2, i) = static_cast<Real>(-depth * line * x * x / width);
        jets(t, 3, i) = static_cast<Real>(depth * line * x * log_doppler_derivative(rv) *
                                          speed_of_light / width);
      }
    }
  };
  void observe(const Exec& exec, const Plan& plan, const Tile<P>& tile,
               const Matrix<const double, P>& theta, int lanes, const Jets<P>& jets,
               Workspace&) const {
    const auto pixels = static_cast<int>(plan.wave.extent(1));
    Kokkos::parallel_for("rvfit::test::LineModel",
                         Kokkos::MDRangePolicy<Exec, Kokkos::Rank<2>, Kokkos::IndexType<int>>(
                             exec, {0, 0}, {tile.size, pixels}),
                         Evaluate{tile, theta, plan.wave, lanes, jets});
  }
  void add_penalty(const Exec&, int, const Tile<P>&, const Matrix<const double, P>&,
                   const Vector<const double, P>&, const Linearization<P>&, bool) const {}
  [[nodiscard]] std::vector<double> start_points(int count) const {
    std::vector<double> points;
    for (int n = 0; n < count; ++n) {
      points.insert(points.end(), {0.5, 60.0 + 20.0 * n, 0.0});
    }
    return points;
  }

 private:
  ParameterSet parameters_{
      {{.name = "depth", .lower = 0.0, .upper = 1.0, .scale = 0.1},
       {.name = "width", .unit = "km/s", .lower = 10.0, .upper = 400.0, .scale = 10.0},
       {.name = "rv", .unit = "km/s", .lower = -800.0, .upper = 800.0, .scale = 10.0}}};
};

using Double = Policy<Kokkos::DefaultExecutionSpace, double, double>;
static_assert(TemplateModel<LineModel<Double>, Double>);
static_assert(TemplateModel<ForwardModel<Double>, Double>);

TEST_CASE("own model: a line's depth, width and rv are found from the scan, with true errors") {
  const Double::execution_space exec;
  const LineModel<Double> model;
  constexpr int stars = 50, pixels = 400;
  NormalRandom random(8);
  std::vector<double> wave, theta;
  for (int i = 0; i < pixels; ++i) {
    wave.push_back(4950.0 + 0.25 * i);
  }
  for (int b = 0; b < stars; ++b) {
    theta.insert(theta.end(), {random.uniform(0.3, 0.8), random.uniform(40.0, 150.0),
                               random.uniform(-600.0, 600.0)});
  }
  SpectrumBatch<Double> arm;
  arm.arm = "line";
  arm.wave = upload_matrix<Matrix<const double, Double>>(exec, "wave", wave, 1, pixels);
  const auto truth = predict<Double>(exec, model, theta, {arm})[0];
  constexpr double sigma = 0.02;
  std::vector<double> flux, weight;
  for (const double value : truth) {
    flux.push_back(value + sigma * random.normal());
    weight.push_back(1.0 / sigma);
  }
  const Observations<Double> data{make_spectrum_batch<Double>(
      exec, "line", arm.wave,
      upload_matrix<Matrix<const double, Double>>(exec, "flux", flux, stars, pixels),
      upload_matrix<Matrix<const double, Double>>(exec, "weight", weight, stars, pixels))};
  FitOptions options;
  options.continuum = {.kind = ContinuumKind::chebyshev, .columns = 3};
  options.scan.templates = 8;
  Fitter<LineModel<Double>> fitter(exec, model, data, stars, options);
  fitter.bind(exec, data);
  fitter.scan(exec);
  fitter.minimize(exec);
  fitter.errors(exec);
  const FitResult result = fitter.result(exec);
  double sum = 0.0;
  for (std::size_t b = 0; b < stars; ++b) {
    CHECK(result.status[b] == FitStatus::converged);
    for (std::size_t p = 0; p < 3; ++p) {
      const double pull = (result.theta[b * 3 + p] - theta[b * 3 + p]) / result.error[b * 3 + p];
      CHECK(std::abs(pull) < 5.0);
      sum += pull * pull;
    }
  }
  // 150 unit pulls: their mean square has a scatter of sqrt(2 / 150).
  CHECK(sum / 150.0 == doctest::Approx(1.0).epsilon(0.4));
}

}  // namespace rvfit::test
