// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Brings rows of a file's spectra to the device and prepares them.

#include "fit_settings.hpp"
#include <rvfit/data/prepare_desi.hpp>
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/io/spectra.hpp>
#include <rvfit/stages/resolution_matrix.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace rvfit_survey {

/// Copy some rows of a row-major host matrix to the device.
template <rvfit::ExecutionPolicy P, class T>
[[nodiscard]] rvfit::Matrix<const T, P> upload_rows(const typename P::execution_space& exec,
                                                    const std::vector<T>& values,
                                                    std::size_t pixels,
                                                    const std::vector<std::size_t>& rows) {
  const auto device =
      rvfit::allocate_raw<rvfit::Matrix<T, P>>(exec, "rvfit_survey::rows", rows.size(), pixels);
  const auto host = Kokkos::create_mirror_view(device);
  for (std::size_t b = 0; b < rows.size(); ++b) {
    std::copy_n(values.data() + rows[b] * pixels, pixels, &host(b, 0));
  }
  Kokkos::deep_copy(exec, device, host);
  exec.fence("rvfit_survey::upload_rows: host array is free");
  return device;
}

/// The matrices that act on templates, which have a line spread of their own, for some rows.
/// @throws rvfit::InvalidArgument  neither the settings nor the library tell that line spread; no matrices
template <rvfit::ExecutionPolicy P>
[[nodiscard]] rvfit::Cube<const typename P::real_type, P> resolution_of(
    const typename P::execution_space& exec, const rvfit::io::SpectraArm& arm,
    const std::vector<std::size_t>& rows, const FitSettings& settings,
    const rvfit::EmulatorData& library) {
  RVFIT_REQUIRE(arm.diagonals() > 0 && arm.wave_rows == 1, "arm ", arm.label,
                " has no resolution matrices to apply");
  const double given = settings.lsf_sigma.of(arm.label);
  const double sigma =
      given > 0 ? given
                : library.arms[static_cast<std::size_t>(library.arm_index(arm.name))].lsf_sigma;
  RVFIT_REQUIRE(sigma > 0, "the library does not tell the line spread of its templates in arm ",
                arm.label, ", which --lsf-sigma can");
  const std::size_t diagonals = arm.diagonals();
  const auto band = upload_rows<P>(exec, arm.resolution, diagonals * arm.pixels(), rows);
  return rvfit::remove_template_spread<P>(
      exec, rvfit::Cube<const float, P>(band.data(), rows.size(), diagonals, arm.pixels()),
      sigma / (arm.wave[1] - arm.wave[0]));
}

/// Prepared spectra of B targets of E exposures each: for each arm its first exposures, then its
/// second, ...
///
/// @param[in] exec      instance the work is enqueued on; the call waits for uploads only
/// @param[in] waves     for each arm the wavelengths that all spectra share, empty where each has its
///                      own
/// @param[in] rows      (E, B)  rows of the file
/// @param[in] settings  preparation, and whether exposures have velocities of their own
/// @param[in] library   for the line spread of its templates
template <rvfit::ExecutionPolicy P>
[[nodiscard]] rvfit::Observations<P> load_spectra(
    const typename P::execution_space& exec, const rvfit::io::Spectra& spectra,
    const std::vector<rvfit::Matrix<const double, P>>& waves,
    const std::vector<std::vector<std::size_t>>& rows, const FitSettings& settings,
    const rvfit::EmulatorData& library) {
  rvfit::Observations<P> observations;
  for (std::size_t a = 0; a < spectra.arms.size(); ++a) {
    const rvfit::io::SpectraArm& arm = spectra.arms[a];
    const std::size_t pixels = arm.pixels();
    rvfit::DesiPreparation preparation = settings.preparation;
    preparation.systematic_error = settings.systematic_error.of(arm.label);
    for (std::size_t e = 0; e < rows.size(); ++e) {
      const auto upload = [&](const auto& values) {
        return upload_rows<P>(exec, values, pixels, rows[e]);
      };
      observations.push_back(rvfit::prepare_desi<P>(
          exec, arm.name, arm.wave_rows == 1 ? waves[a] : upload(arm.wave), upload(arm.flux),
          upload(arm.ivar), upload(arm.mask), preparation,
          settings.resolution_matrix ? resolution_of<P>(exec, arm, rows[e], settings, library)
                                     : rvfit::Cube<const typename P::real_type, P>()));
      observations.back().exposure = settings.rv_per_exposure ? static_cast<int>(e) : 0;
    }
  }
  return observations;
}

}  // namespace rvfit_survey
