// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Draws stars: labels from the emulator's domain, rotation, velocity, S/N.

#include "options.hpp"
#include "random.hpp"
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/rvfit.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace rvfit_simulate {

/// Parameters of S stars.
struct Stars {
  std::vector<double> theta;  ///< (S, P)  labels, vsini, rv: the order of ForwardModel
  std::vector<double> snr;    ///< (S)
};

/// Draws labels uniformly, in the emulator's own variables (log10 teff), from the domain of all
/// arms drawn together by a margin towards its centre, so that few stars sit on a bound.
class LabelSampler {
 public:
  LabelSampler(const rvfit::EmulatorData& emulator, const Options& options)
      : emulator_(emulator), margin_(options.domain_margin) {
    constexpr int draws = 1000;
    Random random(options.seed, 0);
    centre_.assign(emulator.labels.size(), 0.0);
    for (int n = 0; n < draws; ++n) {
      const std::vector<double> point = draw_inside(random);
      for (std::size_t j = 0; j < point.size(); ++j) {
        centre_[j] += point[j] / draws;
      }
    }
  }

  /// Labels of one star, in their own units.
  [[nodiscard]] std::vector<double> draw(Random& random) const {
    std::vector<double> point = draw_inside(random);
    for (std::size_t j = 0; j < point.size(); ++j) {
      point[j] = centre_[j] + (1.0 - margin_) * (point[j] - centre_[j]);
      point[j] = is_log(j) ? std::pow(10.0, point[j]) : point[j];
    }
    return point;
  }

 private:
  [[nodiscard]] bool is_log(std::size_t label) const {
    return emulator_.arms.front().inputs[label].log10;
  }

  /// A point of the domain, labels or their log10. @throws rvfit::InvalidArgument  none is found
  [[nodiscard]] std::vector<double> draw_inside(Random& random) const {
    constexpr int most = 100000;
    for (int n = 0; n < most; ++n) {
      std::vector<double> point;
      for (std::size_t j = 0; j < emulator_.labels.size(); ++j) {
        const rvfit::LabelData& label = emulator_.labels[j];
        const auto inner = [&](double x) { return is_log(j) ? std::log10(x) : x; };
        point.push_back(random.uniform(inner(label.lower), inner(label.upper)));
      }
      if (is_inside(point)) {
        return point;
      }
    }
    throw rvfit::InvalidArgument("the emulator's domain is empty: " + std::to_string(most) +
                                 " points of its box are all outside");
  }

  [[nodiscard]] bool is_inside(std::vector<double> point) const {
    for (std::size_t j = 0; j < point.size(); ++j) {
      point[j] = is_log(j) ? std::pow(10.0, point[j]) : point[j];
    }
    return std::all_of(emulator_.arms.begin(), emulator_.arms.end(),
                       [&](const rvfit::ArmData& arm) { return arm.is_inside(point); });
  }

  const rvfit::EmulatorData& emulator_;
  double margin_;
  std::vector<double> centre_;
};

/// Draw the stars; star s uses stream s + 1, from which its noise is drawn next.
[[nodiscard]] inline Stars draw_stars(const rvfit::EmulatorData& emulator, const Options& options,
                                      std::vector<Random>& streams) {
  const LabelSampler sampler(emulator, options);
  Stars stars;
  for (int s = 0; s < options.stars; ++s) {
    Random& random = streams.emplace_back(options.seed, static_cast<std::uint64_t>(s) + 1);
    const std::vector<double> labels = sampler.draw(random);
    stars.theta.insert(stars.theta.end(), labels.begin(), labels.end());
    const double root = random.uniform(0.0, 1.0);
    stars.theta.push_back(options.vsini_max * root * root);
    stars.theta.push_back(random.uniform(-options.rv_max, options.rv_max));
    stars.snr.push_back(options.snr_min *
                        std::pow(options.snr_max / options.snr_min, random.uniform(0.0, 1.0)));
  }
  return stars;
}

}  // namespace rvfit_simulate
