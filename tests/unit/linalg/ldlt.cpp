// SPDX-License-Identifier: MIT

#include <rvfit/linalg/ldlt.hpp>

#include <doctest/doctest.h>
#include <support/tolerance.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace rvfit::test {

TEST_CASE("ldlt: solves positive definite systems") {
  for (const int n : {1, 2, 5, 12, 32}) {
    // A Hilbert matrix with 1 added to its diagonal: eigenvalues between 1 and 3.
    const auto element = [](int i, int j) { return 1.0 / (i + j + 1) + (i == j ? 1.0 : 0.0); };
    std::vector<double> factor, x;
    for (int i = 0; i < n; ++i) {
      double sum = 0.0;
      for (int j = 0; j < n; ++j) {
        sum += element(i, j) * (1.0 + j);
      }
      x.push_back(sum);
      for (int j = 0; j <= i; ++j) {
        factor.push_back(element(i, j));
      }
    }
    REQUIRE(static_cast<int>(factor.size()) == packed(n, 0));
    REQUIRE(ldlt_factor(factor.data(), n, 1e-15));  // pivots are at least 1
    ldlt_solve(factor.data(), n, x.data());
    for (int i = 0; i < n; ++i) {
      // Numbers up to n, n roundings each, times the condition.
      CHECK(std::abs(x[static_cast<std::size_t>(i)] - (1.0 + i)) < rounding<double>(3 * n, n));
    }
  }
}

TEST_CASE("ldlt: says where a matrix is not positive definite, in its own lane only") {
  using L = Pack<double, 4>;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  // [2, 1; 1, c] has the pivots 2 and c - 1/2.
  L factor[3] = {L(2.0), L(1.0), L(0.0)};
  const double corner[4] = {1.0, 0.5, 0.25, nan};
  for (int w = 0; w < 4; ++w) {
    factor[2].set(w, corner[w]);
  }
  const auto positive = ldlt_factor(factor, 2, 1e-15);
  CHECK(positive[0]);
  CHECK(!positive[1]);
  CHECK(!positive[2]);
  CHECK(!positive[3]);
  L x[2] = {L(3.0), L(2.0)};
  ldlt_solve(factor, 2, x);
  CHECK(x[0][0] == 1.0);  // 2 + 1, 1 + 1: no digit is lost
  CHECK(x[1][0] == 1.0);
  double dependent[3] = {1.0, 1.0, 1.0 + 1e-13};
  CHECK(!ldlt_factor(dependent, 2, 1e-12));  // the second pivot is 1e-13
}

}  // namespace rvfit::test
