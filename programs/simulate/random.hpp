// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Random numbers that are the same on every machine: the generator is standard, its distributions
/// are not, so they are here.

#include <cmath>
#include <cstdint>
#include <random>

namespace rvfit_simulate {

/// A stream of its own for each star, so that a star does not depend on how many there are.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : engine_(mix(mix(seed) + stream)) {}

  /// Uniform in [lower, upper).
  [[nodiscard]] double uniform(double lower, double upper) {
    return lower + (upper - lower) * (static_cast<double>(engine_() >> 11U) * 0x1p-53);
  }

  /// Normal of mean 0 and variance 1, by Box and Muller's method.
  [[nodiscard]] double normal() {
    constexpr double two_pi = 6.283185307179586;
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform(0.0, 1.0)));
    return radius * std::cos(uniform(0.0, two_pi));
  }

 private:
  /// splitmix64, to spread seeds that differ little.
  [[nodiscard]] static std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
  }

  std::mt19937_64 engine_;
};

}  // namespace rvfit_simulate
