// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Brings batches of spectra to the device and prepares them there, in arrays that are allocated once.

#include "batch.hpp"
#include "fit_settings.hpp"
#include "line_spread_bands.hpp"
#include <rvfit/data/prepare_spectra.hpp>
#include <rvfit/data/spectrum_buffer.hpp>
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/io/spectra.hpp>
#include <rvfit/stages/resolution_matrix.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit_programs {

/// Loads batches of the same arms, wavelengths and number of exposures.
template <rvfit::ExecutionPolicy P>
class SpectraLoader {
 public:
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;

  /// @param[in] like      arms, exposures and capacity of the batches
  /// @param[in] settings  preparation, and whether exposures have velocities of their own
  /// @param[in] library   for the line spread of its templates
  /// @param[in] covered   from the name of an arm to the wavelengths that the library covers
  /// @throws rvfit::InvalidArgument  resolution matrices are wanted and there are none, or neither the
  ///                                 settings nor the library tell the line spread of the templates
  template <class Covered>
  SpectraLoader(const Exec& exec, const Batch& like, const FitSettings& settings,
                const rvfit::EmulatorData& library, const Covered& covered)
      : exposures_(like.exposures),
        capacity_(like.own_wavelengths() ? like.size() : like.capacity) {
    const std::size_t velocities_of_arm = settings.rv_per_exposure ? exposures_ : 1;
    for (const rvfit::io::SpectraArm& spectra : like.arms) {
      Arm arm;
      arm.name = spectra.name;
      arm.pixels = spectra.pixels();
      arm.preparation = settings.preparation;
      arm.preparation.systematic_error = settings.systematic_error.of(spectra.label);
      arm.preparation.relative_error = settings.relative_error.of(spectra.label);
      arm.preparation.used = used(spectra, covered(spectra.name));
      if (spectra.wave_rows == 1) {
        arm.wave = spectra.wave;
        arm.shared_wave = rvfit::upload_matrix<rvfit::Matrix<const double, P>>(
            exec, "rvfit_programs::wave", spectra.wave, 1, arm.pixels);
      }
      if (settings.resolution_matrix) {
        arm.diagonals = spectra.diagonals();
        arm.inverse_spread = inverse_spread(exec, spectra, settings, library);
      } else if (!spectra.line_spread.empty()) {
        arm.template_sigma = template_sigma(spectra, settings, library);
        arm.diagonals = spread_diagonals(spectra, arm.template_sigma);
        arm.inverse_spread = rvfit::inverse_template_spread<P>(exec, 0.0, arm.diagonals);
        arm.by_spread = true;
      }
      for (std::size_t e = 0; e < exposures_; ++e) {
        arm.exposures.emplace_back();
        arm.exposures.back().prepared =
            rvfit::SpectrumBuffer<P>(exec, capacity_, arm.pixels, arm.diagonals);
        arm.exposures.back().velocity =
            (settings.rv_per_exposure ? static_cast<int>(e) : 0) +
            (settings.rv_per_arm ? static_cast<int>(arms_.size() * velocities_of_arm) : 0);
      }
      arms_.push_back(std::move(arm));
    }
  }

  /// Whether it can load a batch: nothing that a plan depends on is different.
  [[nodiscard]] bool suits(const Batch& batch) const {
    bool same = batch.exposures == exposures_ && batch.capacity <= capacity_ &&
                batch.arms.size() == arms_.size();
    for (std::size_t a = 0; same && a < arms_.size(); ++a) {
      const rvfit::io::SpectraArm& arm = batch.arms[a];
      same = arm.name == arms_[a].name && arm.pixels() == arms_[a].pixels && arm.wave_rows == 1 &&
             arm.wave == arms_[a].wave &&
             (arms_[a].diagonals == 0 || arms_[a].by_spread ||
              arm.diagonals() == arms_[a].diagonals) &&
             arms_[a].by_spread != arm.line_spread.empty() &&
             (!arms_[a].by_spread ||
              spread_diagonals(arm, arms_[a].template_sigma) <= arms_[a].diagonals);
    }
    return same;
  }

  [[nodiscard]] int capacity() const { return static_cast<int>(capacity_); }

  /// Prepared spectra: for each arm its first exposures, then its second, ... They, and on a host the
  /// batch, must stay until the results are there.
  [[nodiscard]] rvfit::Observations<P> load(const Exec& exec, const Batch& batch) {
    rvfit::Observations<P> observations;
    const std::size_t rows = batch.size();
    for (std::size_t a = 0; a < arms_.size(); ++a) {
      Arm& arm = arms_[a];
      const rvfit::io::SpectraArm& spectra = batch.arms[a];
      for (std::size_t e = 0; e < exposures_; ++e) {
        Exposure& to = arm.exposures[e];
        const auto upload = [&](auto& buffer, const auto& values, std::size_t columns) {
          return buffer.upload(exec, values.data() + e * rows * columns, rows, columns);
        };
        rvfit::Cube<const Real, P> resolution;
        if (arm.diagonals > 0) {
          if (arm.by_spread) {
            to.made_band =
                bands_of_spread(spectra, e * rows, rows, arm.template_sigma, arm.diagonals);
          }
          const auto band =
              arm.by_spread
                  ? to.band.upload(exec, to.made_band.data(), rows, arm.diagonals * arm.pixels)
                  : upload(to.band, spectra.resolution, arm.diagonals * arm.pixels);
          const auto removed = rvfit::first_rows(to.prepared.resolution, rows);
          rvfit::remove_template_spread<P>(
              exec, rvfit::Cube<const float, P>(band.data(), rows, arm.diagonals, arm.pixels),
              arm.inverse_spread, removed);
          resolution = removed;
        }
        rvfit::Vector<const double, P> unit;
        if (!spectra.unit.empty()) {
          unit = rvfit::Vector<const double, P>(upload(to.unit, spectra.unit, 1).data(), rows);
        }
        observations.push_back(rvfit::prepare_spectra<P>(
            exec, arm.name,
            spectra.wave_rows == 1 ? arm.shared_wave : upload(to.wave, spectra.wave, arm.pixels),
            upload(to.flux, spectra.flux, arm.pixels), upload(to.ivar, spectra.ivar, arm.pixels),
            upload(to.mask, spectra.mask, arm.pixels), arm.preparation, resolution, to.prepared,
            unit));
        observations.back().exposure = to.velocity;
      }
    }
    return observations;
  }

 private:
  struct Exposure {
    rvfit::UploadBuffer<double, P> wave, unit;
    rvfit::UploadBuffer<float, P> flux, ivar, band;
    std::vector<float> made_band;  ///< matrices of the line spread, while they are in use
    rvfit::UploadBuffer<std::int32_t, P> mask;
    rvfit::SpectrumBuffer<P> prepared;
    int velocity = 0;
  };

  struct Arm {
    std::string name;
    std::size_t pixels = 0;
    std::size_t diagonals = 0;
    std::vector<double> wave;  ///< that all spectra share; empty where each has its own
    rvfit::Matrix<const double, P> shared_wave;
    rvfit::Matrix<const double, P> inverse_spread;
    bool by_spread = false;       ///< matrices are made of the spectra's line spread
    double template_sigma = 0.0;  ///< of the templates, if they are  [Angstrom]
    rvfit::PrepareOptions preparation;
    std::vector<Exposure> exposures;
  };

  /// The wavelengths of an arm that are fitted: all, or of one that reaches beyond the library what it covers.
  /// An arm of which it covers less than a tenth is left to the fit to refuse.
  [[nodiscard]] static rvfit::WaveRange used(const rvfit::io::SpectraArm& arm,
                                             const rvfit::WaveRange& covered) {
    const auto inside = std::count_if(arm.wave.begin(), arm.wave.end(), [&](double wave) {
      return wave >= covered.lower && wave <= covered.upper;
    });
    const auto all = static_cast<std::ptrdiff_t>(arm.wave.size());
    constexpr std::ptrdiff_t least = 10;  // a part of this many
    return inside == all || inside * least < all ? rvfit::PrepareOptions{}.used : covered;
  }

  /// Line spread of the templates  [Angstrom]. @throws rvfit::InvalidArgument  nothing tells it
  [[nodiscard]] static double template_sigma(const rvfit::io::SpectraArm& arm,
                                             const FitSettings& settings,
                                             const rvfit::EmulatorData& library) {
    const double given = settings.lsf_sigma.of(arm.label);
    const rvfit::ArmData& templates =
        library.arms[static_cast<std::size_t>(library.arm_index(arm.name))];
    if (!(given >= 0) && !templates.spread.empty()) {
      RVFIT_REQUIRE(!settings.resolution_matrix, "arm ", arm.label,
                    ": the library's line spread changes with wavelength, and cannot be taken off "
                    "resolution matrices: --lsf-sigma gives a number that can");
      return 0.0;  // it is taken off already (match_library.hpp)
    }
    const double sigma = given >= 0 ? given : templates.lsf_sigma;
    RVFIT_REQUIRE(sigma >= 0, "the library does not tell the line spread of its templates in arm ",
                  arm.label, ", which --lsf-sigma can");
    return sigma;
  }

  [[nodiscard]] static rvfit::Matrix<const double, P> inverse_spread(
      const Exec& exec, const rvfit::io::SpectraArm& arm, const FitSettings& settings,
      const rvfit::EmulatorData& library) {
    RVFIT_REQUIRE(arm.diagonals() > 0 && arm.wave_rows == 1, "arm ", arm.label,
                  " has no resolution matrices to apply");
    const double sigma = template_sigma(arm, settings, library);
    return rvfit::inverse_template_spread<P>(exec, sigma / (arm.wave[1] - arm.wave[0]),
                                             arm.diagonals());
  }

  std::size_t exposures_;
  std::size_t capacity_;
  std::vector<Arm> arms_;
};

}  // namespace rvfit_programs
