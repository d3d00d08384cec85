// SPDX-License-Identifier: MIT

/// @file
/// The digits that each choice of precisions reaches on NIST's nonlinear regressions, from the second
/// (nearer) starts: Policy<Exec, storage, accumulation>.
///
///   rvfit_bench_digits FOLDER    with the problems' files, tests/data/nist

#include "support/nist.hpp"
#include "support/nist_models.hpp"
#include <rvfit/residual/residual_fitter.hpp>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::bench {

/// Fit all problems; prints the spread of the digits.
template <class P>
void measure(const char* name, const std::string& folder) {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  const typename P::execution_space exec;
  std::vector<double> digits;
  test::nist::for_each_problem([&]<class Model>(const std::string& problem_name, Model model) {
    const test::NistProblem problem = test::read_nist(folder, problem_name);
    const auto points = static_cast<std::size_t>(problem.data());
    using Predictors = Kokkos::View<const double**, Kokkos::LayoutRight, typename P::memory_space>;
    model.x = upload_matrix<Predictors>(exec, "predictors", problem.x, points,
                                        static_cast<std::size_t>(problem.predictors()));
    ResidualData<P> data;
    data.y = upload_matrix<Matrix<const Real, P>>(exec, "y", problem.y, 1, points);
    // Down to the rounding of the accumulation.
    const double epsilon = static_cast<double>(std::numeric_limits<Accum>::epsilon());
    ResidualOptions options;
    options.solver = {.max_iterations = 10000,
                      .tolerance = 0.0,
                      .min_damping = 10.0 * epsilon,
                      .relative_tolerance = epsilon * epsilon,
                      .polish_steps = 20};
    const auto fits =
        fit_residuals<P>(exec, model, data,
                         upload_matrix<Matrix<const Accum, P>>(exec, "start", problem.start[1], 1,
                                                               problem.certified.size()),
                         options, LeastSquares{}, false);
    const auto theta = download(exec, fits.theta);
    const std::vector<double> got(theta.data(), theta.data() + theta.size());
    digits.push_back(test::nist_digits(problem, got.data()));
  });
  std::sort(digits.begin(), digits.end());
  const auto at_least = [&](double limit) {
    return std::count_if(digits.begin(), digits.end(), [=](double d) { return d >= limit; });
  };
  std::printf(
      "%-20s digits: least %.1f, median %.1f; %zd of %zu with 2 or more, %zd with 4, %zd with 6\n",
      name, digits.front(), digits[digits.size() / 2], at_least(2.0), digits.size(), at_least(4.0),
      at_least(6.0));
}

int run(int argc, char** argv) {
  using Exec = Kokkos::DefaultExecutionSpace;
  if (argc < 2) {
    std::fprintf(stderr, "usage: rvfit_bench_digits FOLDER\n");
    return 1;
  }
  const Kokkos::ScopeGuard kokkos(argc, argv);
  bench::measure<Policy<Exec, double, double>>("double", argv[1]);
  bench::measure<Policy<Exec, float, double>>("float, sums double", argv[1]);
  bench::measure<Policy<Exec, float, float>>("float", argv[1]);
  return 0;
}

}  // namespace rvfit::bench

int main(int argc, char** argv) { return rvfit::bench::run(argc, argv); }
