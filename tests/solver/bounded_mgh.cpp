// SPDX-License-Identifier: MIT

/// @file
/// Bounded problems of More, Garbow and Hillstrom from several starts. From the given start three of 26 end at another
/// minimum (docs/solver_cases.md): Chebyquad of 10 parameters, Wood's function and one of Rosenbrock's.

#include "support/mgh.hpp"
#include <rvfit/residual/draw_starts.hpp>
#include <rvfit/residual/many_starts.hpp>

#include <doctest/doctest.h>
#include <support/policies.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::test::bounded_mgh {

using P = DoublePolicy;
using Vec = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Models that no team works on: less to compile.
template <class Model>
struct ByThread : Model {
  static constexpr bool teams = false;
};

/// MGH 14.
struct Wood {
  static constexpr int parameters = 4;
  template <class T>
  KOKKOS_FUNCTION T operator()(const T* x, int i) const {
    switch (i) {
      case 0:
        return 10.0 * (x[1] - x[0] * x[0]);
      case 1:
        return 1.0 - x[0];
      case 2:
        return Kokkos::sqrt(90.0) * (x[3] - x[2] * x[2]);
      case 3:
        return 1.0 - x[2];
      case 4:
        return Kokkos::sqrt(10.0) * (x[1] + x[3] - 2.0);
      default:
        return Kokkos::sqrt(0.1) * (x[1] - x[3]);
    }
  }
};

/// The given start and seven that are drawn between the bounds, or within 5 where there is none.
template <class Model>
void reaches(const std::string& name, int points, const Vec& start, const Vec& lower,
             const Vec& upper, double best_known) {
  const Exec exec;
  std::vector<Parameter> box, drawn;
  for (std::size_t p = 0; p < start.size(); ++p) {
    box.push_back({.name = "x" + std::to_string(p), .lower = lower[p], .upper = upper[p]});
    drawn.push_back(box.back());
    drawn.back().lower = std::max(lower[p], -5.0);
    drawn.back().upper = std::min(upper[p], 5.0);
  }
  Vec starts = start;
  const Vec more = draw_points(ParameterSet(drawn), 7);
  starts.insert(starts.end(), more.begin(), more.end());
  ResidualOptions options;
  options.parameters = ParameterSet(box);
  const auto out = fit_many_starts<P>(
      exec, ByThread<Model>{}, {.points = points},
      upload_cube<Cube<double, P>>(exec, "starts", starts, 1, 8, start.size()), 1, options);
  const double value = download(exec, out.best.value)(0);
  const auto theta = download(exec, out.best.theta);
  // Best known values have ten digits; a minimum of 0 is met to the square of the default tolerance.
  CHECK_MESSAGE(value <= best_known * (1.0 + 1e-6) + 1e-8, name, ": F = ", value);
  for (std::size_t p = 0; p < start.size(); ++p) {
    CHECK(theta(0, p) >= lower[p]);
    CHECK(theta(0, p) <= upper[p]);
  }
}

TEST_CASE("bounded mgh: problems with several minima, from eight starts") {
  reaches<mgh::Chebyquad<10>>("Chebyquad 10", 10,
                              {1 / 11.0, 2 / 11.0, 3 / 11.0, 4 / 11.0, 5 / 11.0, 6 / 11.0, 7 / 11.0,
                               8 / 11.0, 9 / 11.0, 10 / 11.0},
                              {0.0, 0.1, 0.2, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5, 0.5},
                              {1.0, 0.2, 0.3, 0.4, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0}, 0.004772713696);
  reaches<Wood>("Wood", 6, {-3.0, -1.0, -3.0, -1.0}, Vec(4, -100.0), {0.0, 10.0, 100.0, 100.0},
                1.5567008);
  const auto rosenbrock = [&](const Vec& start, const Vec& lower, const Vec& upper, double best) {
    reaches<mgh::Rosenbrock>("Rosenbrock", 2, start, lower, upper, best);
  };
  rosenbrock({-2.0, 1.0}, {-infinity, -1.5}, {infinity, infinity}, 0.0);
  rosenbrock({2.0, 2.0}, {-infinity, 1.5}, {infinity, infinity}, 0.05042618789);
  rosenbrock({0.0, 2.0}, {-infinity, 1.5}, {1.0, infinity}, 4.941229318);
  rosenbrock({2.0, 2.0}, {1.0, 1.5}, {3.0, 3.0}, 0.05042618789);
  rosenbrock({-1.2, 1.0}, {-50.0, 0.0}, {0.5, 100.0}, 0.25);
}

}  // namespace rvfit::test::bounded_mgh
