// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Derivatives that a model gives by hand are compared with those of its values: by duals where operator()
/// takes them, else by differences.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>
#include <rvfit/residual/residual_model.hpp>

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace rvfit {

/// The worst error of a model's `linearize`.
struct DerivativeError {
  int point = 0;
  int parameter = -1;   ///< -1: the value itself
  double given = 0.0;   ///< by `linearize`
  double wanted = 0.0;  ///< by the model's operator()

  [[nodiscard]] std::string message() const {
    const std::string what =
        parameter < 0 ? "the value" : "the derivative in parameter " + std::to_string(parameter);
    return detail::concatenate("linearize: ", what, " at point ", point, " is ", given, ", wanted ",
                               wanted);
  }
};

namespace detail {

/// True where operator() takes duals: a call operator that is a template has to.
template <class Model>
inline constexpr bool takes_duals = ValueOf<Model, Dual<double, Model::parameters>, std::int64_t>;

/// Row i: f by operator(), f by linearize, then of each parameter the derivative given, the one wanted,
/// and how far off the latter may be.
template <ExecutionPolicy P, class Model>
struct CompareDerivatives {
  static constexpr int n = Model::parameters;
  Model model;
  Vector<const double, P> theta, step;
  std::int64_t fit;
  Matrix<double, P> out;

  KOKKOS_FUNCTION void operator()(int i) const {
    double at[n], jacobian[n];
    for (int p = 0; p < n; ++p) {
      at[p] = theta(p);
    }
    out(i, 0) = model_value(model, at, fit, i);
    if constexpr (LinearizedWithFit<Model, double, std::int64_t>) {
      out(i, 1) = model.linearize(at, fit, i, jacobian);
    } else {
      out(i, 1) = model.linearize(at, i, jacobian);
    }
    for (int p = 0; p < n; ++p) {
      out(i, 2 + 3 * p) = jacobian[p];
    }
    if constexpr (takes_duals<Model>) {
      Dual<double, n> variable[n];
      for (int p = 0; p < n; ++p) {
        variable[p] = Dual<double, n>::variable(at[p], p);
      }
      const Dual<double, n> f = model_value(model, variable, fit, i);
      for (int p = 0; p < n; ++p) {
        out(i, 3 + 3 * p) = f.derivative[p];
        out(i, 4 + 3 * p) = 0.0;
      }
    } else {
      for (int p = 0; p < n; ++p) {
        // Errors of central differences fall as h^2 (Richardson).
        const double coarse = difference(at, p, step(p), i);
        const double fine = difference(at, p, 0.5 * step(p), i);
        out(i, 3 + 3 * p) = (4.0 * fine - coarse) / 3.0;
        out(i, 4 + 3 * p) = Kokkos::fabs(fine - coarse);
      }
    }
  }

 private:
  KOKKOS_FUNCTION double difference(double* at, int p, double h, int i) const {
    const double middle = at[p];
    at[p] = middle + h;
    const double up = model_value(model, at, fit, i);
    at[p] = middle - h;
    const double down = model_value(model, at, fit, i);
    at[p] = middle;
    return (up - down) / (2.0 * h);
  }
};

}  // namespace detail

/// Check a model's `linearize` at one point of parameter space; waits for the result.
///
/// @param[in] points     M
/// @param[in] theta      (P)  where no derivative is zero by chance
/// @param[in] tolerance  relative, on top of rounding and of what differences are good to
/// @param[in] fit        whose constants are used
/// @return the worst error beyond the tolerance; nothing if all is well
/// @throws InvalidArgument  another number of parameters
template <ExecutionPolicy P, ResidualModel Model>
requires(derivatives_of<Model>() == Derivatives::by_hand)
    [[nodiscard]] std::optional<DerivativeError> check_derivatives(
        const typename P::execution_space& exec, const Model& model, int points,
        const std::vector<double>& theta, double tolerance = 1e-5, std::int64_t fit = 0) {
  constexpr int n = Model::parameters;
  RVFIT_REQUIRE(theta.size() == n, "check_derivatives: ", theta.size(),
                " parameters, the model has ", n);
  constexpr double eps = std::numeric_limits<double>::epsilon();
  std::vector<double> step = theta;
  for (double& h : step) {
    h = std::cbrt(eps) * (h != 0.0 ? std::abs(h) : 1.0);
  }
  using Vec = Vector<const double, P>;
  const detail::CompareDerivatives<P, Model> kernel{
      model, upload<Vec>(exec, "rvfit::check_derivatives::theta", theta),
      upload<Vec>(exec, "rvfit::check_derivatives::step", step), fit,
      allocate<Matrix<double, P>>(exec, "rvfit::check_derivatives::out", points, 2 + 3 * n)};
  Kokkos::parallel_for("rvfit::check_derivatives", typename P::range_policy(exec, 0, points),
                       kernel);
  const auto rows = download(exec, kernel.out);
  std::optional<DerivativeError> worst;
  double most = 1.0;  // of an error, in units of what is allowed
  for (int i = 0; i < points; ++i) {
    for (int p = -1; p < n; ++p) {
      const double given = p < 0 ? rows(i, 1) : rows(i, 2 + 3 * p);
      const double wanted = p < 0 ? rows(i, 0) : rows(i, 3 + 3 * p);
      const double rounding =
          8.0 * eps * std::abs(rows(i, 0)) / (p < 0 ? 1.0 : step[static_cast<std::size_t>(p)]);
      const double allowed = tolerance * std::max(std::abs(given), std::abs(wanted)) + rounding +
                             (p < 0 ? 0.0 : rows(i, 4 + 3 * p)) +
                             std::numeric_limits<double>::min();
      const double error = std::abs(given - wanted) / allowed;
      if (!(error <= most)) {
        most = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
        worst = DerivativeError{i, p, given, wanted};
      }
    }
  }
  return worst;
}

}  // namespace rvfit
