// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/grids.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/emulator/grid.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace rvfit::test::grid {

constexpr int labels = 4, columns = 6, lanes = 5, pixels = 131;
using Numbers = oracle::Numbers;

/// ln(template) of no simple form: numbers that have nothing to do with each other.
double noise(const Numbers& x, int i) {
  double phase = 0.7 * i;
  for (std::size_t j = 0; j < x.size(); ++j) {
    phase += (3.1 + static_cast<double>(j)) * x[j];
  }
  const auto value =
      static_cast<float>(0.4 * std::sin(phase) + 0.3 * std::sin(2.3 * phase * phase));
  return static_cast<double>(value);
}

bool everywhere(const Numbers&) { return true; }

/// A hole in the middle of two axes, and a missing corner.
bool with_holes(const Numbers& x) {
  return !(x[0] == 0.25 && x[1] == 1.0) && !(x[0] > 0.5 && x[1] < 0.5 && x[3] < -0.7);
}

ArmData arm_with(const std::function<bool(const Numbers&)>& has) {
  return grid_arm(grid_axes(), pixels, noise, has);
}

/// Jets (stars, lanes, pixels) at scaled inputs.
template <class P>
std::vector<typename P::real_type> evaluate(const ArmData& arm, GridInterpolation interpolation,
                                            const std::vector<Numbers>& points, int used = lanes,
                                            bool nearest_node = false) {
  using Real = typename P::real_type;
  const Exec exec{};
  const GridLibrary<P> library(exec, arm, interpolation, nearest_node);
  Numbers theta;
  for (const Numbers& x : points) {
    const auto label = labels_at(arm, x);
    theta.insert(theta.end(), label.begin(), label.end());
    theta.insert(theta.end(), {30.0, -100.0});
  }
  const auto stars = static_cast<int>(points.size());
  const int size = stars + 2;  // two entries past the end
  const typename GridLibrary<P>::Workspace workspace(exec, size, used, library.stencil_nodes());
  const auto out = allocate<Matrix<Real, P>>(exec, "out", size * used, pixels);
  library.evaluate(
      exec, tile_of<P>(exec, first(stars), size),
      upload_matrix<Matrix<const double, P>>(exec, "theta", theta, points.size(), columns), used,
      ref(out), workspace);
  auto result = values(exec, out);
  CHECK(std::all_of(result.begin(), result.end(), [](auto x) { return std::isfinite(x); }));
  result.resize(points.size() * static_cast<std::size_t>(used * pixels));
  return result;
}

// The oracle: one axis after another. ---------------------------------------------------------

/// Derivative at node k of the parabola through three neighbours, the line through two.
double node_slope(const Numbers& x, const Numbers& f, std::size_t k) {
  const std::size_t last = x.size() - 1;
  if (last == 1) {
    return (f[1] - f[0]) / (x[1] - x[0]);
  }
  const std::size_t m = std::clamp<std::size_t>(k, 1, last - 1);
  const double left = (f[m] - f[m - 1]) / (x[m] - x[m - 1]);
  const double right = (f[m + 1] - f[m]) / (x[m + 1] - x[m]);
  const double curvature = (right - left) / (x[m + 1] - x[m - 1]);
  return left + curvature * (x[k] - x[m - 1] + x[k] - x[m]);
}

double along_axis(const Numbers& x, const Numbers& f, double at, GridInterpolation interpolation) {
  std::size_t k = 0;
  while (k + 2 < x.size() && at >= x[k + 1]) {
    ++k;
  }
  const double h = x[k + 1] - x[k];
  const double u = std::clamp((at - x[k]) / h, 0.0, 1.0);
  if (interpolation == GridInterpolation::linear) {
    return f[k] + u * (f[k + 1] - f[k]);
  }
  // Newton's form of Hermite's cubic.
  const double chord = f[k + 1] - f[k];
  const double a = h * node_slope(x, f, k) - chord, b = chord - h * node_slope(x, f, k + 1);
  return f[k] + u * chord + u * (1 - u) * ((1 - u) * a + u * b);
}

/// ln(template) at a point, or anything else that is known at the nodes.
double tensor(const std::vector<Numbers>& axes, const std::function<double(const Numbers&)>& f,
              const Numbers& at, GridInterpolation interpolation, Numbers node = {}) {
  const std::size_t j = node.size();
  if (j == axes.size()) {
    return f(node);
  }
  Numbers values;
  for (const double x : axes[j]) {
    node.push_back(x);
    values.push_back(tensor(axes, f, at, interpolation, node));
    node.pop_back();
  }
  return along_axis(axes[j], values, at[j], interpolation);
}

std::vector<Numbers> random_points(int count, std::uint64_t seed) {
  Random random(seed);
  std::vector<Numbers> points;
  for (int n = 0; n < count; ++n) {
    Numbers x;
    for (const Numbers& axis : grid_axes()) {
      x.push_back(random.uniform(axis.front(), axis.back()));
    }
    points.push_back(x);
  }
  return points;
}

/// Jets of one star by the oracle, tangents per label times d label / d x.
Numbers oracle_jets(const Numbers& x, GridInterpolation interpolation) {
  Numbers jets;
  const auto spectrum = [&](const Numbers& at) {
    Numbers flux;
    for (int i = 0; i < pixels; i += 26) {
      flux.push_back(std::exp(tensor(
          grid_axes(), [&](const Numbers& node) { return noise(node, i); }, at, interpolation)));
    }
    return flux;
  };
  jets = spectrum(x);
  for (std::size_t j = 0; j < labels; ++j) {
    const Numbers slope = oracle::derivative_of_array(
        [&](double at) {
          Numbers moved = x;
          moved[j] = at;
          return spectrum(moved);
        },
        x[j], 1e-3);
    jets.insert(jets.end(), slope.begin(), slope.end());
  }
  return jets;
}

/// Every 26th pixel of one star's jets, tangents with respect to x.
template <class Real>
Numbers sampled(const ArmData& arm, const std::vector<Real>& jets, const Numbers& x,
                std::size_t star) {
  Numbers out;
  const auto label = labels_at(arm, x);
  for (std::size_t l = 0; l < lanes; ++l) {
    const double per_x = l == 0 ? 1.0
                         : !arm.inputs[l - 1].log10
                             ? arm.inputs[l - 1].scale
                             : arm.inputs[l - 1].scale * std::log(10.0) * label[l - 1];
    for (std::size_t i = 0; i < pixels; i += 26) {
      out.push_back(per_x * static_cast<double>(jets[(star * lanes + l) * pixels + i]));
    }
  }
  return out;
}

/// True if a difference of step 3e-3 about x crosses no node.
bool far_from_nodes(const Numbers& x) {
  for (std::size_t j = 0; j < x.size(); ++j) {
    for (const double node : grid_axes()[j]) {
      if (std::abs(x[j] - node) < 4e-3) {
        return false;
      }
    }
  }
  return true;
}

template <class P>
void agrees_with_oracle() {
  const ArmData arm = arm_with(everywhere);
  for (const auto interpolation : {GridInterpolation::linear, GridInterpolation::cubic}) {
    CAPTURE(static_cast<int>(interpolation));
    auto points = random_points(12, 3);
    std::erase_if(points, [](const Numbers& x) { return !far_from_nodes(x); });
    REQUIRE(points.size() > 5);
    const auto jets = evaluate<P>(arm, interpolation, points);
    const auto alone = evaluate<P>(arm, interpolation, points, 1);
    for (std::size_t b = 0; b < points.size(); ++b) {
      CAPTURE(b);
      // Sums of up to 256 terms whose weights' magnitudes add up to 4; their derivatives, over steps
      // down to 0.25, to 20 times that. Differences are good to 3 eps / 1e-3 of values below 4.
      check_close("jets", sampled(arm, jets, points[b], b), oracle_jets(points[b], interpolation),
                  {dot_rounding<typename P::real_type>(256, 80.0) + 1e-11});
      const auto begin = jets.begin() + static_cast<std::ptrdiff_t>(b * lanes * pixels);
      const auto value = alone.begin() + static_cast<std::ptrdiff_t>(b * pixels);
      check_same_bits("values alone", std::vector(value, value + pixels),
                      std::vector(begin, begin + pixels));
    }
  }
}

template <class P>
void holds_at_nodes() {
  const ArmData arm = arm_with(with_holes);
  const auto& axes = grid_axes();
  const std::vector<Numbers> nodes{{axes[0][1], axes[1][1], axes[2][0], axes[3][2]},
                                   {axes[0][4], axes[1][2], axes[2][1], axes[3][3]},
                                   {axes[0][0], axes[1][0], axes[2][0], axes[3][0]},
                                   {axes[0][3], axes[1][1], axes[2][1], axes[3][1]},
                                   {axes[0][3], axes[1][2], axes[2][1], axes[3][2]}};
  // The last is a hole. Next to it are nodes at 0.125 and 0.45 of the axes' lengths.
  std::vector<Numbers> donors = nodes;
  donors.back()[0] = axes[0][2];
  for (const auto interpolation : {GridInterpolation::linear, GridInterpolation::cubic}) {
    const auto flux = evaluate<P>(arm, interpolation, nodes, 1);
    for (std::size_t b = 0; b < nodes.size(); ++b) {
      CAPTURE(b);
      for (std::size_t i = 0; i < pixels; i += 26) {
        // log10 and back moves x by a few eps, over steps of 0.25.
        check_close("flux", flux[b * pixels + i], std::exp(noise(donors[b], static_cast<int>(i))),
                    {rounding<typename P::real_type>(64)});
      }
    }
  }
}

/// A cubic interpolation keeps polynomials of degree two in each label; near holes those of degree
/// one in all; and constants everywhere.
template <class P>
void keeps_polynomials() {
  const auto quadratic = [](const Numbers& x, int i) {
    const double a = 0.2 * std::sin(i);
    return (0.3 + a * x[0] - 0.2 * x[0] * x[0]) * (1 + 0.1 * x[1] + 0.2 * x[1] * x[1]) *
           (0.7 - 0.3 * x[2]) * (1 - 0.1 * x[3] - 0.1 * x[3] * x[3]);
  };
  const auto straight = [](const Numbers& x, int i) {
    return 0.1 * std::cos(i) + 0.2 * x[0] - 0.3 * x[1] + 0.1 * x[2] + 0.25 * x[3];
  };
  const auto constant = [](const Numbers&, int i) { return 0.5 * std::cos(i); };
  const auto check = [](const ArmData& arm, const auto& value, bool outside) {
    auto points = random_points(60, 8);
    std::erase_if(points,
                  [&](const Numbers& x) { return arm.is_inside(labels_at(arm, x)) == outside; });
    REQUIRE(points.size() > 10);
    const auto flux = evaluate<P>(arm, GridInterpolation::cubic, points, 1);
    for (std::size_t b = 0; b < points.size(); ++b) {
      CAPTURE(b);
      for (std::size_t i = 0; i < pixels; i += 26) {
        check_close("flux", flux[b * pixels + i], std::exp(value(points[b], static_cast<int>(i))),
                    {1e-6});  // templates are floats: eps / 2 of each, weights of sum 4
      }
    }
  };
  check(grid_arm(grid_axes(), pixels, quadratic, everywhere), quadratic, false);
  check(grid_arm(grid_axes(), pixels, straight, with_holes), straight, false);
  check(grid_arm(grid_axes(), pixels, constant, with_holes), constant, true);
}

/// Across the faces of cells, holes or not, values are continuous; first derivatives too where both
/// cells are complete and the interpolation cubic.
template <class P>
void is_smooth_across_faces() {
  const ArmData arm = arm_with(with_holes);
  constexpr double step = 1e-7;
  int both_complete = 0, one_complete = 0;
  for (const Numbers& x : random_points(40, 21)) {
    const auto& axes = grid_axes();
    for (std::size_t j = 0; j < labels; ++j) {
      for (std::size_t k = 1; k + 1 < axes[j].size(); ++k) {
        Numbers below = x, above = x;
        below[j] = axes[j][k] - step;
        above[j] = axes[j][k] + step;
        const bool inside[] = {arm.is_inside(labels_at(arm, below)),
                               arm.is_inside(labels_at(arm, above))};
        both_complete += inside[0] && inside[1] ? 1 : 0;
        one_complete += inside[0] != inside[1] ? 1 : 0;
        for (const auto interpolation : {GridInterpolation::linear, GridInterpolation::cubic}) {
          const auto jets = evaluate<P>(arm, interpolation, {below, above});
          const Numbers left = sampled(arm, jets, below, 0), right = sampled(arm, jets, above, 1);
          // Derivatives are below 60, second derivatives below 600.
          const std::size_t values = left.size() / lanes;
          check_close("values", Numbers(left.begin(), left.begin() + static_cast<int>(values)),
                      Numbers(right.begin(), right.begin() + static_cast<int>(values)),
                      {120 * step});
          if (interpolation == GridInterpolation::cubic && inside[0] && inside[1]) {
            check_close("tangents", left, right, {2000 * step});
          }
        }
      }
    }
  }
  CHECK(both_complete > 50);
  CHECK(one_complete > 20);
}

/// Also where the cell has holes, and beyond the axes.
template <class P>
void tangents_are_derivatives() {
  const ArmData arm = arm_with(with_holes);
  auto points = random_points(30, 33);
  points.push_back({-1.3, 0.5, 0.1, 1.3});
  points.push_back({0.5, 1.2, 0.1, 0.0});
  int in_holes = 0;
  for (const Numbers& x : points) {
    if (!far_from_nodes(x)) {
      continue;
    }
    in_holes += arm.is_inside(labels_at(arm, x)) ? 0 : 1;
    for (const auto interpolation : {GridInterpolation::linear, GridInterpolation::cubic}) {
      const Numbers jets = sampled(arm, evaluate<P>(arm, interpolation, {x}), x, 0);
      const std::size_t samples = jets.size() / lanes;
      for (std::size_t j = 0; j < labels; ++j) {
        const Numbers slope = oracle::derivative_of_array(
            [&](double at) {
              Numbers moved = x;
              moved[j] = at;
              Numbers all = sampled(arm, evaluate<P>(arm, interpolation, {moved}), moved, 0);
              all.resize(samples);
              return all;
            },
            x[j], 1e-3);
        const auto begin = jets.begin() + static_cast<std::ptrdiff_t>((1 + j) * samples);
        // 3 eps / 1e-3 of values below 4, and log10 and back: measured 1e-11, margin 10.
        check_close("tangent", Numbers(begin, begin + static_cast<std::ptrdiff_t>(samples)), slope,
                    {1e-10});
      }
    }
  }
  CHECK(in_holes > 5);
}

template <class P>
void takes_the_nearest_node() {
  const ArmData arm = arm_with(with_holes);
  const std::vector<Numbers> points{
      {0.3, 0.9, 0.6, 0.1}, {-1.5, 1.4, -0.7, 1.0}, {0.1, 0.0, 0.6, 0.1}};
  const auto jets = evaluate<P>(arm, GridInterpolation::linear, points, lanes, true);
  // By distances in units of the axes' lengths 2, 2, 1.5 and 2.2; the last point is inside.
  const Numbers in_hole{0.0, 1.0, 0.7, 0.2}, beyond{-1.1, 1.0, -0.8, 1.2};
  for (std::size_t i = 0; i < pixels; i += 26) {
    const auto n = static_cast<int>(i);
    const double tolerance = rounding<typename P::real_type>(8);  // exp of 0.7, good to 3 ulp
    check_close("in a hole", jets[i], std::exp(noise(in_hole, n)), {tolerance});
    check_close("beyond", jets[lanes * pixels + i], std::exp(noise(beyond, n)), {tolerance});
    CHECK(jets[pixels + i] == 0);
  }
  const auto usual = evaluate<P>(arm, GridInterpolation::linear, points);
  const auto begin = static_cast<std::ptrdiff_t>(2 * lanes * pixels);
  check_same_bits("inside", std::vector(jets.begin() + begin, jets.end()),
                  std::vector(usual.begin() + begin, usual.end()));
}

// The domain ----------------------------------------------------------------------------------

constexpr double weight = 7.5;
constexpr int stride = 5;

template <class P>
struct PenaltyKernel {
  GridDomain<P> domain;
  Vector<const double, P> theta;
  Vector<double, P> out;  ///< value, gradient, hessian
  KOKKOS_FUNCTION void operator()(int) const {
    domain.add_penalty(theta.data(), weight, out(0), &out(1), &out(1 + stride), stride);
  }
};

template <class P>
Numbers penalty(const ArmData& arm, const Numbers& x, bool nearest_node) {
  const Exec exec{};
  const GridLibrary<P> library(exec, arm, GridInterpolation::linear, nearest_node);
  const auto out = allocate<Vector<double, P>>(exec, "out", 1 + stride + stride * stride);
  Kokkos::parallel_for(
      "penalty", typename P::range_policy(exec, 0, 1),
      PenaltyKernel<P>{library.domain(),
                       upload<Vector<const double, P>>(exec, "theta", labels_at(arm, x)), out});
  return values(exec, out);
}

/// Squared distance to the domain by looking at every cell, or distance to the nearest node.
double oracle_penalty(const ArmData& arm, const Numbers& x, bool nearest_node) {
  const auto& axes = grid_axes();
  const GridShape shape = arm.label_grid.shape();
  double least = HUGE_VAL;
  for (int node = 0; node < shape.nodes(); ++node) {
    if (nearest_node ? arm.label_grid.row[static_cast<std::size_t>(node)] < 0
                     : !arm.label_grid.is_complete(shape, node)) {
      continue;
    }
    double sum = 0.0;
    for (std::size_t j = 0; j < labels; ++j) {
      const auto k = static_cast<std::size_t>(shape.index(node, static_cast<int>(j)));
      const double low = axes[j][k], high = axes[j][nearest_node ? k : k + 1];
      const double e = (x[j] - std::clamp(x[j], low, high)) / (axes[j].back() - axes[j].front());
      sum += e * e;
    }
    least = std::min(least, sum);
  }
  return weight * (nearest_node ? std::sqrt(least) : least);
}

template <class P>
void penalizes_the_outside() {
  const ArmData arm = arm_with(with_holes);
  CHECK(largest(penalty<P>(arm, {-0.3, 0.2, 0.1, 0.1}, false)) == 0.0);
  CHECK(largest(penalty<P>(arm, {-0.3, 0.2, 0.1, 0.1}, true)) == 0.0);
  const std::vector<Numbers> points{{0.17, 0.87, 0.6, 0.1},
                                    {0.6, -0.4, 0.3, -0.8},
                                    {0.1, 1.4, -0.9, 0.0},
                                    {1.2, -1.3, 0.2, 1.4},
                                    {-1.3, 0.2, 0.2, -0.4}};
  for (const bool nearest_node : {false, true}) {
    for (const Numbers& x : points) {
      CAPTURE(x[0]);
      CAPTURE(nearest_node);
      const Numbers got = penalty<P>(arm, x, nearest_node);
      const double want = oracle_penalty(arm, x, nearest_node);
      REQUIRE(want > 1e-4);                                        // outside
      check_close("value", got[0], want, {rounding<double>(64)});  // log10 and back
      for (std::size_t j = 0; j < labels; ++j) {
        const double per_x = arm.inputs[j].scale *
                             (arm.inputs[j].log10 ? std::log(10.0) * labels_at(arm, x)[j] : 1.0);
        const double slope = oracle::derivative(
            [&](double at) {
              Numbers moved = x;
              moved[j] = at;
              return oracle_penalty(arm, moved, nearest_node);
            },
            x[j], 1e-3);
        // 3 eps / 1e-3 of values below 4: measured 7e-13, margin 14.
        check_close("gradient", got[1 + j] * per_x, slope, {1e-11});
        CHECK(got[1 + stride + j * stride + j] >= 0.0);
      }
    }
  }
}

RVFIT_TEST("grid: values and tangents agree with interpolation axis by axis", agrees_with_oracle);
RVFIT_TEST("grid: nodes have their own templates, holes those of the nearest", holds_at_nodes);
RVFIT_TEST_DOUBLE("grid: cubic interpolation keeps parabolas, and planes near holes",
                  keeps_polynomials);
RVFIT_TEST_DOUBLE("grid: no jump from cell to cell, no kink where the grid is whole",
                  is_smooth_across_faces);
RVFIT_TEST_DOUBLE("grid: tangents are the derivatives of values, in holes and beyond the axes",
                  tangents_are_derivatives);
RVFIT_TEST("grid: rvspecfit's nearest node outside", takes_the_nearest_node);
RVFIT_TEST_DOUBLE("grid: penalty and its derivatives outside the complete cells",
                  penalizes_the_outside);

}  // namespace rvfit::test::grid
