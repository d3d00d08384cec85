// SPDX-License-Identifier: MIT

/// @file
/// Results in words, of fits that are written down by hand.

#include <rvfit/residual/report.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

namespace rvfit::test {

namespace report_cases {

using Host = Policy<Kokkos::DefaultHostExecutionSpace, double, double>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Two fits of three parameters: a good one whose third parameter is on a bound, and one that did not start.
ResidualFits<Host> two_fits(const Host::execution_space& exec) {
  ResidualFits<Host> fits(exec, 2, 3, true);
  const double theta[2][3] = {{4.98001, -0.0123456, 2.0}, {1.0, 1.0, 1.0}};
  for (int b = 0; b < 2; ++b) {
    for (int p = 0; p < 3; ++p) {
      fits.theta(b, p) = theta[b][p];
      for (int q = 0; q < 3; ++q) {
        fits.covariance(b, p, q) = fits.correlation(b, p, q) = nan;
      }
    }
  }
  fits.covariance(0, 0, 0) = 0.0246 * 0.0246;
  fits.covariance(0, 1, 1) = 1e-6;
  fits.correlation(0, 0, 0) = fits.correlation(0, 1, 1) = 1.0;
  fits.correlation(0, 0, 1) = fits.correlation(0, 1, 0) = -0.25;
  fits.value(0) = 14.0;
  fits.value(1) = nan;
  fits.status(0) = FitStatus::converged;
  fits.status(1) = FitStatus::non_finite;
  fits.iterations(0) = 7;
  fits.evaluations(0) = 8;
  fits.iterations(1) = 0;
  fits.evaluations(1) = 1;
  for (int b = 0; b < 2; ++b) {
    fits.rank(b) = b == 0 ? 2 : 0;
    fits.freedom(b) = b == 0 ? 28 : 30;
    fits.undetermined(b) = 0;
    fits.on_bound(b) = b == 0 ? 4 : 0;
  }
  return fits;
}

bool has(const std::string& text, const std::string& line) {
  return text.find(line) != std::string::npos;
}

}  // namespace report_cases

TEST_CASE("report: a fit says how it ended, what it found and what it could not tell") {
  using namespace report_cases;
  const Host::execution_space exec;
  const auto fits = two_fits(exec);
  const ParameterSet names({{.name = "flux", .unit = "mJy"}, {.name = "x"}, {.name = "width"}});
  const std::string good = report<Host>(exec, fits, 0, names);
  CAPTURE(good);
  CHECK(has(good, "fit 0: converged, at a minimum"));
  CHECK(has(good, "  7 steps, 8 evaluations of the model\n"));
  CHECK(has(good, "  F = 14, 28 degrees of freedom, reduced 0.5\n"));
  CHECK(has(good, "  flux   4.98 +- 0.025 mJy\n"));
  CHECK(has(good, "  x      -0.0123 +- 0.001\n"));
  CHECK(has(good, "  width  2, on a bound\n"));
  CHECK(has(good, "  x     -0.250  1.000\n"));
  fits.on_bound(0) = 0;
  fits.undetermined(0) = 4;
  CHECK(has(report<Host>(exec, fits, 0), "  theta2  2, undetermined by the data\n"));
  const std::string bad = report<Host>(exec, fits, 1);
  CHECK(has(bad, "fit 1: non_finite, the model or its derivatives are not finite at the start"));
  CHECK(!has(bad, "+-"));
  CHECK_THROWS_AS((void)report<Host>(exec, fits, 2), InvalidArgument);
  CHECK_THROWS_AS((void)report<Host>(exec, fits, 0, ParameterSet({{.name = "a"}})),
                  InvalidArgument);
}

TEST_CASE("report: the summary of a batch counts statuses and has quantiles") {
  using namespace report_cases;
  const Host::execution_space exec;
  const std::string text = summary<Host>(exec, two_fits(exec));
  CAPTURE(text);
  CHECK(has(text, "2 fits\n"));
  CHECK(has(text, "       1 converged"));
  CHECK(has(text, "       1 non_finite"));
  CHECK(has(text, "0 with an undetermined parameter, 1 with one on a bound"));
  CHECK(has(text, "  theta0                     4.98      4.98      4.98      4.98      4.98\n"));
}

}  // namespace rvfit::test
