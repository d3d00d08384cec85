// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/core/math.hpp>
#include <rvfit/core/views.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace rvfit::test::math {

template <class P>
struct ExpKernel {
  using Real = typename P::real_type;
  Vector<const Real, P> x;
  Vector<Real, P> y;
  KOKKOS_FUNCTION void operator()(int i) const { y(i) = rvfit::detail::exp(x(i)); }
};

/// exp of host numbers, on the device.
template <class P>
std::vector<typename P::real_type> device_exp(const std::vector<typename P::real_type>& x) {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto in = upload<Vector<const Real, P>>(exec, "x", x);
  const auto out = allocate<Vector<Real, P>>(exec, "exp", x.size());
  Kokkos::parallel_for("exp", typename P::range_policy(exec, 0, x.size()), ExpKernel<P>{in, out});
  return values(exec, out);
}

/// Largest argument that is not clamped.
template <class Real>
constexpr Real limit = sizeof(Real) == 4 ? Real(87) : Real(708);

template <class P>
void stays_within_three_ulp() {
  using Real = typename P::real_type;
  Random random(1);
  std::vector<Real> x{0, limit<Real>, -limit<Real>, Real(1e-30), Real(-1e-30)};
  // Multiples of ln 2 / 2, where the argument is reduced to the ends of its interval.
  for (int n = -244; n <= 244; ++n) {
    const auto half = static_cast<Real>(0.34657359027997264 * n);
    x.insert(x.end(), {std::nextafter(half, Real(-1000)), half, std::nextafter(half, Real(1000))});
  }
  for (int n = 0; n < 300000; ++n) {
    x.push_back(static_cast<Real>(random.uniform(-1, 1) * static_cast<double>(limit<Real>)));
    x.push_back(static_cast<Real>(random.uniform(-1, 1)));
    x.push_back(static_cast<Real>(random.uniform(-1, 1) * std::exp(-random.uniform(0, 40))));
  }
  for (Real& value : x) {
    value = std::fmin(std::fmax(value, -limit<Real>), limit<Real>);
  }
  const std::vector<Real> y = device_exp<P>(x);
  long double worst = 0;
  Real worst_at = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double exact = std::exp(static_cast<long double>(x[i]));
    const Real rounded = static_cast<Real>(exact);
    const long double ulp =
        std::nextafter(rounded, std::numeric_limits<Real>::infinity()) - rounded;
    const long double error = std::abs(static_cast<long double>(y[i]) - exact) / ulp;
    if (!(error <= worst)) {
      worst = error;
      worst_at = x[i];
    }
  }
  INFO("worst at x = ", worst_at);
  CHECK(static_cast<double>(worst) < 3.0);  // the bound that the header states
}

template <class P>
void clamps_and_keeps_nan() {
  using Real = typename P::real_type;
  const Real infinity = std::numeric_limits<Real>::infinity();
  using Bits = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
  const Real nan = std::numeric_limits<Real>::quiet_NaN();
  const Real huge = std::numeric_limits<Real>::max();
  const auto exp = [](Real x) { return device_exp<P>({x}).front(); };
  CHECK(std::isnan(exp(nan)));
  CHECK(std::isnan(exp(-nan)));
  CHECK(std::isnan(exp(std::bit_cast<Real>(std::bit_cast<Bits>(nan) + Bits(1)))));  // a payload
  for (const Real x : {infinity, huge, limit<Real> * 2}) {
    // The same argument, but compilers may fold its exponential: 3 ulp each.
    const Tolerance allowed{0.0, rounding<Real>(6)};
    check_close("exp", exp(x), exp(limit<Real>), allowed);
    check_close("exp", exp(-x), exp(-limit<Real>), allowed);
  }
  CHECK(std::isnormal(exp(limit<Real>)));
  CHECK(std::isnormal(exp(-limit<Real>)));
  CHECK(exp(0) == Real(1));
}

RVFIT_TEST("math: exp is within 3 ulp of the exact value over its whole range",
           stays_within_three_ulp);
RVFIT_TEST("math: exp clamps to normal numbers and keeps NaN", clamps_and_keeps_nan);

}  // namespace rvfit::test::math
