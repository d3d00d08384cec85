// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/linalg/cholesky.hpp>

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include <limits>
#include <vector>

namespace rvfit::test::cholesky {

constexpr double tolerance = 64 * std::numeric_limits<double>::epsilon();  // projection's
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A matrix in rows of `stride`, its upper triangle and the rest filled with NaN: never to be read.
struct Stored {
  int n, stride;
  std::vector<double> a;

  Stored(const Eigen::MatrixXd& full, int row_stride)
      : n(static_cast<int>(full.rows())),
        stride(row_stride),
        a(static_cast<std::size_t>(n * stride), nan) {
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j <= i; ++j) {
        a[static_cast<std::size_t>(i * stride + j)] = full(i, j);
      }
    }
  }

  int factor() { return cholesky_factor(a.data(), n, stride, tolerance); }
  [[nodiscard]] Eigen::MatrixXd lower() const {
    Eigen::MatrixXd l = Eigen::MatrixXd::Zero(n, n);
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j <= i; ++j) {
        l(i, j) = a[static_cast<std::size_t>(i * stride + j)];
      }
    }
    return l;
  }
  [[nodiscard]] Eigen::VectorXd solve(Eigen::VectorXd x) const {
    cholesky_solve(a.data(), n, stride, x.data());
    return x;
  }
  [[nodiscard]] double log_det() const { return cholesky_log_det(a.data(), n, stride); }
};

/// V V^T of a random (n, 2 n) matrix V, well conditioned.
Eigen::MatrixXd random_spd(int n, std::uint64_t seed) {
  Random random(seed);
  Eigen::MatrixXd v(n, 2 * n);
  for (Eigen::Index i = 0; i < v.size(); ++i) {
    v.data()[i] = random.uniform(-1, 1);
  }
  return v * v.transpose() + 0.1 * Eigen::MatrixXd::Identity(n, n);
}

std::vector<double> numbers(const Eigen::MatrixXd& m) { return {m.data(), m.data() + m.size()}; }

TEST_CASE("cholesky: factors, solves and takes the determinant as Eigen does") {
  for (const int n : {1, 2, 3, 6, 10, 24}) {
    CAPTURE(n);
    const Eigen::MatrixXd a = random_spd(n, static_cast<std::uint64_t>(n));
    Stored stored(a, n + 3);
    CHECK(stored.factor() == n);
    const Eigen::LLT<Eigen::MatrixXd> llt(a);
    const double condition = a.norm() * a.inverse().norm();
    const double relative = rounding<double>(n * condition);  // sums of up to n products
    check_close("L", numbers(stored.lower()), numbers(Eigen::MatrixXd(llt.matrixL())),
                {relative * std::sqrt(a.diagonal().maxCoeff())});
    const Eigen::VectorXd x = Eigen::VectorXd::LinSpaced(n, -1, 2);
    const Eigen::VectorXd want = llt.solve(x);
    check_close("solution", numbers(stored.solve(x)), numbers(want), {relative * want.norm()});
    check_close("ln det", stored.log_det(), std::log(a.determinant()), {relative * n});
  }
}

TEST_CASE("cholesky: forward and backward substitution are the two halves of a solution") {
  const Eigen::MatrixXd a = random_spd(5, 50);
  Stored stored(a, 5);
  REQUIRE(stored.factor() == 5);
  const Eigen::MatrixXd l = stored.lower();
  Eigen::VectorXd y = Eigen::VectorXd::LinSpaced(5, 1, 2), z = y;
  cholesky_forward(stored.a.data(), 5, 5, y.data());
  cholesky_backward(stored.a.data(), 5, 5, z.data());
  const double allowed = rounding<double>(200);  // condition of L below 20, five terms each way
  check_close("L y", numbers(l * y), {1, 1.25, 1.5, 1.75, 2}, {allowed});
  check_close("L^T z", numbers(l.transpose() * z), {1, 1.25, 1.5, 1.75, 2}, {allowed});
}

TEST_CASE("cholesky: a two by two matrix by hand") {
  std::vector<double> a{4, nan, 2, 10};
  CHECK(cholesky_factor(a.data(), 2, 2, tolerance) == 2);
  CHECK(a[0] == 2);
  CHECK(a[2] == 1);
  CHECK(a[3] == 3);
  std::vector<double> x{8, 22};
  cholesky_solve(a.data(), 2, 2, x.data());
  CHECK(x == std::vector<double>{1, 2});
  // Two logarithms, their sum and its double.
  check_close("ln det", cholesky_log_det(a.data(), 2, 2), std::log(36.0), {rounding<double>(4)});
}

/// Without row and column `skip`.
Eigen::MatrixXd without(const Eigen::MatrixXd& a, int skip) {
  const auto n = static_cast<int>(a.rows());
  Eigen::MatrixXd rest(n - 1, n - 1);
  for (int i = 0; i < n - 1; ++i) {
    for (int j = 0; j < n - 1; ++j) {
      rest(i, j) = a(i + (i >= skip ? 1 : 0), j + (j >= skip ? 1 : 0));
    }
  }
  return rest;
}

/// Check that `a` factors as if row and column `dropped` were not there.
void check_dropped(const Eigen::MatrixXd& a, int dropped) {
  CAPTURE(dropped);
  const auto n = static_cast<int>(a.rows());
  Stored stored(a, n);
  CHECK(stored.factor() == n - 1);
  const Eigen::MatrixXd l = stored.lower();
  CHECK(l.row(dropped).isZero(0.0));
  CHECK(l.col(dropped).isZero(0.0));
  Stored rest(without(a, dropped), n - 1);
  REQUIRE(rest.factor() == n - 1);
  // The same sums, in another order where compilers vectorise them; conditions are below 100.
  const double allowed = rounding<double>(
      100 * n, std::sqrt(a.diagonal().array().isFinite().select(a.diagonal(), 0.0).maxCoeff()));
  check_close("L", numbers(without(l, dropped)), numbers(rest.lower()), {allowed});
  Eigen::VectorXd x = Eigen::VectorXd::LinSpaced(n, 1, 2);
  x(dropped) = nan;  // a bad right-hand side goes with its column
  const Eigen::VectorXd y = stored.solve(x);
  CHECK(y(dropped) == 0.0);
  CHECK(y.allFinite());
  check_close("ln det", stored.log_det(), rest.log_det(), {allowed});
}

TEST_CASE("cholesky: a column that depends on those before is dropped, the others solved") {
  for (const int dependent : {1, 3, 5}) {
    Random random(7);
    Eigen::MatrixXd v(6, 12);
    for (Eigen::Index i = 0; i < v.size(); ++i) {
      v.data()[i] = random.uniform(-1, 1);
    }
    v.row(dependent) = -0.5 * v.row(0);
    if (dependent > 2) {
      v.row(dependent) += 2.0 * v.row(2);
    }
    check_dropped(v * v.transpose(), dependent);
  }
}

TEST_CASE("cholesky: an empty column is dropped, wherever it is") {
  for (const int empty : {0, 2, 3}) {
    Eigen::MatrixXd a = random_spd(4, 9);
    a.row(empty).setZero();
    a.col(empty).setZero();
    check_dropped(a, empty);
  }
}

TEST_CASE("cholesky: a row with a number that is not finite is dropped") {
  for (const double bad : {nan, infinity, -infinity}) {
    CAPTURE(bad);
    Eigen::MatrixXd diagonal = random_spd(4, 11);
    diagonal(2, 2) = bad;
    check_dropped(diagonal, 2);
    Eigen::MatrixXd corner = random_spd(4, 11);
    corner(3, 1) = bad;
    check_dropped(corner, 3);
  }
}

TEST_CASE("cholesky: small columns are kept: pivots count relative to their diagonal") {
  const Eigen::MatrixXd scale = Eigen::Vector4d(1, 1e-80, 1e60, 1e-140).asDiagonal();
  Stored stored(scale * random_spd(4, 13) * scale, 4);
  CHECK(stored.factor() == 4);
}

TEST_CASE("cholesky: a matrix that is not positive definite loses columns") {
  Eigen::Matrix2d a;
  a << 1, 2, 2, 1;
  CHECK(Stored(a, 2).factor() == 1);
  CHECK(Stored(-Eigen::Matrix3d::Identity(), 3).factor() == 0);
  CHECK(Stored(Eigen::Matrix3d::Constant(nan), 3).factor() == 0);
}

TEST_CASE("cholesky: solves in float as well") {
  float a[] = {4, 0, 2, 10};
  float x[] = {8, 22};
  CHECK(cholesky_factor(a, 2, 2, 1e-5F) == 2);  // pivots are 4 and 9
  cholesky_solve(a, 2, 2, x);
  CHECK(x[0] == 1.0F);
  CHECK(x[1] == 2.0F);
}

}  // namespace rvfit::test::cholesky
