// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Brings rows of a DESI file to the device and prepares them. Another survey has its own.

#include "batch_fitter.hpp"
#include <rvfit/io/read_desi.hpp>
#include <rvfit/rvfit.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace rvfit_desi {

/// Arms and wavelengths of a file.
[[nodiscard]] inline std::vector<ArmGrid> grids_of(const rvfit::io::DesiFile& file) {
  std::vector<ArmGrid> grids;
  for (const rvfit::io::DesiArm& arm : file.arms) {
    grids.push_back({arm.name, arm.wave});
  }
  return grids;
}

/// Copy some rows of a row-major host matrix to the device.
template <rvfit::ExecutionPolicy P, class T>
[[nodiscard]] rvfit::Matrix<const T, P> upload_rows(const typename P::execution_space& exec,
                                                    const std::vector<T>& values,
                                                    std::size_t pixels, const std::size_t* rows,
                                                    std::size_t count) {
  const auto device =
      rvfit::allocate_raw<rvfit::Matrix<T, P>>(exec, "rvfit_desi::rows", count, pixels);
  const auto host = Kokkos::create_mirror_view(device);
  for (std::size_t b = 0; b < count; ++b) {
    std::copy_n(values.data() + rows[b] * pixels, pixels, &host(b, 0));
  }
  Kokkos::deep_copy(exec, device, host);
  exec.fence("rvfit_desi::upload_rows: host array is free");
  return device;
}

/// Prepared spectra of the rows `rows[first]` .. `rows[last - 1]` of a file.
template <rvfit::ExecutionPolicy P>
[[nodiscard]] rvfit::Observations<P> load_desi(
    const typename P::execution_space& exec, const rvfit::io::DesiFile& file,
    const std::vector<std::size_t>& rows, int first, int last,
    const std::vector<rvfit::Matrix<const double, P>>& waves,
    const rvfit::DesiPreparation& preparation) {
  const std::size_t* chosen = rows.data() + first;
  const auto count = static_cast<std::size_t>(last - first);
  rvfit::Observations<P> observations;
  for (std::size_t a = 0; a < file.arms.size(); ++a) {
    const rvfit::io::DesiArm& arm = file.arms[a];
    const std::size_t pixels = arm.pixels();
    observations.push_back(rvfit::prepare_desi<P>(
        exec, arm.name, waves[a], upload_rows<P>(exec, arm.flux, pixels, chosen, count),
        upload_rows<P>(exec, arm.ivar, pixels, chosen, count),
        upload_rows<P>(exec, arm.mask, pixels, chosen, count), preparation));
  }
  return observations;
}

}  // namespace rvfit_desi
