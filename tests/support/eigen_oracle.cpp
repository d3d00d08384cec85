// SPDX-License-Identifier: MIT

#include "support/eigen_oracle.hpp"

#include "support/oracle.hpp"

#include <Eigen/QR>

#include <cmath>

namespace rvfit::test::oracle {

Eigen::MatrixXd dense_layer(const Eigen::MatrixXd& in, const Eigen::MatrixXd& weight,
                            const Eigen::VectorXd& bias, const std::string& name, double slope) {
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

namespace {

/// S^T (N, K), over sqrt(ridge) times the norms of its columns: (N + K, K), columns scaled to one.
struct WithRidge {
  Eigen::MatrixXd columns;  ///< S^T
  Eigen::VectorXd norm;
  Eigen::HouseholderQR<Eigen::MatrixXd> qr;

  WithRidge(const ProjectionProblem& p, double ridge)
      : columns((p.weight.cwiseProduct(p.value)).asDiagonal() * p.basis),
        norm(columns.colwise().norm()) {
    const Eigen::Index k = columns.cols();
    Eigen::MatrixXd all(columns.rows() + k, k);
    all << columns * norm.cwiseInverse().asDiagonal(),
        std::sqrt(ridge) * Eigen::MatrixXd::Identity(k, k);
    qr.compute(all);
  }
};

[[nodiscard]] Projection project_value(const ProjectionProblem& p, double ridge) {
  Projection out;
  const WithRidge s(p, ridge);
  const Eigen::VectorXd d = p.weight.cwiseProduct(p.flux);
  const Eigen::Index columns = s.columns.cols();
  const Eigen::MatrixXd r = s.qr.matrixQR().topRows(columns).triangularView<Eigen::Upper>();
  const Eigen::MatrixXd inverse =
      r.triangularView<Eigen::Upper>().solve(Eigen::MatrixXd::Identity(columns, columns));
  out.condition = std::pow(r.norm() * inverse.norm(), 2);
  Eigen::VectorXd padded = Eigen::VectorXd::Zero(d.size() + columns);
  padded.head(d.size()) = d;
  out.coefficients = s.qr.solve(padded).cwiseQuotient(s.norm);
  out.model = (p.basis * out.coefficients).cwiseProduct(p.value);
  out.chi2 = (d - s.columns * out.coefficients).squaredNorm();
  // The ridge is a prior on the coefficients.
  out.neg2_log_like = out.chi2 + ridge * s.norm.cwiseProduct(out.coefficients).squaredNorm();
  for (Eigen::Index k = 0; k < columns; ++k) {
    out.neg2_log_like += 2.0 * std::log(std::abs(r(k, k)) * s.norm(k));
  }
  for (const double w : p.weight) {
    out.neg2_log_like += w > 0.0 ? -2.0 * std::log(w) : 0.0;
  }
  return out;
}

}  // namespace

Projection project(const ProjectionProblem& p, double ridge, double h) {
  Projection out = project_value(p, ridge);
  const Eigen::Index parameters = p.tangents.cols();
  out.gradient.resize(parameters);
  for (Eigen::Index q = 0; q < parameters; ++q) {
    out.gradient(q) = derivative(
        [&](double step) {
          ProjectionProblem moved = p;
          moved.value += step * p.tangents.col(q);
          return project_value(moved, ridge).neg2_log_like;
        },
        0.0, h);
  }
  const WithRidge s(p, ridge);
  const Eigen::Index pixels = s.columns.rows(), columns = s.columns.cols();
  const Eigen::MatrixXd full =
      s.qr.householderQ() * Eigen::MatrixXd::Identity(pixels + columns, columns);
  const Eigen::MatrixXd q = full.topRows(pixels);
  const Eigen::VectorXd continuum = p.basis * out.coefficients;
  const Eigen::MatrixXd b = p.weight.cwiseProduct(continuum).asDiagonal() * p.tangents;  // (N, P)
  const Eigen::MatrixXd outside = Eigen::MatrixXd::Identity(pixels, pixels) - q * q.transpose();
  out.hessian = 2.0 * b.transpose() * outside * b;
  return out;
}

Minimum gauss_newton(const Residuals& residuals, Eigen::VectorXd x, int steps) {
  Eigen::VectorXd r, trial;
  Eigen::MatrixXd jacobian, ignored;
  residuals(x, r, jacobian);
  const Eigen::Index n = x.size();
  for (int k = 0; k < steps; ++k) {
    const Eigen::HouseholderQR<Eigen::MatrixXd> qr(jacobian);
    Eigen::VectorXd step = -qr.solve(r);
    for (int halving = 0; halving < 60; ++halving, step *= 0.5) {
      residuals(x + step, trial, ignored);
      if (trial.squaredNorm() <= r.squaredNorm()) {
        x += step;
        break;
      }
    }
    residuals(x, r, jacobian);
  }
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(jacobian);
  const Eigen::MatrixXd upper = qr.matrixQR().topRows(n).triangularView<Eigen::Upper>();
  const Eigen::MatrixXd inverse =
      upper.triangularView<Eigen::Upper>().solve(Eigen::MatrixXd::Identity(n, n));
  return {x, inverse * inverse.transpose(), r.squaredNorm()};
}

}  // namespace rvfit::test::oracle
