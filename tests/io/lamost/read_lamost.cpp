// SPDX-License-Identifier: MIT

#include "support/fits_edit.hpp"
#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/lamost/read_lamost.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace rvfit::test {
namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;
using Masks = std::vector<std::int32_t>;

/// Columns of three pixels whose fluxes are 1, 2, 3; the first has the remark BRIGHTSKY, the last no data.
std::vector<io::Column> pixels(const Doubles& wave, const char* name, const char* mask) {
  return {{"FLUX", "", "", Floats{1, 2, 3}},
          {"IVAR", "", "", Floats{4, 0, 4}},
          {name, "", "", wave},
          {mask, "", "", Masks{8, 0, 32}}};
}

/// The same as one row of vectors.
std::vector<io::Column> vectors(const Doubles& wave) {
  auto columns = pixels(wave, "WAVELENGTH", "ANDMASK");
  for (io::Column& column : columns) {
    column.shape = {3};
  }
  return columns;
}

/// A medium-resolution file: coadds, two blue exposures and a red one whose wavelengths decrease.
void write_medium(const std::string& path) {
  io::FitsOutput file(path);
  file.write_keywords({{"OBSID", std::int64_t{5}, ""}, {"VACUUM", true, ""}});
  file.write_table("COADD_B", pixels({3.69, 3.7, 3.71}, "LOGLAM", "ANDMASK"));
  file.write_table("COADD_R", vectors({6300, 6301, 6302}));
  file.write_table("B-84107311", pixels({3.69, 3.7, 3.71}, "LOGLAM", "PIXMASK"));
  file.write_table("B-84107335", pixels({3.69, 3.7, 3.71}, "LOGLAM", "PIXMASK"));
  file.write_table("R-84107311", pixels({3.83, 3.82, 3.81}, "LOGLAM", "PIXMASK"));
  file.commit();
}

/// A low-resolution file: an image of rows flux, inverse variance, wavelength, masks, in the primary HDU.
void write_low(const std::string& path, long rows) {
  {
    io::FitsOutput file(path);
    file.write_keywords({{"FIBERID", std::int64_t{104}, ""}});
    file.write_table("NOTHING", {{"X", "", "", Floats{0}}});
    file.commit();
  }
  FitsEdit edit(path);
  edit.at_primary().resize({3, rows});
  long long index = 0;
  for (const double value : {1, 2, 3, 4, 0, 4, 5000, 5001, 5002, 8, 0, 32, 0, 0, 0}) {
    if (index < 3 * rows) {
      edit.set_pixels(index++, 1, value);
    }
  }
}

TEST_CASE("read_lamost: low resolution as an image") {
  const ScratchFolder folder;
  const std::string path = folder / "spec.fits";
  write_low(path, 5);
  const io::Spectra spectra = io::read_lamost(path, {});
  const io::SpectraArm& arm = spectra.arms.at(0);
  CHECK(arm.name == "lamost");
  CHECK(arm.wave == Doubles{5000, 5001, 5002});
  CHECK(arm.flux == Floats{1, 2, 3});
  CHECK(arm.ivar == Floats{4, 0, 4});
  CHECK(arm.mask == Masks{0, 0, 1});
  CHECK(spectra.columns.at(0).name == "FIBERID");
  write_low(path, 3);
  CHECK(read_error(path, [&] { (void)io::read_lamost(path, {}); }) ==
        "HDU 'PRIMARY': has 3 x 3 pixels, expected 5 rows: flux, inverse variance, wavelength, "
        "masks");
}

TEST_CASE("read_lamost: medium resolution has coadds of two cameras, and exposures") {
  const ScratchFolder folder;
  const std::string path = folder / "med.fits";
  write_medium(path);
  io::LamostOptions options;
  const io::Spectra coadds = io::read_lamost(path, options);
  REQUIRE(coadds.arms.size() == 2);
  CHECK(coadds.arms[0].label == "B");
  CHECK(coadds.arms[0].name == "mrs_b");
  CHECK(coadds.arms[0].medium == Medium::vacuum);
  CHECK(coadds.arms[0].mask == Masks{0, 0, 1});
  CHECK(coadds.arms[0].ivar == Floats{4, 0, 4});
  CHECK(coadds.arms[1].wave == Doubles{6300, 6301, 6302});
  CHECK(std::get<std::vector<std::int64_t>>(coadds.columns.at(0).values)[0] == 5);
  options.exposures = true;
  const io::Spectra exposures = io::read_lamost(path, options);
  REQUIRE(exposures.arms.size() == 2);
  CHECK(exposures.arms[0].wave_rows == 2);
  const io::SpectraArm& red = exposures.arms[1];
  CHECK(red.wave[0] == std::pow(10.0, 3.81));
  CHECK(red.flux == Floats{3, 2, 1, 0, 0, 0});  // reversed; and one that the camera lacks
  CHECK(red.mask == Masks{1, 0, 0, 1, 0, 0});
  CHECK(red.ivar == Floats{4, 0, 4, 0, 0, 0});
  options.camera = "R";
  CHECK(io::read_lamost(path, options).arms.size() == 1);
}

TEST_CASE("read_lamost: low resolution as a table of one row") {
  const ScratchFolder folder;
  const std::string path = folder / "spec.fits";
  io::FitsOutput file(path);
  file.write_keywords({{"VACUUM", false, ""}});
  file.write_table("COADD", vectors({5000, 5001, 5002}));
  file.commit();
  const io::SpectraArm arm = io::read_lamost(path, {}).arms.at(0);
  CHECK(arm.name == "lamost");
  CHECK(arm.label == "LAMOST");
  CHECK(arm.medium == Medium::air);
  CHECK(arm.flux == Floats{1, 2, 3});
  CHECK(arm.mask == Masks{0, 0, 1});
  io::LamostOptions options;
  options.mask_bits = 8;
  CHECK(io::read_lamost(path, options).arms.at(0).mask == Masks{1, 0, 0});
  options.exposures = true;
  CHECK(read_error(path, [&] { (void)io::read_lamost(path, options); }) ==
        "HDU 'PRIMARY': is of low resolution, which has no exposures");
}

TEST_CASE("read_lamost: what is missing or odd is named") {
  const ScratchFolder folder;
  const std::string path = folder / "med.fits";
  const auto error = [&] { return read_error(path, [&] { (void)io::read_lamost(path, {}); }); };
  write_medium(path);
  {
    FitsEdit file(path);
    file.at("COADD_B").remove_column(3);
  }
  CHECK(error() == "HDU '1': has no column LOGLAM or WAVELENGTH or WAVE");
  write_medium(path);
  {
    FitsEdit file(path);
    file.at("COADD_R").remove_hdu();
    file.at("COADD_B").remove_hdu();
  }
  CHECK(error() == "HDU '1': is not followed by HDUs named COADD_B or COADD_R");
  write_medium(path);
  {
    FitsEdit file(path);
    file.at("COADD_B").set_cell(3, 2, 3.5);
  }
  CHECK(error().ends_with("expected wavelengths that increase, or decrease, throughout"));
}

TEST_CASE("read_lamost: real files of both resolutions") {
  const std::string shared = test::environment("RVFIT_SHARED_DATA");
  if (shared.empty()) {
    MESSAGE("[skipped] RVFIT_SHARED_DATA is not set");
    return;
  }
  const io::SpectraArm low =
      io::read_lamost(shared + "/real/lamost-lrs/spec-55859-F5902_sp12-247.fits.gz", {}).arms.at(0);
  CHECK(low.pixels() == 3903);
  CHECK(low.medium == Medium::vacuum);
  CHECK(std::abs(low.wave.front() - 3700.0) < 10.0);  // the survey's range begins there
  CHECK(low.snr[0] > 30);
  io::LamostOptions options;
  options.exposures = true;
  const io::Spectra medium = io::read_lamost(
      shared + "/real/lamost-mrs/med-58408-TD230151N343645T01_sp01-015.fits", options);
  REQUIRE(medium.arms.size() == 2);
  CHECK(medium.arms[0].wave_rows == 7);
  CHECK(medium.arms[1].wave_rows == 7);
  CHECK(medium.arms[1].wave[0] < medium.arms[1].wave[4135]);
}

}  // namespace
}  // namespace rvfit::test
