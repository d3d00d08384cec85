// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Oracles that are linear algebra, by Eigen in double: QR instead of normal equations.

#include "support/oracle.hpp"

#include <Eigen/Core>
#include <Eigen/QR>
#include <cmath>
#include <string>

namespace rvfit::test::oracle {

/// A dense layer for one spectrum: rows of `in` are its lanes, the value first.
/// @param[in] weight  (outputs, inputs)
[[nodiscard]] inline Eigen::MatrixXd dense_layer(const Eigen::MatrixXd& in,
                                                 const Eigen::MatrixXd& weight,
                                                 const Eigen::VectorXd& bias,
                                                 const std::string& name, double slope = 0.01) {
  Eigen::MatrixXd out = in * weight.transpose();  // (lanes, outputs)
  for (Eigen::Index j = 0; j < out.cols(); ++j) {
    const double z = out(0, j) + bias(j);
    for (Eigen::Index l = 1; l < out.rows(); ++l) {
      out(l, j) *= activation_slope(name, z, slope);
    }
    out(0, j) = activation(name, z, slope);
  }
  return out;
}

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
  double condition = 0.0;  ///< of S S^T with its columns scaled to one
};

namespace detail {

[[nodiscard]] inline Projection project_value(const ProjectionProblem& p) {
  Projection out;
  const Eigen::MatrixXd s = (p.weight.cwiseProduct(p.value)).asDiagonal() * p.basis;  // (N, K)
  const Eigen::VectorXd d = p.weight.cwiseProduct(p.flux);
  const Eigen::Index columns = s.cols();
  const Eigen::VectorXd norm = s.colwise().norm();
  const Eigen::MatrixXd scaled = s * norm.cwiseInverse().asDiagonal();
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(scaled);
  const Eigen::MatrixXd r = qr.matrixQR().topRows(columns).triangularView<Eigen::Upper>();
  const Eigen::MatrixXd inverse =
      r.triangularView<Eigen::Upper>().solve(Eigen::MatrixXd::Identity(columns, columns));
  out.condition = std::pow(r.norm() * inverse.norm(), 2);
  out.coefficients = qr.solve(d).cwiseQuotient(norm);
  out.model = (p.basis * out.coefficients).cwiseProduct(p.value);
  out.chi2 = (d - s * out.coefficients).squaredNorm();
  out.neg2_log_like = out.chi2;
  for (Eigen::Index k = 0; k < columns; ++k) {
    out.neg2_log_like += 2.0 * std::log(std::abs(r(k, k)) * norm(k));
  }
  for (Eigen::Index i = 0; i < d.size(); ++i) {
    out.neg2_log_like += p.weight(i) > 0.0 ? -2.0 * std::log(p.weight(i)) : 0.0;
  }
  return out;
}

}  // namespace detail

/// Values by QR, the gradient by differences of the value along each tangent, and Kaufman's Hessian
/// 2 B (1 - Q Q^T) B^T with the projection matrix written out.
/// @param[in] h  step of the differences: |h dT| must stay well below T
[[nodiscard]] inline Projection project(const ProjectionProblem& p, double h = 0.02) {
  Projection out = detail::project_value(p);
  const Eigen::Index parameters = p.tangents.cols();
  out.gradient.resize(parameters);
  for (Eigen::Index q = 0; q < parameters; ++q) {
    out.gradient(q) = derivative(
        [&](double step) {
          ProjectionProblem moved = p;
          moved.value += step * p.tangents.col(q);
          return detail::project_value(moved).neg2_log_like;
        },
        0.0, h);
  }
  const Eigen::MatrixXd s = (p.weight.cwiseProduct(p.value)).asDiagonal() * p.basis;
  const Eigen::MatrixXd scaled = s * s.colwise().norm().cwiseInverse().asDiagonal();
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(scaled);
  const Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(s.rows(), s.cols());
  const Eigen::VectorXd continuum = p.basis * out.coefficients;
  const Eigen::MatrixXd b = p.weight.cwiseProduct(continuum).asDiagonal() * p.tangents;  // (N, P)
  const Eigen::MatrixXd outside =
      Eigen::MatrixXd::Identity(s.rows(), s.rows()) - q * q.transpose();
  out.hessian = 2.0 * b.transpose() * outside * b;
  return out;
}

}  // namespace rvfit::test::oracle
