// SPDX-License-Identifier: MIT

/// @file
/// Spectra on their way from a reader to a fit with some library.

#include "core/match_library.hpp"

#include "support/read_error.hpp"
#include <rvfit/core/medium.hpp>
#include <rvfit/core/require.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace rvfit::test {
namespace {

using rvfit_programs::Reading;
using rvfit_programs::SpectraSettings;

/// A library of one arm.
EmulatorData library_in(Medium medium) {
  EmulatorData library;
  library.arms.emplace_back();
  library.arms[0].name = "blue";
  library.arms[0].medium = medium;
  return library;
}

/// Two spectra of three pixels that share their wavelengths.
Reading reading_in(Medium medium) {
  Reading reading;
  io::SpectraArm arm;
  arm.name = "blue";
  arm.label = "B";
  arm.wave = {5000.0, 5001.0, 5002.0};
  arm.flux.assign(6, 1.0F);
  arm.ivar.assign(6, 1.0F);
  arm.mask.assign(6, 0);
  arm.snr.assign(2, 1.0F);
  arm.medium = medium;
  reading.spectra.arms = {arm};
  reading.targets = {{0}, {1}};
  return reading;
}

std::vector<double> wave_of(const Reading& reading, const SpectraSettings& settings,
                            const EmulatorData& library) {
  const rvfit_programs::Reader read = [&](const std::string&) { return reading; };
  Reading matched = rvfit_programs::matched_to_library(read, settings, library)("file.fits");
  if (matched.read_rows) {
    CHECK(matched.read_rows({0})[0].wave == matched.spectra.arms[0].wave);
  }
  return matched.spectra.arms[0].wave;
}

TEST_CASE("match_library: wavelengths are converted where the media are known and differ") {
  const std::vector<double> as_read{5000.0, 5001.0, 5002.0};
  std::vector<double> in_air, in_vacuum;
  for (const double wave : as_read) {
    in_air.push_back(air_of_vacuum(wave));
    in_vacuum.push_back(vacuum_of_air(wave));
  }
  const auto unknown = Medium::unknown, vacuum = Medium::vacuum, air = Medium::air;
  CHECK(wave_of(reading_in(vacuum), {}, library_in(air)) == in_air);
  CHECK(wave_of(reading_in(air), {}, library_in(vacuum)) == in_vacuum);
  CHECK(wave_of(reading_in(air), {}, library_in(air)) == as_read);
  CHECK(wave_of(reading_in(vacuum), {}, library_in(unknown)) == as_read);
  CHECK(wave_of(reading_in(unknown), {}, library_in(unknown)) == as_read);
  // The user knows better.
  CHECK(wave_of(reading_in(unknown), {.medium = air}, library_in(vacuum)) == in_vacuum);
  CHECK(wave_of(reading_in(vacuum), {.medium = air}, library_in(vacuum)) == in_vacuum);
  CHECK(wave_of(reading_in(vacuum), {.library_medium = air}, library_in(unknown)) == in_air);
  // Rows that are read later are like those read at once.
  Reading later = reading_in(vacuum);
  later.read_rows = [arm = later.spectra.arms[0]](const std::vector<std::size_t>& rows) {
    return std::vector<io::SpectraArm>{take(arm, rows)};
  };
  CHECK(wave_of(later, {}, library_in(air)) == in_air);
}

TEST_CASE("match_library: a medium that nothing tells is refused where it matters") {
  CHECK(
      read_error("file.fits",
                 [] { (void)wave_of(reading_in(Medium::unknown), {}, library_in(Medium::air)); }) ==
      "arm B: the library's wavelengths are in air, the file does not tell its own: --vacuum or "
      "--air does");
  CHECK_THROWS_WITH_AS(
      (void)wave_of(reading_in(Medium::unknown), {.medium = Medium::air},
                    library_in(Medium::unknown)),
      "--air: the library does not tell the medium of its own wavelengths, which --library-medium "
      "can",
      InvalidArgument);
}

}  // namespace
}  // namespace rvfit::test
