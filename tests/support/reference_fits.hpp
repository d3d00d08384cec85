// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The solver on reference problems: the one set of options for all of them, fits as host arrays, and
/// the check that a fit in a batch is the fit alone.

#include "compare.hpp"
#include <rvfit/solver/residual_fits.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace rvfit::test {

using Double = Policy<Kokkos::DefaultExecutionSpace, double, double>;

/// For all reference problems, from all starts.
inline const LmOptions reference_options{
    .max_iterations = 10000, .tolerance = 0.0, .relative_tolerance = 1e-15, .polish_steps = 20};

/// Results of N fits on the host.
struct Solved {
  std::vector<double> theta;  ///< (N, P)
  std::vector<double> value;
  std::vector<int> status;
  std::vector<int> iterations;
};

/// Fit N = start.size() / P times.
///
/// @param y  (N, M), (M) for all fits, or empty for zeros
template <class Model>
[[nodiscard]] Solved solve(const ResidualFitter<Double, Model>& fitter, const Model& model,
                           int points, const std::vector<double>& y,
                           const std::vector<double>& start) {
  const Double::execution_space exec;
  const std::size_t fits = start.size() / Model::parameters;
  ResidualData<Double> data;
  data.points = points;
  if (!y.empty()) {
    const auto columns = static_cast<std::size_t>(points);
    data.y = upload_matrix<Matrix<const double, Double>>(exec, "y", y, y.size() / columns, columns);
  }
  const ResidualFits<Double> out(exec, static_cast<std::int64_t>(fits), Model::parameters, false);
  fitter.run(
      exec, model, data,
      upload_matrix<Matrix<const double, Double>>(exec, "start", start, fits, Model::parameters),
      out);
  Solved host{values(exec, out.theta), values(exec, out.value), {}, values(exec, out.iterations)};
  for (const FitStatus status : values(exec, out.status)) {
    host.status.push_back(static_cast<int>(status));
  }
  return host;
}

/// Fit `copies` of a problem, whose data are perturbed, from its starts in turn; then each of them alone.
///
/// @param scale  of the perturbations
template <class Model>
void check_alone_and_in_batch(const std::string& name, const Model& model, int points,
                              const std::vector<double>& y,
                              const std::vector<std::vector<double>>& starts, double scale,
                              int copies) {
  std::mt19937_64 random(27);
  std::uniform_real_distribution<double> uniform(-scale, scale);
  std::vector<double> all_y, all_starts;
  for (int b = 0; b < copies; ++b) {
    for (int i = 0; i < points; ++i) {
      const double value = y.empty() ? 0.0 : y[static_cast<std::size_t>(i)];
      all_y.push_back(value + uniform(random));
    }
    const std::vector<double>& start = starts[static_cast<std::size_t>(b) % starts.size()];
    all_starts.insert(all_starts.end(), start.begin(), start.end());
  }
  const ResidualFitter<Double, Model> fitter(Double::execution_space(),
                                             {.solver = reference_options});
  const Solved batch = solve(fitter, model, points, all_y, all_starts);
  Solved alone;
  for (int b = 0; b < copies; ++b) {
    const auto row = [b](const std::vector<double>& values, int columns) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(b) * columns;
      return std::vector<double>(begin, begin + columns);
    };
    const Solved one =
        solve(fitter, model, points, row(all_y, points), row(all_starts, Model::parameters));
    alone.theta.insert(alone.theta.end(), one.theta.begin(), one.theta.end());
    alone.value.push_back(one.value[0]);
    alone.status.push_back(one.status[0]);
    alone.iterations.push_back(one.iterations[0]);
  }
  check_same_bits(name + ": parameters", batch.theta, alone.theta);
  check_same_bits(name + ": objective", batch.value, alone.value);
  CHECK_MESSAGE(batch.status == alone.status, name, ": statuses");
  CHECK_MESSAGE(batch.iterations == alone.iterations, name, ": iterations");
}

}  // namespace rvfit::test
