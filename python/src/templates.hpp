// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Templates of given parameters with their derivatives, and simulated spectra.

#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/pipeline/forward_model.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit_python {

/// Templates of one arm. Only within a Session.
///
/// @param[in] theta        (B, P)  labels, widths, rv
/// @param[in] wave         (N)     increasing                      [Angstrom]
/// @param[in] derivatives  with lanes 1 + p: d / d theta_p
/// @return                 (B, L, N), L is 1 or 1 + P              [template flux]
/// @throws rvfit::InvalidArgument  no such arm, wavelengths that the library does not cover
[[nodiscard]] std::vector<double> templates(const rvfit::EmulatorData& library,
                                            const rvfit::ForwardModelOptions& options,
                                            const std::string& arm,
                                            const std::vector<double>& theta,
                                            const std::vector<double>& wave, bool derivatives);

/// Parameters of the model of a library.
[[nodiscard]] rvfit::ParameterSet parameters_of(const rvfit::EmulatorData& library,
                                                const rvfit::ForwardModelOptions& options);

/// Stars as rvfit_simulate makes them: DESI's three arms.
struct SimulatedArm {
  std::string name, label;
  std::vector<double> wave;        ///< (N)
  std::vector<float> flux, ivar;   ///< (S, N)
  std::vector<std::int32_t> mask;  ///< (S, N)
};
struct Simulated {
  std::vector<std::string> names;  ///< of the parameters
  std::vector<double> theta;       ///< (S, P)
  std::vector<double> snr;         ///< (S)
  std::vector<SimulatedArm> arms;
};
struct SimulateOptions {
  int stars;
  std::uint64_t seed;
  double snr_min, snr_max, rv_max, vsini_max;
};
[[nodiscard]] Simulated simulate(const rvfit::EmulatorData& library, const SimulateOptions& asked);

}  // namespace rvfit_python
