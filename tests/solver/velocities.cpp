// SPDX-License-Identifier: MIT

/// @file
/// Exposures with one set of labels and a velocity each.

#include <doctest/doctest.h>
#include <support/fits_of_batches.hpp>
#include <support/place_of.hpp>
#include <support/shared_data.hpp>
#include <support/tolerance.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test {

namespace {

constexpr int exposures = 3, labels = 5;  // labels and vsini

/// Place of the rv of star b where all exposures share it.
std::size_t own_rv(std::size_t b) { return b * (labels + 1) + labels; }

/// The same stars at three times, with other velocities and noise.
struct Nights {
  EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  std::vector<SimulatedStars> nights;
  Double::execution_space exec;
  ForwardModel<Double> model{exec, emulator, {.velocities = exposures}};

  explicit Nights(double amplitude) {
    SimulationOptions options{.stars = 5, .seed = 40};
    nights.push_back(simulate(emulator, coarse_arms(), options));
    for (int e = 1; e < exposures; ++e) {
      options.theta = nights.front().theta;
      options.seed += 1;
      for (std::size_t b = 0; b < 5; ++b) {
        options.theta[own_rv(b)] += e == 1 ? amplitude : -amplitude;
      }
      nights.push_back(simulate(emulator, coarse_arms(), options));
    }
  }

  [[nodiscard]] Observations<Double> observations() const {
    Observations<Double> result;
    for (int e = 0; e < exposures; ++e) {
      for (SpectrumBatch<Double>& arm :
           nights[static_cast<std::size_t>(e)].observations<Double>(exec)) {
        arm.exposure = e;
        result.push_back(arm);
      }
    }
    return result;
  }
};

void check_recovery(double amplitude) {
  const Nights stars(amplitude);
  const FitResult result = fit<Double>(stars.exec, stars.model, stars.observations());
  CHECK(result.parameters.names() == "teff, logg, feh, alpha, vsini, rv, rv_2, rv_3");
  for (std::size_t b = 0; b < 5; ++b) {
    CAPTURE(b);
    CHECK(result.status[b] == FitStatus::converged);
    for (std::size_t e = 0; e < exposures; ++e) {
      const std::size_t place = b * (labels + exposures) + labels + e;
      CHECK(std::abs(result.theta[place] - stars.nights[e].theta[own_rv(b)]) <
            5.0 * result.error[place]);
    }
  }
}

}  // namespace

TEST_CASE("velocities: each exposure's is found, next to common labels") { check_recovery(15.0); }

TEST_CASE("velocities: those of a wide binary are found, too") { check_recovery(250.0); }

TEST_CASE("velocities: the Hessian is that of the exposures' own fits, coupled by the labels") {
  const Nights stars(15.0);
  const auto data = stars.observations();
  const auto linearize = [&](const ForwardModel<Double>& model, const Observations<Double>& arms,
                             const std::vector<double>& theta) {
    const int n = model.parameters().size();
    Objective<Double, ForwardModel<Double>> objective(stars.exec, model, model.parameters(), arms,
                                                      1, {}, 4);
    objective.bind(stars.exec, arms);
    ActiveList<Double> all(stars.exec, 1);
    all.select(stars.exec, 1, 1, KeepAll{});
    Linearization<Double> out(stars.exec, 1, n);
    objective.linearize(stars.exec, all,
                        upload_matrix<Matrix<const double, Double>>(stars.exec, "theta", theta, 1,
                                                                    static_cast<std::size_t>(n)),
                        out);
    return out;
  };
  const auto first_star = [&](int e) {
    auto arms = stars.nights[static_cast<std::size_t>(e)].observations<Double>(stars.exec, {0});
    for (auto& arm : arms) {
      arm.exposure = e;
    }
    return arms;
  };
  std::vector<double> theta(stars.nights[0].theta.begin(), stars.nights[0].theta.begin() + 6);
  theta[place_of(stars.model.parameters(), 0, "vsini")] = 30.0;
  Observations<Double> together;
  for (int e = 0; e < exposures; ++e) {
    const auto arms = first_star(e);
    together.insert(together.end(), arms.begin(), arms.end());
  }
  const std::vector<double> velocities = {theta[labels], theta[labels] + 12.0, theta[labels] - 8.0};
  std::vector<double> all(theta.begin(), theta.begin() + 5);
  all.insert(all.end(), velocities.begin(), velocities.end());
  const auto joint = linearize(stars.model, together, all);
  const auto gradient = download(stars.exec, joint.gradient);
  const auto hessian = download(stars.exec, joint.hessian);
  const ForwardModel<Double> single(stars.exec, stars.emulator);
  const int rv = single.layout().rv();
  // The same sums of three arms each, which are added in another order: nine terms.
  constexpr double regrouped = rounding<double>(9);
  double teff_sum = 0.0;
  for (int e = 0; e < exposures; ++e) {
    std::vector<double> own(theta.begin(), theta.begin() + 5);
    own.push_back(velocities[static_cast<std::size_t>(e)]);
    auto arms = first_star(e);
    for (auto& arm : arms) {
      arm.exposure = 0;
    }
    const auto alone = linearize(single, arms, own);
    const auto own_gradient = download(stars.exec, alone.gradient);
    const auto own_hessian = download(stars.exec, alone.hessian);
    CHECK(gradient(0, labels + e) == doctest::Approx(own_gradient(0, rv)).epsilon(regrouped));
    CHECK(hessian(0, labels + e, labels + e) ==
          doctest::Approx(own_hessian(0, rv, rv)).epsilon(regrouped));
    CHECK(hessian(0, 1, labels + e) == doctest::Approx(own_hessian(0, 1, rv)).epsilon(regrouped));
    CHECK(hessian(0, labels + e, 1) == hessian(0, 1, labels + e));
    CHECK(hessian(0, labels + e, labels + (e + 1) % exposures) == 0.0);
    teff_sum += own_gradient(0, 0);
  }
  CHECK(gradient(0, 0) == doctest::Approx(teff_sum).epsilon(regrouped));
}

TEST_CASE("velocities: an exposure without good pixels has no error, and costs the others none") {
  const Nights stars(15.0);
  auto data = stars.observations();
  for (std::size_t a = 6; a < 9; ++a) {  // the arms of the third
    const std::size_t pixels = data[a].wave.extent(1);
    data[a] = make_spectrum_batch<Double>(
        stars.exec, data[a].arm, data[a].wave, data[a].flux,
        upload_matrix<Matrix<const double, Double>>(
            stars.exec, "weight", std::vector<double>(5 * pixels, 0.0), 5, pixels));
    data[a].exposure = 2;
  }
  const FitResult result = fit<Double>(stars.exec, stars.model, data);
  for (std::size_t b = 0; b < 5; ++b) {
    CAPTURE(b);
    const std::size_t place = b * (labels + exposures) + labels;
    CHECK(result.status[b] == FitStatus::converged);
    CHECK(result.bad_hessian[b] == 1);  // says so
    CHECK(std::isfinite(result.error[place]));
    CHECK(std::isfinite(result.error[place + 1]));
    CHECK(std::isnan(result.error[place + 2]));
    // The posterior of the first velocity alone is a Gaussian to its skewness: measured 0.0045, margin 11.
    CHECK(std::abs(result.profile_error[b] / result.error[place] - 1.0) < 0.05);
  }
}

TEST_CASE("velocities: an exposure beyond those of the model is refused") {
  Nights stars(0.0);
  auto data = stars.observations();
  data.back().exposure = exposures;
  CHECK_THROWS_WITH_AS((Fitter<ForwardModel<Double>>(stars.exec, stars.model, data, 5)),
                       "ParameterLayout: exposure 3 of 3 velocities", InvalidArgument);
}

}  // namespace rvfit::test
