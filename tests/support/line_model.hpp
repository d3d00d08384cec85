// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The archetype of TemplateModel, with nothing that the concept does not ask for: one Gaussian
/// absorption line of free depth and width, shifted by rv.

#include <rvfit/core/units.hpp>
#include <rvfit/pipeline/template_model.hpp>

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

}  // namespace rvfit::test
