// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The smallest model of spectra that has all that an objective can use: two arms with one Gaussian
/// absorption line each, a domain with a penalty outside, and a plain version of it on the host.

#include <rvfit/core/tile.hpp>
#include <rvfit/core/units.hpp>
#include <rvfit/data/linearization.hpp>
#include <rvfit/data/parameters.hpp>

#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace rvfit::test {

inline constexpr std::array<double, 2> line_centres{4500.0, 6500.0};  ///< [Angstrom]
inline constexpr double deepest_line = 0.8;                           ///< end of the domain

/// T = 1 - depth exp(-x^2 / 2), x = c (ln(wave / centre) + ln doppler(rv)) / width.
template <class P>
class TwoLines {
 public:
  using policy_type = P;
  using Exec = typename P::execution_space;

  struct Plan {
    Matrix<const double, P> wave;
    double centre;
  };
  struct Workspace {
    Workspace(const Exec&, const TwoLines&, int) {}
  };

  [[nodiscard]] const ParameterSet& parameters() const { return parameters_; }
  [[nodiscard]] int arms() const { return 2; }
  [[nodiscard]] int arm_index(const std::string& name) const {
    RVFIT_REQUIRE(name == "blue" || name == "red", "TwoLines: no arm '", name, "'");
    return name == "blue" ? 0 : 1;
  }
  void require_coverage(const Exec&, int, const Matrix<const double, P>&, double, double) const {}
  [[nodiscard]] Plan plan(const Exec&, int arm, const Matrix<const double, P>& wave) const {
    return {wave, line_centres[static_cast<std::size_t>(arm)]};
  }
  void synthesize(const Exec&, int, const Tile<P>&, const Matrix<const double, P>&, int,
                  Workspace&) const {
    ++*syntheses_;
  }
  /// Tiles of arms synthesized so far, by all copies of this model.
  [[nodiscard]] int syntheses() const { return *syntheses_; }

  struct Evaluate {
    Tile<P> tile;
    Matrix<const double, P> theta, wave;
    double centre;
    int lanes;
    Jets<P> jets;

    KOKKOS_FUNCTION void operator()(int t, int i) const {
      const int b = tile.fit(t);
      if (b < 0) {
        return;
      }
      using Real = typename P::real_type;
      const double depth = theta(b, 0), width = theta(b, 1), rv = theta(b, 2);
      const double x =
          (Kokkos::log(wave(0, i) / centre) + log_doppler(rv)) * speed_of_light / width;
      const double line = Kokkos::exp(-0.5 * x * x);
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
    Kokkos::parallel_for("rvfit::test::TwoLines",
                         typename P::template grid_policy<2>(
                             exec, {0, 0}, {tile.size, static_cast<int>(plan.wave.extent(1))}),
                         Evaluate{tile, theta, plan.wave, plan.centre, lanes, jets});
  }

  struct AddPenalty {
    Tile<P> tile;
    Matrix<const double, P> theta;
    Vector<const double, P> weight;
    Linearization<P> out;
    bool derivatives;

    KOKKOS_FUNCTION void operator()(int t) const {
      const int b = tile.fit(t);
      const double outside = b < 0 ? 0.0 : Kokkos::fmax(theta(b, 0) - deepest_line, 0.0);
      if (outside > 0.0) {
        out.value(b) += weight(b) * outside * outside;
        if (derivatives) {
          out.gradient(b, 0) += 2.0 * weight(b) * outside;
          out.hessian(b, 0, 0) += 2.0 * weight(b);
        }
      }
    }
  };
  /// weight x (depth - deepest_line)^2.
  void add_penalty(const Exec& exec, int, const Tile<P>& tile, const Matrix<const double, P>& theta,
                   const Vector<const double, P>& weight, const Linearization<P>& out,
                   bool derivatives) const {
    Kokkos::parallel_for("rvfit::test::TwoLines::penalty",
                         typename P::range_policy(exec, 0, tile.size),
                         AddPenalty{tile, theta, weight, out, derivatives});
  }

  [[nodiscard]] std::vector<double> start_points(int count) const {
    std::vector<double> points;
    for (int n = 0; n < count; ++n) {
      points.insert(points.end(), {0.4, 60.0 + 30.0 * n, 0.0});
    }
    return points;
  }

 private:
  ParameterSet parameters_{
      {{.name = "depth", .lower = 0.0, .upper = 1.0, .scale = 0.1},
       {.name = "width", .unit = "km/s", .lower = 10.0, .upper = 400.0, .scale = 10.0},
       {.name = "rv", .unit = "km/s", .lower = -300.0, .upper = 300.0, .scale = 10.0}}};
  std::shared_ptr<int> syntheses_ = std::make_shared<int>(0);
};

/// The template of `TwoLines` at one wavelength, from its formula.
[[nodiscard]] inline double line_template(std::size_t arm, double wave, double depth, double width,
                                          double rv) {
  const double beta = rv / 299792.458;
  const double rest = wave * std::sqrt((1.0 - beta) / (1.0 + beta));
  const double x = 299792.458 * std::log(rest / line_centres[arm]) / width;
  return 1.0 - depth * std::exp(-0.5 * x * x);
}

}  // namespace rvfit::test
