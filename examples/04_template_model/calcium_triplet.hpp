// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The infrared triplet of ionised calcium as a model of spectra: three Gaussian lines of one width that
/// saturate,
///
///   T = exp(-depth g),   g = sum_k s_k exp(-x_k^2 / 2),   x_k = c (ln(wave / wave_k) + log_doppler(rv)) / width
///
/// with relative strengths s_k. It meets rvfit::TemplateModel; its tangents are made by dual numbers.

#include <rvfit/core/dual_math.hpp>
#include <rvfit/core/units.hpp>
#include <rvfit/pipeline/template_model.hpp>

#include <Kokkos_Core.hpp>

#include <string>
#include <vector>

template <rvfit::ExecutionPolicy P>
class CalciumTriplet {
 public:
  using policy_type = P;
  using Exec = typename P::execution_space;
  using Theta = rvfit::Matrix<const double, P>;  ///< (B, 3)  in the order of parameters()
  using Wave = rvfit::Matrix<const double, P>;   ///< (1 or B, N)  [Angstrom]

  [[nodiscard]] const rvfit::ParameterSet& parameters() const { return parameters_; }

  /// One arm, the wavelengths around the lines.
  [[nodiscard]] int arms() const { return 1; }
  [[nodiscard]] int arm_index(const std::string& name) const {
    RVFIT_REQUIRE(name == "triplet", "CalciumTriplet: no arm '", name, "', there is: triplet");
    return 0;
  }

  /// The formula covers all wavelengths and all parameters: there is nothing to check and no penalty.
  void require_coverage(const Exec&, int, const Wave&, double, double) const {}
  void add_penalty(const Exec&, int, const rvfit::Tile<P>&, const Theta&,
                   const rvfit::Vector<const double, P>&, const rvfit::Linearization<P>&,
                   bool) const {}

  /// Nothing but the wavelengths is kept, and nothing is shared by exposures of an arm.
  struct Plan {
    Wave wave;
  };
  struct Workspace {
    Workspace(const Exec&, const CalciumTriplet&, int) {}
  };
  [[nodiscard]] Plan plan(const Exec&, int, const Wave& wave) const { return {wave}; }
  void synthesize(const Exec&, int, const rvfit::Tile<P>&, const Theta&, int, Workspace&) const {}

  /// One pixel of one fit: the value in lane 0, and where there are more lanes the tangents.
  struct Observe {
    rvfit::Tile<P> tile;
    Theta theta;
    Wave wave;
    int lanes;
    rvfit::Jets<P> jets;  ///< (T, lanes, N)

    template <class T>
    KOKKOS_FUNCTION T transmission(const T& depth, const T& width, const T& shift,
                                   double angstrom) const {
      using Kokkos::exp;
      constexpr double line[] = {8500.35, 8544.44, 8664.52};  // in vacuum
      constexpr double strength[] = {0.55, 1.0, 0.85};
      T sum(0.0);
      for (int k = 0; k < 3; ++k) {
        const T x = rvfit::speed_of_light * (Kokkos::log(angstrom / line[k]) + shift) / width;
        sum += strength[k] * exp(-0.5 * (x * x));
      }
      return exp(-depth * sum);
    }

    KOKKOS_FUNCTION void operator()(int t, int i) const {
      using Real = typename P::real_type;
      using Dual = rvfit::Dual<double, 3>;
      const int b = tile.fit(t);
      if (b < 0) {
        return;  // past the end of the list
      }
      const double angstrom = wave(wave.extent(0) == 1 ? 0 : tile.spectrum_of(b), i);
      const double depth = theta(b, 0), width = theta(b, 1), rv = theta(b, 2);
      if (lanes == 1) {
        jets(t, 0, i) =
            static_cast<Real>(transmission(depth, width, rvfit::log_doppler(rv), angstrom));
        return;
      }
      const Dual shift = Dual::chain(Dual::variable(rv, 2), rvfit::log_doppler(rv),
                                     rvfit::log_doppler_derivative(rv));
      const Dual value =
          transmission(Dual::variable(depth, 0), Dual::variable(width, 1), shift, angstrom);
      jets(t, 0, i) = static_cast<Real>(value.value);
      for (int p = 0; p < 3; ++p) {
        jets(t, 1 + p, i) = static_cast<Real>(value.derivative[p]);
      }
    }
  };
  void observe(const Exec& exec, const Plan& plan, const rvfit::Tile<P>& tile, const Theta& theta,
               int lanes, const rvfit::Jets<P>& jets, Workspace&) const {
    const auto pixels = static_cast<int>(plan.wave.extent(1));
    Kokkos::parallel_for("CalciumTriplet::observe",
                         typename P::template grid_policy<2>(exec, {0, 0}, {tile.size, pixels}),
                         Observe{tile, theta, plan.wave, lanes, jets});
  }

  /// Templates of the scan: lines of three widths and growing depth, at rv 0.
  [[nodiscard]] std::vector<double> start_points(int count) const {
    std::vector<double> points;  // (count, 3)
    for (int n = 0; n < count; ++n) {
      points.insert(points.end(), {0.5 * (1 + n / 3), 20.0 * (1 + n % 3), 0.0});
    }
    return points;
  }

 private:
  rvfit::ParameterSet parameters_{
      {{.name = "depth", .lower = 0.0, .upper = 20.0, .scale = 0.1},
       {.name = "width", .unit = "km/s", .lower = 5.0, .upper = 300.0, .scale = 5.0},
       {.name = "rv", .unit = "km/s", .lower = -1000.0, .upper = 1000.0, .scale = 10.0}}};
};
