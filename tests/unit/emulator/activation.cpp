// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/core/views.hpp>
#include <rvfit/emulator/activation.hpp>

#include <string>
#include <vector>

namespace rvfit::test::activation {

struct Named {
  Activation activation;
  const char* name;
};

constexpr Named all[] = {{Activation::identity, "identity"},
                         {Activation::silu, "silu"},
                         {Activation::relu, "relu"},
                         {Activation::leaky_relu, "leaky_relu"},
                         {Activation::sigmoid, "sigmoid"},
                         {Activation::tanh, "tanh"},
                         {Activation::exponential, "exponential"}};

constexpr double leak = 0.25;

template <class P>
struct ActivationKernel {
  using Real = typename P::real_type;
  Activation activation;
  Vector<const Real, P> z;
  Vector<Real, P> value, slope;
  KOKKOS_FUNCTION void operator()(int i) const {
    rvfit::detail::visit_activation(activation, leak, [&](const auto& f) {
      const auto jet = f(z(i));
      value(i) = jet.value;
      slope(i) = jet.slope;
    });
  }
};

/// Values, then slopes.
template <class P>
std::vector<typename P::real_type> jets(Activation activation, const std::vector<double>& z) {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto value = allocate<Vector<Real, P>>(exec, "value", z.size());
  const auto slope = allocate<Vector<Real, P>>(exec, "slope", z.size());
  Kokkos::parallel_for(
      "activation", typename P::range_policy(exec, 0, z.size()),
      ActivationKernel<P>{activation, upload<Vector<const Real, P>>(exec, "z", z), value, slope});
  auto result = values(exec, value);
  const auto slopes = values(exec, slope);
  result.insert(result.end(), slopes.begin(), slopes.end());
  return result;
}

template <class P>
void agrees_with_definitions() {
  using Real = typename P::real_type;
  Random random(3);
  std::vector<double> z = random.uniform(2000, -12, 12);
  for (const double special : {0.0, 1e-6, -1e-6, 60.0, -60.0, 80.0, -80.0}) {
    z.push_back(static_cast<double>(static_cast<float>(special)));
  }
  for (const auto [activation, name] : all) {
    CAPTURE(name);
    std::vector<double> want;
    for (const double x : z) {
      want.push_back(oracle::activation(name, x, leak));
    }
    for (const double x : z) {
      want.push_back(oracle::activation_slope(name, x, leak));
    }
    // An exponential within 3 ulp and a few operations; slopes are products that cancel to
    // absolute rounding of (1 - s) times |z| <= 80 at worst.
    check_close(name, jets<P>(activation, z), want, {rounding<Real>(16), rounding<Real>(16)});
  }
}

template <class P>
void slopes_are_derivatives() {
  const std::vector<double> z{-7.5, -2.25, -0.75, -0.3125, 0.25, 0.5, 1.125, 3.0, 6.5};
  // Step 0.03: all |z| > 6 h, so that no stencil reaches a kink at 0; the nearest pole of the
  // logistic function is at pi, (h / pi)^8 = 7e-17, and rounding is 3 eps |f| / h = 2e-14 |f|.
  constexpr double h = 0.03;
  for (const auto [activation, name] : all) {
    CAPTURE(name);
    const auto values_at = [&](double shift) {
      std::vector<double> moved = z;
      for (double& x : moved) {
        x += shift;
      }
      auto value = jets<P>(activation, moved);
      value.resize(z.size());
      return value;
    };
    const auto jet = jets<P>(activation, z);
    const std::vector<double> slope(jet.begin() + static_cast<std::ptrdiff_t>(z.size()), jet.end());
    check_close(name, slope, oracle::derivative_of_array(values_at, 0.0, h),
                {1e-12, 1e-12});  // fifty times that rounding: exp is good to 3 ulp
  }
}

template <class P>
void keeps_nan_and_saturates() {
  using Real = typename P::real_type;
  const double infinity = std::numeric_limits<double>::infinity();
  for (const auto [activation, name] : all) {
    CAPTURE(name);
    CHECK(std::isnan(jets<P>(activation, {std::nan("")})[0]));
  }
  for (const double huge : {1e4, 1e30, infinity}) {
    CHECK(jets<P>(Activation::sigmoid, {huge})[0] == Real(1));
    CHECK(jets<P>(Activation::tanh, {huge})[0] == Real(1));
    CHECK(jets<P>(Activation::tanh, {-huge})[0] == Real(-1));
    CHECK(jets<P>(Activation::sigmoid, {-huge})[0] < Real(1e-30));  // exp of -87 or below
    CHECK(std::isfinite(jets<P>(Activation::exponential, {huge})[0]));
  }
}

TEST_CASE("activation: relu is flat at and below zero, leaky_relu has its slope there") {
  using rvfit::detail::LeakyRelu;
  CHECK(LeakyRelu{0.0}(0.0).slope == 0.0);
  CHECK(LeakyRelu{0.0}(-3.0).value == 0.0);
  CHECK(LeakyRelu{0.25}(0.0).slope == 0.25);
  CHECK(LeakyRelu{0.25}(-4.0F).value == -1.0F);
}

RVFIT_TEST("activation: values and slopes are those of their definitions", agrees_with_definitions);
RVFIT_TEST_DOUBLE("activation: slopes are the derivatives of values", slopes_are_derivatives);
RVFIT_TEST("activation: NaN stays NaN, and large arguments saturate", keeps_nan_and_saturates);

}  // namespace rvfit::test::activation
