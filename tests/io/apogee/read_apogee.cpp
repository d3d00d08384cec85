// SPDX-License-Identifier: MIT

#include "support/fits_edit.hpp"
#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/apogee/read_apogee.hpp>
#include <rvfit/io/fits/fits_output.hpp>

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

/// A visit of three chips of three pixels, whose wavelengths decrease.
void write_visit(const std::string& path) {
  io::FitsOutput file(path);
  file.write_keywords({{"OBJID", std::string("2M0024"), ""},
                       {"PLATE", std::string("9518"), ""},
                       {"BC", -14.5, ""}});
  file.write_image("FLUX", Floats{1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3});
  file.write_image("ERROR", Floats{0.5F, 0, 0.5F, 1, 1, 1, 1, 1, 1}, {3, 3});
  file.write_image("MASK", Masks{0, 0, 0, 1, 0, 1 << 13, 0, 0, 1 << 12}, {3, 3});
  file.write_image("WAVE", Doubles{16902, 16901, 16900, 16202, 16201, 16200, 15302, 15301, 15300},
                   {3, 3});
  file.commit();
}

/// An apStar file of spectra on a grid of 1e-3 in log10 from 15,010 A on: combined twice, then a visit.
void write_star(const std::string& path, std::size_t rows) {
  constexpr std::size_t count = 54;
  Floats flux(rows * count), error(rows * count, 1.0F);
  for (std::size_t n = 0; n < flux.size(); ++n) {
    flux[n] = static_cast<float>(n / count);
  }
  io::FitsOutput file(path);
  file.write_keywords({});
  const io::ArrayShape shape{rows, count};
  file.write_image("FLUX", flux, shape);
  file.write_image("ERROR", error, shape);
  file.write_image("MASK", Masks(rows * count), shape);
  file.commit();
  FitsEdit edit(path);
  edit.at("FLUX").set("CRVAL1", std::log10(15010.0));
  edit.at("FLUX").set("CDELT1", 1e-3);
}

TEST_CASE("read_apogee: a visit is three chips, put in order, without bad pixels") {
  const ScratchFolder folder;
  const std::string path = folder / "apVisit.fits";
  write_visit(path);
  io::ApogeeOptions options;
  options.arms = {"apogee_a", "apogee_b", "apogee_c"};
  const io::Spectra spectra = io::read_apogee(path, options);
  REQUIRE(spectra.arms.size() == 3);
  CHECK(spectra.arms[0].label == "CHIP_A");
  CHECK(spectra.arms[2].name == "apogee_c");
  CHECK(spectra.arms[1].medium == Medium::vacuum);
  CHECK(spectra.arms[0].wave == Doubles{16900, 16901, 16902});
  CHECK(spectra.arms[0].flux == Floats{3, 2, 1});
  CHECK(spectra.arms[0].ivar == Floats{4, 0, 4});
  CHECK(spectra.arms[1].mask == Masks{0, 0, 1});  // BADPIX, and not SIG_TELLURIC
  CHECK(spectra.arms[2].mask == Masks{1, 0, 0});  // SIG_SKYLINE
  CHECK(std::get<std::vector<std::string>>(spectra.columns.at(0).values)[0] == "2M0024");
  CHECK(spectra.columns.back().name == "BC");
}

TEST_CASE("read_apogee: a star is its combined spectrum or its visits, cut between chips") {
  const ScratchFolder folder;
  const std::string path = folder / "apStar.fits";
  write_star(path, 4);
  io::ApogeeOptions options;
  io::Spectra spectra = io::read_apogee(path, options);
  REQUIRE(spectra.arms.size() == 3);
  CHECK(spectra.arms[2].wave.front() == doctest::Approx(15010.0).epsilon(1e-12));  // rounding
  CHECK(spectra.arms[2].wave.back() < 15840.0);
  CHECK(spectra.arms[1].wave.front() >= 15840.0);
  CHECK(spectra.arms[0].wave.back() < 17000.0);
  CHECK(spectra.arms[0].flux[0] == 0.0F);
  options.visits = true;
  spectra = io::read_apogee(path, options);
  CHECK(spectra.arms[0].wave_rows == 2);
  CHECK(spectra.arms[0].flux[0] == 2.0F);
  write_star(path, 1);  // of a single visit, which is the combined spectrum
  CHECK(io::read_apogee(path, options).arms[0].flux[0] == 0.0F);
}

TEST_CASE("read_apogee: what is missing or odd is named") {
  const ScratchFolder folder;
  const std::string path = folder / "apVisit.fits";
  const auto error = [&] { return read_error(path, [&] { (void)io::read_apogee(path, {}); }); };
  write_visit(path);
  {
    FitsEdit file(path);
    file.at("WAVE").remove_hdu();
  }
  CHECK(error() == "HDU '1': has no keyword CRVAL1");
  write_visit(path);
  {
    FitsEdit file(path);
    file.at("ERROR").resize({4, 3});
  }
  CHECK(error() == "HDU '2': has 3 x 4 pixels, expected 3 x 3");
  write_visit(path);
  {
    FitsEdit file(path);
    file.at("WAVE").set_pixels(1, 1, 20000.0);
  }
  CHECK(error().ends_with("expected wavelengths that increase, or decrease, throughout"));
  write_star(path, 1);
  {
    FitsEdit file(path);
    file.at("FLUX").set("CRVAL1", 15000.0);
  }
  CHECK(error() ==
        "HDU '1': has CRVAL1 15000.000000 and CDELT1 0.001000, expected log10 of Angstrom");
}

TEST_CASE("read_apogee: a real visit") {
  const std::string shared = test::environment("RVFIT_SHARED_DATA");
  if (shared.empty()) {
    MESSAGE("[skipped] RVFIT_SHARED_DATA is not set");
    return;
  }
  const io::Spectra spectra =
      io::read_apogee(shared + "/real/apogee-apVisit-r13-9518-57729-104.fits", {});
  REQUIRE(spectra.arms.size() == 3);
  for (const io::SpectraArm& arm : spectra.arms) {
    CHECK(arm.pixels() == 4096);
    CHECK(arm.wave.front() < arm.wave.back());
    CHECK(arm.snr[0] > 50);
  }
}

}  // namespace
}  // namespace rvfit::test
