// SPDX-License-Identifier: MIT

#include "support/fits_edit.hpp"
#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/sdss/read_sdss.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace rvfit::test {
namespace {

using Floats = std::vector<float>;
using Masks = std::vector<std::int32_t>;

/// Columns of a coadd or an exposure of so many pixels of 1e-4, whose fluxes are 1, 2, ..
std::vector<io::Column> pixels(std::size_t count, double first, const char* mask) {
  Floats flux, ivar, wdisp;
  std::vector<double> loglam;
  Masks masks;
  for (std::size_t i = 0; i < count; ++i) {
    flux.push_back(static_cast<float>(i + 1));
    ivar.push_back(i == 1 ? 0.0F : 4.0F);
    wdisp.push_back(2.0F);
    loglam.push_back(first + 1e-4 * static_cast<double>(i));
    masks.push_back(i == 0 ? 1 << 23 : i == 2 ? 1 << 24 : 0);  // BRIGHTSKY, NODATA
  }
  return {{"flux", "", "", flux},
          {"loglam", "", "", loglam},
          {"ivar", "", "", ivar},
          {mask, "", "", masks},
          {"wdisp", "", "", wdisp}};
}

/// A spec- file of three pixels, without one keyword, and with exposures: two of the blue camera, one of the
/// red, whose wavelengths decrease.
void write_spec(const std::string& path, const std::string& without, bool lite = true) {
  io::FitsOutput file(path);
  std::vector<io::Keyword> keywords{{"PLATEID", std::int64_t{266}, ""},
                                    {"MJD", std::int64_t{51602}, ""},
                                    {"FIBERID", std::string("31"), ""},  // as text now and then
                                    {"PLUG_RA", 147.3, ""},
                                    {"PLUG_DEC", -0.5, ""}};
  std::erase_if(keywords, [&](const io::Keyword& keyword) { return keyword.name == without; });
  file.write_keywords(keywords);
  file.write_table("COADD", pixels(3, 3.6, "and_mask"));
  if (!lite) {
    file.write_table("SPALL", {{"Z", "", "", Floats{0}}});
    file.write_table("B1-00000001-1", pixels(3, 3.6, "mask"));
    file.write_table("B1-00000002-1", pixels(4, 3.6, "mask"));
    auto red = pixels(3, 3.9, "mask");
    red[1].values = std::vector<double>{3.9002, 3.9001, 3.9};
    file.write_table("R1-00000001-1", red);
  }
  file.commit();
}

std::vector<std::string> names_of(const io::Spectra& spectra) {
  std::vector<std::string> names;
  for (const io::Column& column : spectra.columns) {
    names.push_back(column.name);
  }
  return names;
}

TEST_CASE("read_sdss: identities come from the primary header, those that are there") {
  const ScratchFolder folder;
  const std::string path = folder / "spec.fits";
  write_spec(path, "PLUG_RA");
  const io::Spectra spectra = io::read_sdss(path, {});
  REQUIRE(spectra.arms.size() == 1);
  CHECK(names_of(spectra) == std::vector<std::string>{"PLATE", "MJD", "FIBERID", "TARGET_DEC"});
  CHECK(std::get<std::vector<std::int64_t>>(spectra.columns[2].values)[0] == 31);
  write_spec(path, "PLATEID");  // SDSS-V
  CHECK(names_of(io::read_sdss(path, {})) ==
        std::vector<std::string>{"MJD", "FIBERID", "TARGET_RA", "TARGET_DEC"});
}

TEST_CASE("read_sdss: bits that matter are bad pixels, and wdisp is the line spread") {
  const ScratchFolder folder;
  const std::string path = folder / "spec.fits";
  write_spec(path, "");
  const io::SpectraArm arm = io::read_sdss(path, {}).arms.at(0);
  CHECK(arm.name == "sdss1");
  CHECK(arm.label == "SDSS1");
  CHECK(arm.medium == Medium::vacuum);
  CHECK(arm.wave[0] == std::pow(10.0, 3.6));
  CHECK(arm.ivar == Floats{4, 0, 4});
  CHECK(arm.mask == Masks{0, 0, 1});
  io::SdssOptions options;
  options.mask_bits = 1 << 23;
  CHECK(io::read_sdss(path, options).arms.at(0).mask == Masks{1, 0, 0});
  // Two pixels of 1e-4 in log10: 2 (exp(1e-4 ln 10) - 1) of a wavelength, to the curvature of a pixel.
  const double sigma = 2.0 * (arm.wave[2] - arm.wave[0]) / 2.0;
  CHECK(std::abs(arm.line_spread[1] - sigma) < 1e-4 * sigma);  // the same to float
}

TEST_CASE("read_sdss: exposures of both cameras are arms, and what a camera lacks has no weight") {
  const ScratchFolder folder;
  const std::string path = folder / "spec.fits";
  write_spec(path, "", false);
  io::SdssOptions options;
  options.exposures = true;
  const io::Spectra spectra = io::read_sdss(path, options);
  REQUIRE(spectra.arms.size() == 2);
  const io::SpectraArm &blue = spectra.arms[0], &red = spectra.arms[1];
  CHECK(blue.label == "B");
  CHECK(red.label == "R");
  CHECK(red.name == "sdss1");
  CHECK(blue.wave_rows == 2);
  CHECK(blue.pixels() == 4);
  CHECK(blue.ivar == Floats{4, 0, 4, 0, 4, 0, 4, 4});
  CHECK(std::isnan(blue.line_spread[3]));  // no pixel of the first exposure
  CHECK(red.flux == Floats{3, 2, 1, 0, 0, 0});
  CHECK(red.mask == Masks{1, 0, 0, 1, 0, 0});
  CHECK(red.ivar == Floats{4, 0, 4, 0, 0, 0});
  CHECK(std::get<std::vector<std::int64_t>>(spectra.columns[0].values).size() == 2);
  write_spec(path, "");
  CHECK(read_error(path, [&] { (void)io::read_sdss(path, options); }) ==
        "HDU '1': is not followed by exposures, expected HDUs named B1-.., R1-.. or MJD_EXP_..: "
        "a lite file?");
}

TEST_CASE("read_sdss: exposures of SDSS-V have both cameras and are one arm") {
  const ScratchFolder folder;
  const std::string path = folder / "spec.fits";
  {
    io::FitsOutput file(path);
    file.write_keywords({{"BUNIT", std::string("1E-17 erg/cm^2/s/Ang"), ""}});
    file.write_table("COADD", pixels(3, 3.6, "and_mask"));
    file.write_table("SPALL", {{"MJD", "", "", std::vector<std::int32_t>{59147}}});
    file.write_table("MJD_EXP_59147-00", pixels(3, 3.6, "and_mask"));
    file.write_table("MJD_EXP_59147-01", pixels(3, 3.6, "and_mask"));
    file.commit();
  }
  io::SdssOptions options;
  options.exposures = true;
  const io::Spectra spectra = io::read_sdss(path, options);
  REQUIRE(spectra.arms.size() == 1);
  CHECK(spectra.arms[0].label == "SDSS1");
  CHECK(spectra.arms[0].wave_rows == 2);
  CHECK(spectra.arms[0].snr.size() == 2);
  CHECK(spectra.arms[0].flux_unit == "1E-17 erg/cm^2/s/Ang");
}

TEST_CASE("read_sdss: what is missing or odd is named") {
  const ScratchFolder folder;
  const std::string path = folder / "spec.fits";
  const auto error_of = [&](const std::vector<io::Column>& columns) {
    io::FitsOutput file(path);
    file.write_table("COADD", columns);
    file.commit();
    return read_error(path, [&] { (void)io::read_sdss(path, {}); });
  };
  auto columns = pixels(3, 3.6, "and_mask");
  columns[0].name = "counts";
  CHECK(error_of(columns) == "HDU '1': has no column flux");
  columns = pixels(3, 3.6, "and_mask");
  columns[1].values = std::vector<double>{3.6, 3.5, 3.7};
  CHECK(error_of(columns).ends_with("expected wavelengths that increase, or decrease, throughout"));
  CHECK(error_of(pixels(1, 3.6, "and_mask")) ==
        "HDU '1': has 1 wavelengths, 1 fluxes, 1 weights, expected as many of each, at least 2");
  write_spec(path, "");
  {
    FitsEdit file(path);
    file.at_primary().set("FIBERID", "none");
  }
  CHECK(read_error(path, [&] { (void)io::read_sdss(path, {}); }) ==
        "HDU 'PRIMARY': keyword FIBERID is 'none', expected a whole number");
}

TEST_CASE("read_sdss: a real spectrum is one star with its identity") {
  const std::string shared = test::environment("RVFIT_SHARED_DATA");
  if (shared.empty()) {
    MESSAGE("[skipped] RVFIT_SHARED_DATA is not set");
    return;
  }
  const io::Spectra spectra = io::read_sdss(shared + "/real/sdss-spec-0266-51602-0031.fits", {});
  REQUIRE(spectra.arms.size() == 1);
  const io::SpectraArm& arm = spectra.arms[0];
  CHECK(arm.pixels() == 3842);
  // The range of SDSS's spectrographs, 3800 to 9200 A; each spectrum begins and ends a few A off.
  CHECK(std::abs(arm.wave.front() - 3800.0) < 10.0);
  CHECK(std::abs(arm.wave.back() - 9200.0) < 10.0);
  CHECK(arm.snr[0] > 1);
  CHECK(std::get<std::vector<std::int64_t>>(spectra.columns[0].values)[0] == 266);
  CHECK(std::get<std::vector<std::int64_t>>(spectra.columns[2].values)[0] == 31);
  // A real file with the exposures of both cameras.
  io::SdssOptions options;
  options.exposures = true;
  const io::Spectra boss = io::read_sdss(shared + "/real/boss-spec-3586-55181-0500.fits", options);
  REQUIRE(boss.arms.size() == 2);
  CHECK(boss.arms[0].wave_rows == 7);
  CHECK(boss.arms[1].pixels() == 3142);
  CHECK_THROWS_AS((void)io::read_sdss(shared + "/real/desi-coadd-4-80613-thru20210324.fits", {}),
                  io::IoError);
}

}  // namespace
}  // namespace rvfit::test
