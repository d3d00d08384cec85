// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The velocities of a scan: shifts by whole bins of a grid uniform in ln(wave), on which
///
///   v(s) = c tanh((reach - s) step),   s = 0 .. 2 reach

#include <rvfit/core/units.hpp>
#include <rvfit/data/parameters.hpp>
#include <rvfit/data/spectrum_batch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace rvfit {

/// Median width of the pixels of a spectrum, (N) wavelengths, N >= 2   [km/s]
[[nodiscard]] inline double median_pixel(std::span<const double> wave) {
  std::vector<double> widths;
  for (std::size_t i = 1; i < wave.size(); ++i) {
    widths.push_back(std::log(wave[i] / wave[i - 1]));
  }
  const auto middle = widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2);
  std::nth_element(widths.begin(), middle, widths.end());
  return speed_of_light * *middle;
}

/// Median width of the pixels of the finest arm: a velocity step that follows the resolution of the
/// data, as spectrographs sample their line spread with two pixels or more. Where every spectrum has
/// wavelengths of its own, the finest of them.
///
/// @param[in] observations  of which only the wavelengths are read; the call waits for them
/// @return                  at least 1 km/s                                              [km/s]
template <ExecutionPolicy P>
[[nodiscard]] double finest_pixel(const typename P::execution_space& exec,
                                  const Observations<P>& observations) {
  double finest = std::numeric_limits<double>::infinity();
  for (const SpectrumBatch<P>& arm : observations) {
    const auto wave = download(exec, arm.wave);
    for (std::size_t row = 0; row < wave.extent(0); ++row) {
      finest = std::min(finest, median_pixel(std::span(&wave(row, 0), wave.extent(1))));
    }
  }
  return std::max(1.0, finest);
}

/// Step of the scan in pixels of the finest arm: lines are found between shifts, too, as a pixel is at most
/// half the width of a line.
inline constexpr double scan_step_in_pixels = 1.5;

/// Least shift on either side. Fewer would cost as much: blocks of a correlation are no shorter than two registers.
inline constexpr int least_reach = 8;

struct ScanVelocities {
  double rv_step;         ///< [km/s]
  double step;            ///< of a shift in ln(wave)
  int reach;              ///< largest shift
  double min_rv, max_rv;  ///< bounds of the candidates' velocities   [km/s]

  /// Velocities that reach all bounds of the parameters rv, rv + 1 .. rv + velocities - 1.
  /// @throws InvalidArgument  bounds that are not finite
  ScanVelocities(const ParameterSet& parameters, int rv, int velocities, double velocity_step)
      : rv_step(velocity_step), step(velocity_step / speed_of_light) {
    min_rv = std::numeric_limits<double>::infinity();
    max_rv = -min_rv;
    bool fixed = true;
    for (int v = rv; v < rv + velocities; ++v) {
      const Parameter& parameter = parameters[v];
      min_rv = std::min(min_rv, parameter.fixed ? parameter.value : parameter.lower);
      max_rv = std::max(max_rv, parameter.fixed ? parameter.value : parameter.upper);
      fixed = fixed && parameter.fixed;
    }
    RVFIT_REQUIRE(std::isfinite(min_rv) && std::isfinite(max_rv), "Scan: rv is bounded by ", min_rv,
                  " and ", max_rv, ", must be finite");
    if (fixed) {
      min_rv -= rv_step;
      max_rv += rv_step;
    }
    reach = static_cast<int>(std::ceil(
        std::atanh(std::max(std::abs(min_rv), std::abs(max_rv)) / speed_of_light) / step));
    reach = std::max(reach, least_reach);
  }

  [[nodiscard]] KOKKOS_FUNCTION int shifts() const { return 2 * reach + 1; }

  /// v(s), also between shifts   [km/s]
  [[nodiscard]] KOKKOS_FUNCTION double velocity(double s) const {
    return speed_of_light * Kokkos::tanh((reach - s) * step);
  }

  /// Whether v may be a candidate, with half a step of grace: bounds closer than a step still have a shift.
  [[nodiscard]] KOKKOS_FUNCTION bool contains(double v) const {
    const double grace = 0.5 * rv_step;
    return v >= min_rv - grace && v <= max_rv + grace;
  }
};

}  // namespace rvfit
