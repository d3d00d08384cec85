// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The solver on reference problems: the one set of options for all of them, fits as host arrays, and
/// the check that a fit in a batch is the fit alone.

#include "compare.hpp"
#include <rvfit/residual/residual_fitter.hpp>

#include <doctest/doctest.h>
#include <support/policies.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace rvfit::test {

using Double = DoublePolicy;

/// For all reference problems, from all starts: as far down as double precision goes.
inline const LmOptions reference_options{.max_iterations = 10000,
                                         .tolerance = 0.0,
                                         .min_damping = 1e-15,
                                         .relative_tolerance = 1e-22,
                                         .polish_steps = 20};

/// Results of N fits on the host.
struct ReferenceFits {
  std::vector<double> theta;  ///< (N, P)
  std::vector<double> value;
  std::vector<int> status;
  std::vector<int> iterations;
};

/// Fit N = start.size() / P times.
///
/// @param y  (N, M), (M) for all fits, or empty for zeros
template <class Model>
[[nodiscard]] ReferenceFits solve(const ResidualFitter<Double, Model>& fitter, const Model& model,
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
  ReferenceFits host{
      values(exec, out.theta), values(exec, out.value), {}, values(exec, out.iterations)};
  for (const FitStatus status : values(exec, out.status)) {
    host.status.push_back(static_cast<int>(status));
  }
  return host;
}

/// Fit two thousand copies of a problem (two hundred without optimisation, or where each fit alone waits for the
/// threads of a device-shaped kernel or for a device), whose data are perturbed, from its starts in turn; then each of them alone,
/// or one in twenty where that takes minutes. Fits are cut off after 50 steps, where some have ended and some have not.
///
/// @param scale  of the perturbations
template <class Model>
void check_alone_and_in_batch(const std::string& name, const Model& model, int points,
                              const std::vector<double>& y,
                              const std::vector<std::vector<double>>& starts, double scale) {
#if defined(NDEBUG) && !defined(RVFIT_TEST_DEVICE_SHAPED)
  constexpr int copies = Double::on_host ? 2000 : 200;
#else
  constexpr int copies = 200;
#endif
  const bool quick = Double::on_host && points * Model::parameters * Model::parameters < 5000;
  const int stride = quick ? 1 : 20;
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
  LmOptions options = reference_options;
  options.max_iterations = 50;
  const ResidualFitter<Double, Model> fitter(Double::execution_space(), {.solver = options});
  const ReferenceFits batch = solve(fitter, model, points, all_y, all_starts);
  const auto row = [](const std::vector<double>& values, int b, int columns) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(b) * columns;
    return std::vector<double>(begin, begin + columns);
  };
  int differing = 0, last = -1;
  for (int b = 0; b < copies; b += stride) {
    const ReferenceFits alone =
        solve(fitter, model, points, row(all_y, b, points), row(all_starts, b, Model::parameters));
    const auto at = static_cast<std::size_t>(b);
    const bool same = std::memcmp(alone.theta.data(), &batch.theta[at * Model::parameters],
                                  sizeof(double) * Model::parameters) == 0 &&
                      std::memcmp(alone.value.data(), &batch.value[at], sizeof(double)) == 0 &&
                      alone.status[0] == batch.status[at] &&
                      alone.iterations[0] == batch.iterations[at];
    if (!same) {
      ++differing;
      last = b;
    }
  }
  CHECK_MESSAGE(differing == 0, name, ": ", differing, " fits differ alone, the last is ", last);
}

}  // namespace rvfit::test
