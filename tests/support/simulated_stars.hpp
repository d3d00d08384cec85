// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Stars made from a model: its own templates, a wrong smooth flux calibration, noise, bad pixels.

#include <rvfit/io/read_emulator.hpp>
#include <rvfit/rvfit.hpp>

#include <compiled/fitters.hpp>
#include <support/policies.hpp>

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

namespace rvfit::test {

using Float = FloatPolicy;
using Double = DoublePolicy;

/// The same numbers on every machine: splitmix64 (Steele et al., OOPSLA 2014), Box-Muller.
class NormalRandom {
 public:
  explicit NormalRandom(std::uint64_t seed) : state_(seed) {}

  /// Uniform in (0, 1).
  double uniform() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    z ^= z >> 31U;
    return (static_cast<double>(z >> 11U) + 0.5) * 0x1.0p-53;
  }
  double uniform(double lower, double upper) { return lower + (upper - lower) * uniform(); }
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_;
};

/// Wavelengths and size of one simulated arm.
struct ArmLayout {
  std::string name;
  double first;  ///< [Angstrom]
  double step;
  int pixels;
};

/// Coarse arms for the tiny emulator, and DESI's own.
[[nodiscard]] inline std::vector<ArmLayout> coarse_arms() {
  return {{"desi_b", 3600.0, 4.0, 551}, {"desi_r", 5760.0, 4.0, 466}, {"desi_z", 7520.0, 4.0, 577}};
}
[[nodiscard]] inline std::vector<ArmLayout> desi_arms() {
  return {
      {"desi_b", 3600.0, 0.8, 2751}, {"desi_r", 5760.0, 0.8, 2326}, {"desi_z", 7520.0, 0.8, 2881}};
}

/// Wavelengths as observations without spectra, to plan or predict for.
template <class P>
[[nodiscard]] Observations<P> layout(const typename P::execution_space& exec,
                                     const std::vector<ArmLayout>& arms) {
  Observations<P> result;
  for (const ArmLayout& arm : arms) {
    std::vector<double> wave;
    for (int i = 0; i < arm.pixels; ++i) {
      wave.push_back(arm.first + arm.step * i);
    }
    SpectrumBatch<P> batch;
    batch.arm = arm.name;
    batch.wave =
        upload_matrix<Matrix<const double, P>>(exec, "rvfit::test::wave", wave, 1, wave.size());
    result.push_back(batch);
  }
  return result;
}

/// Simulated spectra as plain host arrays.
struct SimulatedStars {
  std::vector<ArmLayout> arms;
  int size = 0;
  std::vector<double> theta;                ///< (B, P) the truth
  std::vector<std::vector<double>> flux;    ///< for each arm (B, N)
  std::vector<std::vector<double>> weight;  ///< for each arm (B, N)

  /// Observations of some of the stars, in the order given.
  template <class P>
  [[nodiscard]] Observations<P> observations(const typename P::execution_space& exec,
                                             const std::vector<int>& stars) const {
    Observations<P> result;
    const auto plan = layout<P>(exec, arms);
    for (std::size_t a = 0; a < arms.size(); ++a) {
      const auto n = static_cast<std::size_t>(arms[a].pixels);
      std::vector<double> chosen_flux, chosen_weight;
      for (const int star : stars) {
        const auto begin = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(star) * n);
        const auto end = begin + static_cast<std::ptrdiff_t>(n);
        chosen_flux.insert(chosen_flux.end(), flux[a].begin() + begin, flux[a].begin() + end);
        chosen_weight.insert(chosen_weight.end(), weight[a].begin() + begin,
                             weight[a].begin() + end);
      }
      using Real = typename P::real_type;
      result.push_back(make_spectrum_batch<P>(
          exec, arms[a].name, plan[a].wave,
          upload_matrix<Matrix<const Real, P>>(exec, "flux", chosen_flux, stars.size(), n),
          upload_matrix<Matrix<const Real, P>>(exec, "weight", chosen_weight, stars.size(), n)));
    }
    return result;
  }

  template <class P>
  [[nodiscard]] Observations<P> observations(const typename P::execution_space& exec) const {
    std::vector<int> all;
    for (int b = 0; b < size; ++b) {
      all.push_back(b);
    }
    return observations<P>(exec, all);
  }
};

struct SimulationOptions {
  int stars = 16;
  std::uint64_t seed = 1;
  double snr_min = 20.0;
  double snr_max = 100.0;
  double rv_max = 500.0;
  double vsini_max = 120.0;
  double bad_fraction = 0.005;
  std::vector<double> theta{};  ///< (B, P)  the truth; drawn if empty
  ForwardModelOptions model{};
};

/// Simulate stars inside the inner 80 % of each label's box.
[[nodiscard]] SimulatedStars simulate(const EmulatorData& emulator,
                                      const std::vector<ArmLayout>& arms,
                                      const SimulationOptions& options = {});

}  // namespace rvfit::test
