// SPDX-License-Identifier: MIT

/// @file
/// Covariances of Hessians that may be singular, against inverses by hand.

#include <rvfit/solver/determined_covariance.hpp>

#include <doctest/doctest.h>
#include <support/tolerance.hpp>

#include <array>
#include <cmath>

namespace rvfit::test {

namespace {

struct Answer {
  DeterminedParameters determined;
  std::array<double, 6> covariance;
};

/// H = 2 [a, b, c; b, d, e; c, e, f] as its lower triangle a, b, d, c, e, f.
Answer answer(std::array<double, 6> half, const std::array<bool, 3>& free = {true, true, true}) {
  Answer out;
  for (double& h : half) {
    h *= 2.0;
  }
  out.determined =
      determined_covariance<3>(3, free.data(), half.data(), 1e-14, out.covariance.data());
  return out;
}

}  // namespace

TEST_CASE("determined_covariance: of a regular Hessian it is the inverse, whatever the units") {
  // [2, 1, 0; 1, 2, 1; 0, 1, 2] has the determinant 4.
  for (const double unit : {1.0, 1e-140, 1e140}) {
    const auto [determined, c] = answer({2.0, unit, 2.0 * unit * unit, 0.0, unit, 2.0});
    CHECK(determined.rank == 3);
    CHECK(determined.undetermined == 0U);
    CHECK(c[0] == rounded(0.75, 16));
    CHECK(c[1] * unit == rounded(-0.5, 16));
    CHECK(c[2] * unit * unit == rounded(1.0, 16));
    CHECK(c[3] == rounded(0.25, 16));
    CHECK(c[5] == rounded(0.75, 16));
  }
}

TEST_CASE("determined_covariance: what no null vector touches keeps its error") {
  // Parameters 0 and 2 act alike; 1 is apart, with a curvature of 3.
  const auto [determined, c] = answer({1.0, 0.0, 3.0, 1.0, 0.0, 1.0});
  CHECK(determined.rank == 2);
  CHECK(determined.undetermined == 5U);
  CHECK(std::isnan(c[0]));
  CHECK(std::isnan(c[3]));
  CHECK(std::isnan(c[5]));
  CHECK(c[2] == rounded(1.0 / 3.0, 4));
  // With one of the two held the other is determined.
  const auto [held, d] = answer({1.0, 0.0, 3.0, 1.0, 0.0, 1.0}, {true, true, false});
  CHECK(held.rank == 2);
  CHECK(held.undetermined == 0U);
  CHECK(d[0] == rounded(1.0, 4));
  CHECK(std::isnan(d[5]));
}

TEST_CASE("determined_covariance: a parameter without influence is undetermined") {
  const auto [determined, c] = answer({1.0, 0.0, 0.0, 0.5, 0.0, 1.0});
  CHECK(determined.rank == 2);
  CHECK(determined.undetermined == 2U);
  CHECK(c[0] == rounded(4.0 / 3.0, 16));
  CHECK(std::isnan(c[2]));
}

}  // namespace rvfit::test
