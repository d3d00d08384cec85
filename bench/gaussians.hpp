// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The fits of bench/gaussians.cpp: a Gaussian on a line (4 parameters) and a round one on a square
/// image (5 parameters), as models of rvfit and as functors of Eigen and Ceres.

#include <Kokkos_Core.hpp>
#include <ceres/tiny_solver.h>
#include <unsupported/Eigen/LevenbergMarquardt>

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

namespace rvfit::bench {

using Kokkos::exp;

/// a exp(-u^2 / 2) + c, u = (i - m) / s; theta = (a, m, s, c).
struct Gaussian1d {
  static constexpr int parameters = 4;
  static constexpr const char* name = "gaussian_1d";
  int side = 1;  ///< points

  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    const T u = (static_cast<double>(i) - theta[1]) / theta[2];
    return theta[0] * exp(-0.5 * (u * u)) + theta[3];
  }
  template <class T>
  KOKKOS_FUNCTION T linearize(const T* theta, int i, T* derivative) const {
    const T inverse = 1.0 / theta[2];
    const T u = (static_cast<double>(i) - theta[1]) * inverse;
    const T e = exp(-0.5 * (u * u));
    const T slope = theta[0] * e * u * inverse;
    derivative[0] = e;
    derivative[1] = slope;
    derivative[2] = slope * u;
    derivative[3] = T(1.0);
    return theta[0] * e + theta[3];
  }

  static constexpr int points(int side) { return side; }
  static std::vector<double> truth(int side) { return {10.0, 0.5 * (side - 1), 0.15 * side, 2.0}; }
};

/// a exp(-(u^2 + v^2) / 2) + c, u = (column - m) / s, v = (row - n) / s; theta = (a, m, n, s, c).
struct Gaussian2d {
  static constexpr int parameters = 5;
  static constexpr const char* name = "gaussian_2d";
  int side = 1;  ///< of the image

  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    const T u = (static_cast<double>(i % side) - theta[1]) / theta[3];
    const T v = (static_cast<double>(i / side) - theta[2]) / theta[3];
    return theta[0] * exp(-0.5 * (u * u + v * v)) + theta[4];
  }
  template <class T>
  KOKKOS_FUNCTION T linearize(const T* theta, int i, T* derivative) const {
    const T inverse = 1.0 / theta[3];
    const T u = (static_cast<double>(i % side) - theta[1]) * inverse;
    const T v = (static_cast<double>(i / side) - theta[2]) * inverse;
    const T square = u * u + v * v;
    const T e = exp(-0.5 * square);
    const T slope = theta[0] * e * inverse;
    derivative[0] = e;
    derivative[1] = slope * u;
    derivative[2] = slope * v;
    derivative[3] = slope * square;
    derivative[4] = T(1.0);
    return theta[0] * e + theta[4];
  }

  static constexpr int points(int side) { return side * side; }
  static std::vector<double> truth(int side) {
    const double middle = 0.5 * (side - 1);
    return {10.0, middle, middle, 0.2 * side, 2.0};
  }
};

/// N data sets with their starts, in host memory.
struct Samples {
  int fits = 0, points = 0, parameters = 0;
  std::vector<double> y;       ///< (N, M)
  std::vector<double> weight;  ///< (M)     1 / sigma
  std::vector<double> start;   ///< (N, P)
};

/// Noise of sigma = 1 on models whose parameters scatter about `truth` (places by 5 % of the side, the
/// others by 10 %), with starts as far from them again.
template <class Model>
[[nodiscard]] Samples simulate(int side, int fits) {
  Samples out{fits, Model::points(side), Model::parameters, {}, {}, {}};
  std::mt19937_64 random(20240607);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  const Model model{side};
  const std::vector<double> middle = Model::truth(side);
  const auto scatter = [&](const std::vector<double>& about) {
    std::vector<double> theta = about;
    for (std::size_t p = 0; p < theta.size(); ++p) {
      const bool place = p > 0 && p + 2 < theta.size();
      theta[p] += uniform(random) * (place ? 0.05 * side : 0.1 * about[p]);
    }
    return theta;
  };
  out.weight.assign(static_cast<std::size_t>(out.points), 1.0);
  for (int b = 0; b < fits; ++b) {
    const std::vector<double> truth = scatter(middle);
    for (int i = 0; i < out.points; ++i) {
      out.y.push_back(model(truth.data(), i) + normal(random));
    }
    const std::vector<double> start = scatter(truth);
    out.start.insert(out.start.end(), start.begin(), start.end());
  }
  return out;
}

/// Residuals w (f - y) and their Jacobian (column-major) as vector code over the points.
template <class Model, int Side>
class Residuals {
 public:
  static constexpr int m = Model::points(Side);
  static constexpr int n = Model::parameters;
  using Points = Eigen::Array<double, m, 1>;

  Residuals() {
    for (int i = 0; i < m; ++i) {
      column_[i] = i % Side;
      row_[i] = i / Side;
    }
  }
  void bind(const double* y, const double* weight) {
    y_ = y;
    weight_ = weight;
  }

  /// @param[out] residual  (m)
  /// @param[out] jacobian  (m, n), if not null
  void evaluate(const double* theta, double* residual, double* jacobian) const {
    const Eigen::Map<const Points> y(y_), weight(weight_);
    const double inverse = 1.0 / theta[n - 2];
    const Points u = (column_ - theta[1]) * inverse;
    Points square = u.square();
    Points v;
    if constexpr (n == 5) {
      v = (row_ - theta[2]) * inverse;
      square += v.square();
    }
    const Points e = weight * (-0.5 * square).exp();
    if (residual != nullptr) {
      Eigen::Map<Points>{residual} = theta[0] * e + weight * (theta[n - 1] - y);
    }
    if (jacobian != nullptr) {
      const auto derivative = [&](int p) { return Eigen::Map<Points>(jacobian + p * m); };
      const double slope = theta[0] * inverse;
      derivative(0) = e;
      derivative(1) = slope * e * u;
      if constexpr (n == 5) {
        derivative(2) = slope * e * v;
      }
      derivative(n - 2) = slope * e * square;
      derivative(n - 1) = weight;
    }
  }

 private:
  Points column_, row_;
  const double* y_ = nullptr;
  const double* weight_ = nullptr;
};

/// For Eigen's LevenbergMarquardt, which wants matrices of dynamic size.
template <class Model, int Side>
struct EigenFunctor : Eigen::DenseFunctor<double> {
  Residuals<Model, Side> residuals;

  EigenFunctor() : DenseFunctor(Model::parameters, Model::points(Side)) {}

  int operator()(const Eigen::VectorXd& theta, Eigen::VectorXd& residual) const {
    residuals.evaluate(theta.data(), residual.data(), nullptr);
    return 0;
  }
  int df(const Eigen::VectorXd& theta, Eigen::MatrixXd& jacobian) const {
    residuals.evaluate(theta.data(), nullptr, jacobian.data());
    return 0;
  }
};

/// For Ceres' TinySolver.
template <class Model, int Side>
struct CeresFunctor {
  using Scalar = double;
  enum { NUM_RESIDUALS = Model::points(Side), NUM_PARAMETERS = Model::parameters };
  Residuals<Model, Side> residuals;

  bool operator()(const double* theta, double* residual, double* jacobian) const {
    residuals.evaluate(theta, residual, jacobian);
    return true;
  }
};

}  // namespace rvfit::bench
