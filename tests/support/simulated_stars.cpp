// SPDX-License-Identifier: MIT

#include <support/simulated_stars.hpp>

namespace rvfit::test {

SimulatedStars simulate(const EmulatorData& emulator, const std::vector<ArmLayout>& arms,
                        const SimulationOptions& options) {
  using P = Policy<Kokkos::DefaultExecutionSpace, double, double>;
  const P::execution_space exec;
  const ForwardModel<P> model(exec, emulator, options.model);
  NormalRandom random(options.seed);
  SimulatedStars stars;
  stars.arms = arms;
  stars.size = options.stars;
  stars.theta = options.theta;
  for (int b = 0; b < options.stars && options.theta.empty(); ++b) {
    for (const LabelData& label : emulator.labels) {
      const double margin = 0.1 * (label.upper - label.lower);
      stars.theta.push_back(random.uniform(label.lower + margin, label.upper - margin));
    }
    const double u = random.uniform();
    stars.theta.push_back(options.vsini_max * u * u);
    stars.theta.push_back(random.uniform(-options.rv_max, options.rv_max));
  }
  const auto templates = predict<P>(exec, model, stars.theta, layout<P>(exec, arms));
  for (std::size_t a = 0; a < arms.size(); ++a) {
    const auto n = static_cast<std::size_t>(arms[a].pixels);
    std::vector<double> flux(templates[a].size()), weight(templates[a].size());
    for (int b = 0; b < options.stars; ++b) {
      const double snr =
          options.snr_min * std::pow(options.snr_max / options.snr_min, random.uniform());
      const double slope = random.uniform(-0.3, 0.3);
      const double wave = random.uniform(-0.1, 0.1);
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t index = static_cast<std::size_t>(b) * n + i;
        const double x = 2.0 * static_cast<double>(i) / static_cast<double>(n - 1) - 1.0;
        const double calibration = 1.0 + slope * x + wave * std::sin(2.0 * x);
        const double expected = templates[a][index] * calibration;
        const double sigma = templates[a][static_cast<std::size_t>(b) * n + n / 2] / snr;
        const bool bad = random.uniform() < options.bad_fraction;
        flux[index] = expected + sigma * random.normal() + (bad ? 100.0 * sigma : 0.0);
        weight[index] = bad ? 0.0 : 1.0 / sigma;
      }
    }
    stars.flux.push_back(std::move(flux));
    stars.weight.push_back(std::move(weight));
  }
  return stars;
}

}  // namespace rvfit::test
