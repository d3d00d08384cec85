// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include <rvfit/solver/device_parameters.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace rvfit::test::device_parameters {

/// Two parameters: one in [-1, 2] of scale 10, one fixed at 3 outside what a start would be put into.
const ParameterSet two{{{.name = "free", .lower = -1.0, .upper = 2.0, .scale = 10.0},
                        {.name = "held", .lower = 0.0, .upper = 4.0, .fixed = true, .value = 3.0}}};

template <class P>
struct Ask {
  DeviceParameters<P> parameters;
  Vector<const double, P> starts;
  Matrix<double, P> start;  ///< (starts, 2)
  Matrix<double, P> bound;  ///< (2, 4)  lower, upper, least curvature, fixed

  KOKKOS_FUNCTION void operator()(int n) const {
    for (int p = 0; p < 2; ++p) {
      start(n, p) = parameters.start(p, starts(n));
    }
    const LmBounds<double, 8> bounds = parameters.template bounds<8>();
    for (int p = 0; n == 0 && p < 2; ++p) {
      bound(p, 0) = bounds.lower[p];
      bound(p, 1) = bounds.upper[p];
      bound(p, 2) = bounds.least_curvature[p];
      bound(p, 3) = bounds.fixed[p] ? 1.0 : 0.0;
    }
  }
};

template <class P>
void puts_starts_within_bounds() {
  const Exec exec{};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Matrix<double, P> start("start", 5, 2), bound("bound", 2, 4);
  Kokkos::parallel_for("test", typename P::range_policy(exec, 0, 5),
                       Ask<P>{DeviceParameters<P>(exec, two),
                              upload<Vector<const double, P>>(
                                  exec, "starts", std::vector<double>{-5.0, -1.0, 0.5, 7.0, nan}),
                              start, bound});
  const auto starts = values(exec, start);
  CHECK(starts[0] == -1.0);
  CHECK(starts[2] == -1.0);
  CHECK(starts[4] == 0.5);
  CHECK(starts[6] == 2.0);
  CHECK(std::isnan(starts[8]));
  for (std::size_t n = 0; n < 5; ++n) {
    CHECK(starts[2 * n + 1] == 3.0);
  }
  // 1e-12 over the square of the scales 10 and 1.
  check_close("bounds", values(exec, bound), {-1.0, 2.0, 1e-14, 0.0, 0.0, 4.0, 1e-12, 1.0},
              {.relative = 1e-15});  // one division
}

RVFIT_TEST_DOUBLE(
    "device_parameters: starts are put within the bounds, fixed ones keep their value",
    puts_starts_within_bounds);

}  // namespace rvfit::test::device_parameters
