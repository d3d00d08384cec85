// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/emulator/domain.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace rvfit::test::domain {

constexpr int labels = 3;
constexpr int stride = 5;  // the domain's labels are the first of five parameters
constexpr double weight = 7.5;

/// A box |x_j| <= 1 with one corner cut off, in the scaled inputs: (n, labels + 1).
const std::vector<double> half_spaces{1, 0,  0, -1, -1, 0,  0, -1, 0,  1,  0,   -1,  0,   -1,
                                      0, -1, 0, 0,  1,  -1, 0, 0,  -1, -1, 0.6, 0.6, 0.5, -0.9};
const std::vector<double> offset{3.7, 2.0, -1.0}, scale{0.2, 1.5, 0.5};
constexpr bool takes_log10[] = {true, false, false};

/// The penalty, from its formula.
double penalty(const std::vector<double>& theta) {
  double outside = 0.0;
  for (std::size_t n = 0; n < half_spaces.size(); n += labels + 1) {
    double distance = half_spaces[n + labels];
    for (std::size_t j = 0; j < labels; ++j) {
      const double q = takes_log10[j] ? std::log10(theta[j]) : theta[j];
      distance += half_spaces[n + j] * (q - offset[j]) / scale[j];
    }
    outside = std::max(outside, distance);
  }
  return weight * outside * outside;
}

template <class P>
struct PenaltyKernel {
  ArmDomain<P> domain;
  Vector<const double, P> theta;
  Vector<double, P> value, gradient, hessian;
  bool derivatives;
  KOKKOS_FUNCTION void operator()(int) const {
    domain.add_penalty(theta.data(), weight, value(0), derivatives ? gradient.data() : nullptr,
                       derivatives ? hessian.data() : nullptr, stride);
  }
};

struct Sums {
  std::vector<double> value, gradient, hessian;
};

/// The part that add_penalty adds to sums that start at one.
template <class P>
Sums added(const std::vector<double>& theta, bool derivatives) {
  const Exec exec{};
  const ArmDomain<P> domain{
      upload_matrix<Matrix<const double, P>>(exec, "half-spaces", half_spaces,
                                             half_spaces.size() / (labels + 1), labels + 1),
      {upload<Vector<const double, P>>(exec, "offset", offset),
       upload<Vector<const double, P>>(exec, "scale", scale),
       upload<Vector<const int, P>>(exec, "log10",
                                    std::vector<int>(takes_log10, takes_log10 + labels))}};
  const auto ones = [&](std::size_t n) {
    return upload<Vector<double, P>>(exec, "sums", std::vector<double>(n, 1.0));
  };
  const auto value = ones(1), gradient = ones(stride), hessian = ones(stride * stride);
  Kokkos::parallel_for("penalty", typename P::range_policy(exec, 0, 1),
                       PenaltyKernel<P>{domain, upload<Vector<const double, P>>(exec, "t", theta),
                                        value, gradient, hessian, derivatives});
  Sums sums{values(exec, value), values(exec, gradient), values(exec, hessian)};
  for (auto* part : {&sums.value, &sums.gradient, &sums.hessian}) {
    for (double& x : *part) {
      x -= 1.0;
    }
  }
  return sums;
}

template <class P>
void is_nothing_inside() {
  for (const std::vector<double>& theta : {std::vector<double>{std::pow(10, 3.7), 2, -1, 0, 0},
                                           {std::pow(10, 3.6), 0.6, -1.4, 0, 0}}) {
    const Sums sums = added<P>(theta, true);
    CHECK(sums.value[0] == 0.0);
    CHECK(largest(sums.gradient) == 0.0);
    CHECK(largest(sums.hessian) == 0.0);
  }
}

template <class P>
void agrees_with_its_formula() {
  // Beyond one face, beyond several, beyond the cut corner.
  for (const std::vector<double>& theta : {std::vector<double>{6500, 3.4, -0.6, 100, 20},
                                           {9000, 2.0, -1.0, 0, 0},
                                           {3100, 4.4, 0.6, 5, 5},
                                           {5500, 3.3, -0.55, 0, 0},
                                           {5000, -3.0, -1.2, 0, 0}}) {
    CAPTURE(theta[0]);
    const Sums sums = added<P>(theta, true);
    const double want = penalty(theta);
    REQUIRE(want > 1e-3);  // outside
    // Sums of four products from numbers up to 10, squared, and added to 1. Two libraries' log10, near 4, may differ by a
    // unit in the last place, which is five in x = (log10 - offset) / scale: weight d^2 changes by 2 weight d as much.
    const double of_log10 = rounding<double>(1, 4.0) / scale[0];
    check_close("value", sums.value[0], want,
                {rounding<double>(4) + 2 * std::sqrt(weight * want) * std::sqrt(weight) * of_log10,
                 rounding<double>(16)});
    CHECK(added<P>(theta, false).value == sums.value);
    std::vector<double> gradient(stride, 0.0);
    for (std::size_t j = 0; j < labels; ++j) {
      // Step 1e-2 of the scale: the penalty is a quadratic in x, log10(theta) smooth over 4 % of it.
      const double h = takes_log10[j] ? 0.01 * theta[j] : 0.01 * scale[j];
      gradient[j] = oracle::derivative(
          [&](double x) {
            std::vector<double> moved = theta;
            moved[j] = x;
            return penalty(moved);
          },
          theta[j], h);
    }
    // 3 eps |f| / h: measured 4e-14, margin 25.
    check_close("gradient", sums.gradient, gradient, {1e-12, 1e-12});
    // Gauss-Newton: gradient gradient^T / (2 value).
    std::vector<double> hessian;
    for (const double p : gradient) {
      for (const double q : gradient) {
        hessian.push_back(p * q / (2.0 * want));
      }
    }
    check_close("hessian", sums.hessian, hessian, {2e-12, 2e-12});  // two of those gradients
  }
}

RVFIT_TEST_DOUBLE("domain: no penalty inside", is_nothing_inside);
RVFIT_TEST_DOUBLE("domain: value, gradient and curvature outside are those of the formula",
                  agrees_with_its_formula);

}  // namespace rvfit::test::domain
