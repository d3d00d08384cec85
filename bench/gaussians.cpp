// SPDX-License-Identifier: MIT

/// @file
/// Fits a second of small Gaussians in double: rvfit beside Eigen's LevenbergMarquardt and Ceres'
/// TinySolver, in one program with the same flags, data, starts and number of threads, and one
/// stopping test: a step that changes chi-square by less than 1e-8 (Eigen asks it of the change
/// foreseen and found, Ceres of the one found, rvfit of the one foreseen). Derivatives are by hand in all
/// three; the other two evaluate them as vector code over the points.
///
/// An answer is compared with that of Eigen's solver run to the end of double precision.

#include "gaussians.hpp"

#include "report.hpp"
#include <rvfit/residual/residual_fitter.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace rvfit::bench {

using P = Policy<Kokkos::DefaultExecutionSpace, double, double>;

constexpr double tolerance = 1e-8;
constexpr int iteration_cap = 100;

/// Solutions (N, P), and steps tried, of all fits.
struct Answers {
  std::vector<double> theta;
  double steps = 0.0;

  explicit Answers(const Samples& samples) : theta(samples.start.size()) {}
};

template <class Model, int Side>
void fit_with_eigen(const Samples& samples, int fits, int threads, double chi2_tolerance,
                    Answers& out) {
  const int n = Model::parameters;
  double steps = 0.0;
#pragma omp parallel num_threads(threads) reduction(+ : steps)
  {
    EigenFunctor<Model, Side> functor;
    Eigen::LevenbergMarquardt<EigenFunctor<Model, Side>> solver(functor);
    solver.setXtol(0.0);
    solver.setGtol(0.0);
    solver.setFtol(chi2_tolerance / (samples.points - n));  // relative to chi-square
    solver.setMaxfev(iteration_cap);
    Eigen::VectorXd theta(n);
#pragma omp for schedule(static)
    for (int b = 0; b < fits; ++b) {
      functor.residuals.bind(&samples.y[static_cast<std::size_t>(b) * samples.points],
                             samples.weight.data());
      std::copy_n(&samples.start[static_cast<std::size_t>(b) * n], n, theta.data());
      solver.minimize(theta);
      std::copy_n(theta.data(), n, &out.theta[static_cast<std::size_t>(b) * n]);
      steps += static_cast<double>(solver.nfev() - 1);
    }
  }
  out.steps = steps;
}

template <class Model, int Side>
void fit_with_ceres(const Samples& samples, int fits, int threads, Answers& out) {
  constexpr int n = Model::parameters;
  double steps = 0.0;
#pragma omp parallel num_threads(threads) reduction(+ : steps)
  {
    CeresFunctor<Model, Side> functor;
    ceres::TinySolver<CeresFunctor<Model, Side>> solver;
    solver.options.gradient_tolerance = 0.0;
    solver.options.parameter_tolerance = 0.0;
    solver.options.cost_threshold = 0.0;
    solver.options.function_tolerance = tolerance;  // of the change of 2 cost = chi-square
    solver.options.max_num_iterations = iteration_cap;
    Eigen::Matrix<double, n, 1> theta;
#pragma omp for schedule(static)
    for (int b = 0; b < fits; ++b) {
      functor.residuals.bind(&samples.y[static_cast<std::size_t>(b) * samples.points],
                             samples.weight.data());
      std::copy_n(&samples.start[static_cast<std::size_t>(b) * n], n, theta.data());
      solver.Solve(functor, &theta);
      std::copy_n(theta.data(), n, &out.theta[static_cast<std::size_t>(b) * n]);
      steps += static_cast<double>(solver.summary.iterations);
    }
  }
  out.steps = steps;
}

/// The fits as rvfit runs them: a plan, and arrays on the device.
template <class Model>
class OwnFits {
 public:
  OwnFits(const P::execution_space& exec, int side, const Samples& samples)
      : exec_(exec),
        model_{side},
        fitter_(exec, {.solver = {.max_iterations = iteration_cap, .tolerance = tolerance}}),
        start_(upload_matrix<Matrix<const double, P>>(exec, "rvfit::bench::start", samples.start,
                                                      samples.fits, samples.parameters)),
        fits_(exec, samples.fits, samples.parameters, false) {
    data_.y = upload_matrix<Matrix<const double, P>>(exec, "rvfit::bench::y", samples.y,
                                                     samples.fits, samples.points);
    data_.weight = upload_matrix<Matrix<const double, P>>(exec, "rvfit::bench::weight",
                                                          samples.weight, 1, samples.points);
  }
  void run() const {
    fitter_.run(exec_, model_, data_, start_, fits_);
    exec_.fence("rvfit::bench: fits");
  }
  void read(Answers& out) const {
    const auto theta = download(exec_, fits_.theta);
    const auto steps = download(exec_, fits_.iterations);
    std::copy_n(theta.data(), theta.size(), out.theta.data());
    out.steps = 0.0;
    for (std::size_t b = 0; b < steps.size(); ++b) {
      out.steps += steps(b);
    }
  }

 private:
  P::execution_space exec_;
  Model model_;
  ResidualFitter<P, Model> fitter_;
  ResidualData<P> data_;
  Matrix<const double, P> start_;
  ResidualFits<P> fits_;
};

/// Standard deviations of a fit's parameters from the Jacobian at its solution.
template <class Model, int Side>
[[nodiscard]] Eigen::VectorXd deviations(const Samples& samples, const double* theta) {
  Residuals<Model, Side> residuals;
  residuals.bind(samples.y.data(), samples.weight.data());
  Eigen::MatrixXd jacobian(samples.points, samples.parameters);
  residuals.evaluate(theta, nullptr, jacobian.data());
  return (jacobian.transpose() * jacobian).inverse().diagonal().cwiseSqrt();
}

/// Compare the solvers on one shape. Where rvfit has a device the other two have the host's threads, and
/// some of the fits, the first ones.
template <class Model, int Side>
void compare(const P::execution_space& exec, int points_in_all, int repeats, Report& report) {
  const int fits = std::max(1000, points_in_all / Model::points(Side));
  constexpr bool host = P::on_host;
  const int threads =
      host ? exec.concurrency() : static_cast<int>(std::thread::hardware_concurrency());
  const int shared = host ? fits : std::min(fits, 20'000);  // fits of all three
  const Samples samples = simulate<Model>(Side, fits);
  const int n = samples.parameters;
  const OwnFits<Model> own(exec, Side, samples);

  const std::array<std::string, 3> names{"rvfit", "Eigen", "Ceres"};
  std::vector<Answers> answers(3, Answers(samples));
  std::array<double, 3> seconds;
  seconds.fill(std::numeric_limits<double>::infinity());
  for (int repeat = 0; repeat <= repeats; ++repeat) {  // the first one warms up
    const std::array<double, 3> once{
        seconds_of([&] { own.run(); }), seconds_of([&] {
          fit_with_eigen<Model, Side>(samples, shared, threads, tolerance, answers[1]);
        }),
        seconds_of([&] { fit_with_ceres<Model, Side>(samples, shared, threads, answers[2]); })};
    for (std::size_t s = 0; repeat > 0 && s < 3; ++s) {
      seconds[s] = std::min(seconds[s], once[s]);
    }
  }
  own.read(answers[0]);
  Answers reference(samples);
  fit_with_eigen<Model, Side>(samples, shared, threads, 0.0, reference);

  std::printf("%-12s %4d points %8d fits", Model::name, samples.points, fits);
  std::array<double, 3> rate;
  for (std::size_t s = 0; s < 3; ++s) {
    // Distance to the reference in standard deviations, and how often it is not small.
    double worst = 0.0;
    int apart = 0;
    for (int b = 0; b < shared; ++b) {
      const std::size_t row = static_cast<std::size_t>(b) * n;
      const Eigen::VectorXd sigma = deviations<Model, Side>(samples, &reference.theta[row]);
      double distance = 0.0;
      for (int p = 0; p < n; ++p) {
        distance = std::max(
            distance, std::abs(answers[s].theta[row + p] - reference.theta[row + p]) / sigma[p]);
      }
      if (distance < 1e-3) {
        worst = std::max(worst, distance);
      } else {
        ++apart;
      }
    }
    const int own_fits = s == 0 ? fits : shared;
    const int own_threads = host || s > 0 ? threads : 1;  // a device is one
    rate[s] = own_fits / seconds[s] / own_threads;
    const double steps = answers[s].steps / own_fits;
    std::printf(" | %s %9.0f /s/%s, %4.1f steps, off by %.0e sigma, %d apart", names[s].c_str(),
                rate[s], host || s > 0 ? "core" : "device", steps, worst, apart);
    report.add({{"model", Model::name},
                {"points", samples.points},
                {"parameters", n},
                {"fits", own_fits},
                {"threads", own_threads},
                {"precision", "double"},
                {"solver", names[s]},
                {"fits_per_second_per_core", rate[s]},
                {"ratio_to_rvfit", rate[0] / rate[s]},
                {"steps_per_fit", steps},
                {"worst_distance_in_sigma", worst},
                {"other_answers", apart}});
  }
  std::printf(" | ratios %.2f %.2f\n", rate[0] / rate[1], rate[0] / rate[2]);
  std::fflush(stdout);
}

int run(int argc, char** argv) {
  CLI::App app("Fits a second: rvfit, Eigen's LevenbergMarquardt, Ceres' TinySolver");
  int points = 2'000'000, repeats = 5;
  std::string output;
  app.add_option("--points", points, "data points in all of each shape")->capture_default_str();
  app.add_option("--repeats", repeats, "the best of so many counts")->capture_default_str();
  app.add_option("--json", output, "append a line for each measurement to this file");
  CLI11_PARSE(app, argc, argv);

  const Kokkos::ScopeGuard kokkos(argc, argv);
  const P::execution_space exec;
  Report report("gaussians", output);
  compare<Gaussian1d, 25>(exec, points, repeats, report);
  compare<Gaussian1d, 49>(exec, points, repeats, report);
  compare<Gaussian1d, 121>(exec, points, repeats, report);
  compare<Gaussian1d, 225>(exec, points, repeats, report);
  compare<Gaussian1d, 625>(exec, points, repeats, report);
  compare<Gaussian2d, 5>(exec, points, repeats, report);
  compare<Gaussian2d, 7>(exec, points, repeats, report);
  compare<Gaussian2d, 11>(exec, points, repeats, report);
  compare<Gaussian2d, 15>(exec, points, repeats, report);
  compare<Gaussian2d, 25>(exec, points, repeats, report);
  return 0;
}

}  // namespace rvfit::bench

int main(int argc, char** argv) { return rvfit::bench::run(argc, argv); }
