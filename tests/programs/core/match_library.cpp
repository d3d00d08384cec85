// SPDX-License-Identifier: MIT

/// @file
/// Spectra on their way from a reader to a fit with some library.

#include "core/match_library.hpp"

#include "core/command_line.hpp"
#include "support/read_error.hpp"
#include <rvfit/core/medium.hpp>
#include <rvfit/core/require.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

using rvfit_programs::Reading;
using rvfit_programs::SpectraSettings;

constexpr double not_told = std::numeric_limits<double>::quiet_NaN();

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

/// The user tells the medium of the spectra, or of the library.
SpectraSettings told(Medium medium, Medium library) {
  SpectraSettings settings;
  settings.medium = medium;
  settings.library_medium = library;
  return settings;
}

std::vector<double> wave_of(const Reading& reading, const SpectraSettings& settings,
                            const EmulatorData& library) {
  rvfit_programs::Options options;
  options.spectra = settings;
  const rvfit_programs::Reader read = [&](const std::string&) { return reading; };
  Reading matched = rvfit_programs::matched_to_library(read, options, library)("file.fits");
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
  CHECK(wave_of(reading_in(unknown), told(air, unknown), library_in(vacuum)) == in_vacuum);
  CHECK(wave_of(reading_in(vacuum), told(air, unknown), library_in(vacuum)) == in_vacuum);
  CHECK(wave_of(reading_in(vacuum), told(unknown, air), library_in(unknown)) == in_air);
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
      (void)wave_of(reading_in(Medium::unknown), told(Medium::air, Medium::unknown),
                    library_in(Medium::unknown)),
      "--air: the library does not tell the medium of its own wavelengths, which --library-medium "
      "can",
      InvalidArgument);
}

/// The arm after matching, with a library whose templates have a line spread of `sigma`.
io::SpectraArm matched(const Reading& reading, const rvfit_programs::Options& options,
                       double sigma = not_told) {
  EmulatorData library = library_in(Medium::unknown);
  library.arms[0].lsf_sigma = sigma;
  const rvfit_programs::Reader read = [&](const std::string&) { return reading; };
  return rvfit_programs::matched_to_library(read, options, library)("file.fits").spectra.arms[0];
}

TEST_CASE("match_library: only the wavelengths that are wanted stay") {
  rvfit_programs::Options options;
  options.spectra.kept = {{"b", 5000.5, 5003.0}};
  io::SpectraArm arm = matched(reading_in(Medium::vacuum), options);
  CHECK(arm.wave == std::vector<double>{5001.0, 5002.0});
  CHECK(arm.flux.size() == 4);
  CHECK(arm.mask == std::vector<std::int32_t>{0, 0, 0, 0});
  options.spectra.kept = {{"", 4999.0, 5000.5}, {"blue", 5001.5, 6000.0}};  // with a hole
  arm = matched(reading_in(Medium::vacuum), options);
  CHECK(arm.wave.size() == 3);
  CHECK(arm.mask == std::vector<std::int32_t>{0, 1, 0, 0, 1, 0});
  options.spectra.kept = {};
  options.spectra.tellurics = {{"line", 5001.9, 5002.1}};
  arm = matched(reading_in(Medium::vacuum), options);
  CHECK(arm.mask == std::vector<std::int32_t>{0, 0, 1, 0, 0, 1});
  options.spectra.kept = {{"", 6000.0, 7000.0}};
  const auto error = [&] {
    return read_error("file.fits", [&] { (void)matched(reading_in(Medium::vacuum), options); });
  };
  CHECK(error() ==
        "arm B: --wave-range: no pixels are left, the spectrum reaches from 5000.000000 to "
        "5002.000000 Angstrom");
  options.spectra.kept = {{"green", 5000.0, 7000.0}};
  CHECK(error() == "--wave-range: no arm 'green', there are: B");
}

TEST_CASE("match_library: an arm that the library lacks is told for the first file that wants it") {
  rvfit_programs::Options options;
  EmulatorData library = library_in(Medium::vacuum);
  const rvfit_programs::Reader read = [](const std::string&) {
    Reading reading = reading_in(Medium::vacuum);
    reading.spectra.arms.push_back(reading.spectra.arms[0]);
    reading.spectra.arms[1].name = "red";
    reading.spectra.arms[1].label = "R";
    return reading;
  };
  const rvfit_programs::Reader matched = rvfit_programs::matched_to_library(read, options, library);
  CHECK(read_error("a.fits", [&] { (void)matched("a.fits"); }) ==
        "arm R: the library has no arm 'red', there are: blue; other files that want it fail "
        "without a line");
  CHECK_THROWS_AS((void)matched("b.fits"), rvfit_programs::ToldBefore);
  library.arms.emplace_back().name = "red";
  CHECK(matched("c.fits").spectra.arms.size() == 2);
}

TEST_CASE("match_library: a line spread stays where it can be applied") {
  rvfit_programs::Options options;
  Reading with_spread = reading_in(Medium::vacuum);
  with_spread.spectra.arms[0].line_spread.assign(6, 2.0F);
  CHECK(matched(with_spread, options, not_told).line_spread.empty());  // the library's is not known
  CHECK(matched(with_spread, options, 1.0).line_spread == std::vector<float>(6, 2.0F));
  options.fit.lsf_sigma.all = 1.0;
  CHECK(matched(with_spread, options, not_told).line_spread.size() == 6);
  options.spectra.line_spread = {rvfit_programs::parse_line_spread("b=none")};
  CHECK(matched(with_spread, options, 1.0).line_spread.empty());
  // An arm's own choice comes before that for all.
  options.spectra.line_spread = {rvfit_programs::parse_line_spread("b=R:1000"),
                                 rvfit_programs::parse_line_spread("none")};
  CHECK(matched(with_spread, options, 1.0).line_spread[1] ==
        static_cast<float>(5001.0 / 1000.0 / 2.3548200450309493));
  options.fit.lsf_sigma.all = not_told;
  const auto error = [&](const Reading& reading) {
    return read_error("file.fits", [&] { (void)matched(reading, options, not_told); });
  };
  CHECK(error(with_spread) ==
        "arm B: --lsf: the library does not tell the line spread of its templates, which "
        "--lsf-sigma can");
  options.spectra.line_spread = {rvfit_programs::parse_line_spread("file")};
  CHECK(error(reading_in(Medium::vacuum)) ==
        "arm B: --lsf: the file does not tell its line spread");
}

TEST_CASE("match_library: a library's line spread that changes with wavelength is taken off") {
  EmulatorData library = library_in(Medium::vacuum);
  library.arms[0].spread = {{4999.0, 1.0}, {5001.0, 3.0}};
  CHECK(library.arms[0].lsf_at(4000.0) == 1.0);
  CHECK(library.arms[0].lsf_at(5000.0) == 2.0);
  CHECK(library.arms[0].lsf_at(6000.0) == 3.0);
  rvfit_programs::Options options;
  Reading reading = reading_in(Medium::vacuum);
  reading.spectra.arms[0].line_spread = {3.0F, 5.0F, 2.0F, 2.0F, 3.0F, NAN};
  const rvfit_programs::Reader read = [&](const std::string&) { return reading; };
  const auto spread = [&] {
    return rvfit_programs::matched_to_library(read, options, library)("file.fits")
        .spectra.arms[0]
        .line_spread;
  };
  const std::vector<float> left = spread();
  CHECK(left[0] == static_cast<float>(std::sqrt(5.0)));  // 3^2 - 2^2
  CHECK(left[1] == 4.0F);                                // 5^2 - 3^2
  CHECK(left[2] == 0.0F);                                // narrower than the templates
  CHECK(left[3] == 0.0F);
  CHECK(left[4] == 0.0F);
  CHECK(std::isnan(left[5]));
  options.fit.lsf_sigma.all = 1.0;  // a number given comes before it, and the fit takes it off
  CHECK(spread()[1] == 5.0F);
}

TEST_CASE("--lsf: kinds, numbers and columns") {
  using rvfit_programs::parse_line_spread;
  using Source = rvfit_programs::LineSpreadChoice::Source;
  CHECK(parse_line_spread("R:1800").kind == io::SpreadKind::power);
  CHECK(parse_line_spread("desi_b=fwhm-px:2.5").arm == "desi_b");
  CHECK(parse_line_spread("desi_b=fwhm-px:2.5").number == 2.5);
  CHECK(parse_line_spread("sigma-px:wdisp").source == Source::column);
  CHECK(parse_line_spread("sigma-px:wdisp").column == "wdisp");
  for (const char* wrong : {"R=1800", "1800", "power:3", "R:", "fwhm:-1", "sigma:1.2.3"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS((void)parse_line_spread(wrong), CLI::ValidationError);
  }
}

}  // namespace
}  // namespace rvfit::test
