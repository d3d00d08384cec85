// SPDX-License-Identifier: MIT

/// @file
/// Whole fits of simulated stars, from the scan on, find the truth with errors that are true, and have the
/// same bits whatever else is in the batch.

#include <doctest/doctest.h>
#include <support/fits_of_batches.hpp>
#include <support/place_of.hpp>
#include <support/sampled_grid.hpp>
#include <support/shared_data.hpp>
#include <support/simulated_stars.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

namespace rvfit::test {

EmulatorData demo_emulator() {
  return io::read_emulator(environment("RVFIT_SOURCE_DIR") + "/programs/demo/emulator.fits");
}

double percentile(std::vector<double> values, double fraction) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(fraction * static_cast<double>(values.size() - 1))];
}

/// Equal bits, NaN included.
bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

TEST_CASE("fit: simulated stars are found from the scan, with true errors [OpenMP float]") {
  const EmulatorData emulator = demo_emulator();
  const SimulatedStars stars = simulate(emulator, desi_arms(), {.stars = 96, .seed = 3});
  const Float::execution_space exec;
  const ForwardModel<Float> model(exec, emulator);
  const FitResult result = fit<Float>(exec, model, stars.observations<Float>(exec));
  const std::size_t n = 6;
  int converged = 0;
  std::vector<std::vector<double>> pulls(n);
  for (std::size_t b = 0; b < 96; ++b) {
    converged += result.status[b] == FitStatus::converged ? 1 : 0;
    // All start within a few pixels of the right minimum, or the fit would end elsewhere.
    const std::size_t rv = place_of(result.parameters, b, "rv");
    CHECK(std::abs(result.theta[rv] - stars.theta[rv]) < 10.0 * result.error[rv]);
    for (std::size_t p = 0; p < n && result.bound_flags[b] == 0; ++p) {
      pulls[p].push_back((result.theta[b * n + p] - stars.theta[b * n + p]) /
                         result.error[b * n + p]);
    }
  }
  CHECK(converged >= 95);
  for (std::size_t p = 0; p < n; ++p) {
    CAPTURE(result.parameters[static_cast<int>(p)].name);
    // About 80 pulls: the median is good to 0.14, half the 16-84 percentile range to 0.1 (one sigma).
    CHECK(pulls[p].size() > 60);
    const double width = 0.5 * (percentile(pulls[p], 0.84) - percentile(pulls[p], 0.16));
    CHECK(std::abs(percentile(pulls[p], 0.5)) < 0.45);  // three sigma
    CHECK(std::abs(width - 1.0) < 0.3);                 // three sigma
  }
}

TEST_CASE("fit: float storage moves no parameter by more than a five-hundredth of its error") {
  const EmulatorData emulator = demo_emulator();
  const SimulatedStars stars = simulate(emulator, desi_arms(), {.stars = 12, .seed = 5});
  const Float::execution_space exec;
  FitOptions options;
  options.solver.tolerance = 1e-7;  // the default allows a hundredth by itself, this 3e-4
  const auto in_float = fit<Float>(exec, ForwardModel<Float>(exec, emulator),
                                   stars.observations<Float>(exec), options);
  const auto in_double = fit<Double>(exec, ForwardModel<Double>(exec, emulator),
                                     stars.observations<Double>(exec), options);
  for (std::size_t n = 0; n < in_float.theta.size(); ++n) {
    CAPTURE(n);
    const double error = in_double.error[n];
    if (std::isfinite(error)) {
      // Measured 9e-5 of the error, margin 22.
      CHECK(std::abs(in_float.theta[n] - in_double.theta[n]) < 0.002 * error + 1e-6);
    }
  }
}

template <class P>
void require_same_rows(const FitResult& a, const std::vector<int>& rows_a, const FitResult& b,
                       const std::vector<int>& rows_b) {
  REQUIRE(rows_a.size() == rows_b.size());
  const auto n = static_cast<std::size_t>(a.parameters.size());
  for (std::size_t row = 0; row < rows_a.size(); ++row) {
    const auto i = static_cast<std::size_t>(rows_a[row]);
    const auto j = static_cast<std::size_t>(rows_b[row]);
    CAPTURE(row);
    CHECK(a.status[i] == b.status[j]);
    CHECK(a.iterations[i] == b.iterations[j]);
    CHECK(same(a.neg2_log_like[i], b.neg2_log_like[j]));
    for (std::size_t p = 0; p < n; ++p) {
      CHECK(same(a.theta[i * n + p], b.theta[j * n + p]));
      CHECK(same(a.error[i * n + p], b.error[j * n + p]));
    }
  }
}

template <class P>
void check_reproducible() {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 37, .seed = 11});
  using Space = typename P::execution_space;
  const Space exec;
  const ForwardModel<P> model(exec, emulator);
  std::vector<int> order, reversed, positions;
  for (int b = 0; b < 37; ++b) {
    order.push_back(b);
    reversed.push_back(36 - b);
  }
  FitOptions small_tiles;
  small_tiles.tile = 4;
  const auto all = fit<P>(exec, model, stars.observations<P>(exec));

  // Other neighbours, other tiles.
  const auto backwards = fit<P>(exec, model, stars.observations<P>(exec, reversed), small_tiles);
  require_same_rows<P>(all, order, backwards, reversed);

  // Alone: what it begins at is synthesized, where a batch of as many spectra as templates has kept it.
  for (const int star : {0, 17, 36}) {
    const auto alone = fit<P>(exec, model, stars.observations<P>(exec, {star}));
    require_same_rows<P>(all, {star}, alone, {0});
  }

  // One thread, and so one a team. A device has no instance of so few.
  if constexpr (std::is_constructible_v<Space, int>) {
    const Space thread(1);
    REQUIRE(thread.concurrency() == 1);
    REQUIRE(exec.concurrency() > 1);
    const auto one = fit<P>(thread, model, stars.observations<P>(thread));
    require_same_rows<P>(all, order, one, order);
  }
}

TEST_CASE("fit: the same bits alone, in any order, tile, number of threads [OpenMP float]") {
  check_reproducible<Float>();
}

TEST_CASE("fit: the same bits alone, in any order, tile, number of threads [OpenMP double]") {
  check_reproducible<Double>();
}

/// Number of 40 bright stars that converge.
template <class P>
std::ptrdiff_t converged_at(double snr) {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const SimulatedStars stars = simulate(
      emulator, coarse_arms(), {.stars = 40, .seed = 6, .snr_min = snr, .snr_max = 2.0 * snr});
  const typename P::execution_space exec;
  const auto result = fit<P>(exec, ForwardModel<P>(exec, emulator), stars.observations<P>(exec));
  return std::count(result.status.begin(), result.status.end(), FitStatus::converged);
}

TEST_CASE("fit: bright stars converge in float, whose rounding they feel") {
  CHECK(converged_at<Float>(300.0) == 40);
  CHECK(converged_at<Float>(3000.0) >= 39);
}

TEST_CASE("fit: stars too bright for float converge in double") {
  // Ten times brighter the normal equations of the continuum, of condition 1e8, are the limit.
  CHECK(converged_at<Double>(3e4) == 40);
}

TEST_CASE("fit: fixed parameters keep their value and the others adapt") {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 8, .seed = 2});
  const Double::execution_space exec;
  const ForwardModel<Double> model(exec, emulator);
  FitOptions options;
  options.parameters = model.parameters();
  for (const char* name : {"logg", "rv"}) {
    (*options.parameters)[name].fixed = true;
  }
  (*options.parameters)["logg"].value = 3.5;
  (*options.parameters)["rv"].value = 42.0;
  const auto result = fit<Double>(exec, model, stars.observations<Double>(exec), options);
  for (std::size_t b = 0; b < 8; ++b) {
    CHECK(result.theta[place_of(result.parameters, b, "logg")] == 3.5);
    CHECK(result.theta[place_of(result.parameters, b, "rv")] == 42.0);
    CHECK(std::isnan(result.error[place_of(result.parameters, b, "rv")]));
    CHECK(is_solution(result.status[b]));
  }
}

TEST_CASE("fit: a tight prior pulls a parameter to its mean") {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 4, .seed = 2});
  const Double::execution_space exec;
  const ForwardModel<Double> model(exec, emulator);
  FitOptions options;
  options.parameters = model.parameters();
  (*options.parameters)["feh"].prior_mean = -0.9;
  (*options.parameters)["feh"].prior_sigma = 1e-4;
  const auto result = fit<Double>(exec, model, stars.observations<Double>(exec), options);
  for (std::size_t b = 0; b < 4; ++b) {
    const std::size_t feh = place_of(result.parameters, b, "feh");
    // Data that want another feh by 1 and know it to 0.01 pull by 1e-8 / 0.01^2; measured 4.5e-5.
    CHECK(std::abs(result.theta[feh] + 0.9) < 1e-4);
    CHECK(result.error[feh] <= 1e-4);  // the prior's: data add to what it knows
  }
}

TEST_CASE("fit: several exposures of an arm are fitted jointly, with smaller errors") {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 4, .seed = 9});
  const Double::execution_space exec;
  const ForwardModel<Double> model(exec, emulator);
  const auto once = stars.observations<Double>(exec);
  Observations<Double> four_times;
  for (int exposure = 0; exposure < 4; ++exposure) {
    four_times.insert(four_times.end(), once.begin(), once.end());
  }
  const auto single = fit<Double>(exec, model, once);
  const auto joint = fit<Double>(exec, model, four_times);
  for (std::size_t b = 0; b < 4; ++b) {
    CHECK(joint.status[b] == FitStatus::converged);
    CHECK(joint.arms == 12);
    if (single.bound_flags[b] == 0 && joint.bound_flags[b] == 0) {
      const std::size_t rv = place_of(single.parameters, b, "rv");
      // The same data four times: half the error, at minima that both stop within 0.01 sigma of.
      CHECK(std::abs(joint.error[rv] / single.error[rv] - 0.5) < 0.005);
    }
  }
}

TEST_CASE("fit: stars made of a grid library are found again, linear and cubic") {
  const EmulatorData emulator =
      sampled_on_grid(io::read_emulator(test_file("emulator-tiny.fits")), {5, 4, 4, 3});
  const Double::execution_space exec;
  for (const auto interpolation : {GridInterpolation::linear, GridInterpolation::cubic}) {
    CAPTURE(static_cast<int>(interpolation));
    const ForwardModelOptions options{.interpolation = interpolation};
    const SimulatedStars stars = simulate(
        emulator, coarse_arms(), {.stars = 24, .seed = 12, .snr_min = 100.0, .model = options});
    const ForwardModel<Double> model(exec, emulator, options);
    const auto result = fit<Double>(exec, model, stars.observations<Double>(exec));
    int inside = 0, found = 0;
    for (std::size_t b = 0; b < 24; ++b) {
      const double* truth = &stars.theta[b * 6];
      CHECK(result.status[b] == FitStatus::converged);
      if (!emulator.arms.front().is_inside({truth, truth + 4}) || result.bound_flags[b] != 0) {
        continue;
      }
      bool close = true;
      for (std::size_t p = 0; p < 6; ++p) {
        close =
            close && std::abs(result.theta[b * 6 + p] - truth[p]) < 5.0 * result.error[b * 6 + p];
      }
      ++inside;
      found += close ? 1 : 0;
    }
    CHECK(inside > 10);
    CHECK(found == inside);
  }
}

}  // namespace rvfit::test
