// SPDX-License-Identifier: MIT

/// @file
/// The 53 runs of MINPACK's least-squares driver: rvfit beside MINPACK's lmder1 and lmdif1 with the
/// driver's tolerance, on the same functions. Prints norms of residuals and who reached a known minimum.

#include "report.hpp"
#include "support/mgh.hpp"
#include <rvfit/core/dual_math.hpp>
#include <rvfit/residual/residual_fitter.hpp>

#include <CLI/CLI.hpp>
#include <minpack.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::bench {

using P = Policy<Kokkos::DefaultHostExecutionSpace, double, double>;

/// A problem as MINPACK calls it: Fortran hands no context on.
struct Function {
  std::function<void(const double* x, double* residual)> residuals;
  std::function<void(const double* x, double* jacobian)> jacobian;  ///< column-major
  int evaluations = 0;
};
Function* current = nullptr;

extern "C" void lmder_function(int* /* m */, int* /* n */, double* x, double* residual,
                               double* jacobian, int* /* rows */, int* flag) {
  if (*flag == 1) {
    ++current->evaluations;
    current->residuals(x, residual);
  } else if (*flag == 2) {
    current->jacobian(x, jacobian);
  }
}
extern "C" void lmdif_function(int* /* m */, int* /* n */, double* x, double* residual,
                               int* /* flag */) {
  ++current->evaluations;
  current->residuals(x, residual);
}

/// The end of a run.
struct Outcome {
  double sum_of_squares;
  int evaluations;  ///< of the residuals
  int info;         ///< MINPACK's, or a FitStatus
};

/// @param by_differences  lmdif1 instead of lmder1
Outcome run_minpack(Function& function, int m, std::vector<double> x, bool by_differences) {
  int n = static_cast<int>(x.size());
  double tolerance = std::sqrt(std::numeric_limits<double>::epsilon());
  int info = 0, work_size = 5 * n + m + m * n;
  const auto array = [](int size) { return std::vector<double>(static_cast<std::size_t>(size)); };
  std::vector<double> residual = array(m), jacobian = array(m * n), work = array(work_size);
  std::vector<int> pivots(x.size());
  current = &function;
  function.evaluations = 0;
  if (by_differences) {
    lmdif1_(lmdif_function, &m, &n, x.data(), residual.data(), &tolerance, &info, pivots.data(),
            work.data(), &work_size);
  } else {
    lmder1_(lmder_function, &m, &n, x.data(), residual.data(), jacobian.data(), &m, &tolerance,
            &info, pivots.data(), work.data(), &work_size);
  }
  function.residuals(x.data(), residual.data());
  double sum = 0.0;
  for (const double r : residual) {
    sum += r * r;
  }
  return {sum, function.evaluations, info};
}

template <class Model>
Outcome run_own(const Model& model, const test::mgh::Problem& problem,
                const std::vector<double>& start) {
  const P::execution_space exec;
  ResidualData<P> data;
  data.points = problem.points;
  if (!problem.y.empty()) {
    data.y = upload_matrix<Matrix<const double, P>>(exec, "y", problem.y, 1, problem.y.size());
  }
  const auto fits = fit_residuals<P>(
      exec, model, data,
      upload_matrix<Matrix<const double, P>>(exec, "start", start, 1, start.size()),
      {.solver = {.max_iterations = 10000,
                  .tolerance = 0.0,
                  .min_damping = 1e-15,
                  .relative_tolerance = 1e-22,
                  .polish_steps = 20}},
      LeastSquares{}, false);
  const auto value = download(exec, fits.value);
  const auto evaluations = download(exec, fits.evaluations);
  const auto status = download(exec, fits.status);
  return {value(0), evaluations(0), static_cast<int>(status(0))};
}

template <class Model>
Function as_function(const Model& model, const test::mgh::Problem& problem) {
  const int m = problem.points;
  Function out;
  out.residuals = [model, m, y = problem.y](const double* x, double* residual) {
    for (int i = 0; i < m; ++i) {
      residual[i] = model(x, i) - (y.empty() ? 0.0 : y[static_cast<std::size_t>(i)]);
    }
  };
  out.jacobian = [model, m](const double* x, double* jacobian) {
    constexpr int n = Model::parameters;
    Dual<double, n> at[n];
    for (int p = 0; p < n; ++p) {
      at[p] = Dual<double, n>::variable(x[p], p);
    }
    for (int i = 0; i < m; ++i) {
      const Dual<double, n> f = model(at, i);
      for (int p = 0; p < n; ++p) {
        jacobian[i + m * p] = f.derivative[p];
      }
    }
  };
  return out;
}

int run(int argc, char** argv) {
  CLI::App app("rvfit and MINPACK on the 53 runs of MINPACK's driver");
  std::string output;
  app.add_option("--json", output, "append a line for each run to this file");
  CLI11_PARSE(app, argc, argv);

  const Kokkos::ScopeGuard kokkos(argc, argv);
  Report report("minpack", output);
  const std::array<const char*, 3> names{"rvfit", "lmder1", "lmdif1"};
  std::array<int, 3> reached{};
  int runs = 0;
  std::printf("%-20s %3s %3s %5s", "problem", "n", "m", "start");
  for (const char* name : names) {
    std::printf(" | %9s |f| evaluations info", name);
  }
  std::printf("\n");
  rvfit::test::mgh::for_each_problem(
      [&]<class Model>(const rvfit::test::mgh::Problem& problem, const Model& model) {
        Function function = as_function(model, problem);
        for (int run = 0; run < problem.tries; ++run) {
          ++runs;
          const std::vector<double> start = problem.start_of(run);
          const std::array<Outcome, 3> outcomes{run_own(model, problem, start),
                                                run_minpack(function, problem.points, start, false),
                                                run_minpack(function, problem.points, start, true)};
          std::printf("%-20s %3d %3d x%-4.0f", problem.name.c_str(), Model::parameters,
                      problem.points, std::pow(10.0, run));
          for (std::size_t s = 0; s < 3; ++s) {
            const Outcome& outcome = outcomes[s];
            const bool known = problem.is_known_minimum(outcome.sum_of_squares);
            reached[s] += known ? 1 : 0;
            std::printf(" | %13.7e %11d %2d %s", std::sqrt(outcome.sum_of_squares),
                        outcome.evaluations, outcome.info, known ? " " : "-");
            report.add({{"problem", problem.name},
                        {"parameters", Model::parameters},
                        {"points", problem.points},
                        {"start", std::pow(10.0, run)},
                        {"solver", names[s]},
                        {"norm", std::sqrt(outcome.sum_of_squares)},
                        {"evaluations", outcome.evaluations},
                        {"known_minimum", known}});
          }
          std::printf("\n");
        }
      });
  std::printf("known minima reached in %d runs: rvfit %d, lmder1 %d, lmdif1 %d\n", runs, reached[0],
              reached[1], reached[2]);
  return 0;
}

}  // namespace rvfit::bench

int main(int argc, char** argv) { return rvfit::bench::run(argc, argv); }
