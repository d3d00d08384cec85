// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Oracles that are linear algebra, by Eigen in double: QR instead of normal equations. Eigen's factorizations
/// take long to compile: once, in eigen_oracle.cpp.

#include <Eigen/Core>

#include <functional>
#include <string>

namespace rvfit::test::oracle {

/// A dense layer for one spectrum: rows of `in` are its lanes, the value first.
/// @param[in] weight  (outputs, inputs)
[[nodiscard]] Eigen::MatrixXd dense_layer(const Eigen::MatrixXd& in, const Eigen::MatrixXd& weight,
                                          const Eigen::VectorXd& bias, const std::string& name,
                                          double slope = 0.01);

/// One arm of one spectrum.
struct ProjectionProblem {
  Eigen::VectorXd flux, weight;  ///< (N)
  Eigen::MatrixXd basis;         ///< (N, K)
  Eigen::VectorXd value;         ///< (N)     T
  Eigen::MatrixXd tangents;      ///< (N, P)  dT/dtheta
};

/// Its marginalised likelihood.
struct Projection {
  Eigen::VectorXd coefficients, model;
  double chi2 = 0.0;
  double neg2_log_like = 0.0;
  Eigen::VectorXd gradient;
  Eigen::MatrixXd hessian;
  double condition = 0.0;  ///< of S S^T with its columns scaled to one, ridge included
};

/// Values by QR, the gradient by differences of the value along each tangent, and Kaufman's Hessian
/// 2 B (1 - Q Q^T) B^T with the projection matrix written out.
/// @param[in] ridge  added to the diagonal of S S^T, relative to it
/// @param[in] h      step of the differences: |h dT| must stay well below T
[[nodiscard]] Projection project(const ProjectionProblem& p, double ridge, double h = 0.02);

/// Residuals r(x) and their derivatives.
using Residuals =
    std::function<void(const Eigen::VectorXd& x, Eigen::VectorXd& r, Eigen::MatrixXd& jacobian)>;

/// A minimum of r . r.
struct Minimum {
  Eigen::VectorXd x;
  Eigen::MatrixXd covariance;  ///< (J^T J)^-1
  double value = 0.0;
};

/// Gauss-Newton steps by QR from a start close to the minimum; steps that do not lower r . r are halved.
[[nodiscard]] Minimum gauss_newton(const Residuals& residuals, Eigen::VectorXd x, int steps = 40);

}  // namespace rvfit::test::oracle
