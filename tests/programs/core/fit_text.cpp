// SPDX-License-Identifier: MIT

#include "core/fit_text.hpp"

#include "support/good_result.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

namespace rvfit::test {
namespace {

using rvfit_programs::labels_text;
using rvfit_programs::state_text;
using rvfit_programs::with_error;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("fit text: an error has two digits, and its value as many") {
  CHECK(with_error(-24.2891, 0.8712) == "-24.29 +- 0.87");
  CHECK(with_error(6011.6, 20.7) == "6012 +- 21");
  CHECK(with_error(6011.6, 1234.0) == "6012 +- 1234");
  CHECK(with_error(0.123456, 0.00034) == "0.12346 +- 0.00034");
  CHECK(with_error(1.0, 1e-30) == "1.000000 +- 0.000000");
  for (const double error : {0.0, -1.0, nan_value, std::numeric_limits<double>::infinity()}) {
    CHECK(with_error(4.31234, error) == "4.312");
  }
}

TEST_CASE("fit text: labels that are fitted are named, with what holds the others") {
  FitResult result = good_result(1);
  result.parameters[1].fixed = true;
  error_of(result, "logg") = nan_value;
  theta_of(result, "alpha") = nan_value;
  error_of(result, "vsini") = nan_value;
  result.bound_flags[0] = 1U << 4U;
  CHECK(labels_text(result, 0) ==
        "teff 5000.00 +- 0.25 K,  logg 4 (fixed),  vmic 1.50 +- 0.25 km/s,  vsini 20 (on a bound) "
        "km/s,  rv -100.00 +- 0.25 km/s");
}

TEST_CASE("fit text: the state is told in words, every bit of RVS_WARN") {
  FitResult result = good_result(1);
  CHECK(state_text(result, 0) == "chi2/N 1.01,  converged,  no warning");
  theta_of(result, "vsini") = 200;
  result.status[0] = FitStatus::stalled;
  CHECK(state_text(result, 0) ==
        "chi2/N 1.01,  stalled,  warning: vsini above 100 km/s; not converged");
  io::warn::Bits known = 0;
  for (const auto& [bit, words] : io::warning_words) {
    CHECK((known & bit) == 0);
    known |= bit;
  }
  CHECK(known == (0x7f | 1 << 16 | 1 << 17));  // rvspecfit's seven, and ours
  CHECK(io::warning_text(1 << 20) == "bits 1048576");
}

}  // namespace
}  // namespace rvfit::test
