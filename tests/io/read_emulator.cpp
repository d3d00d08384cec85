// SPDX-License-Identifier: MIT

#include "support/fits_edit.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/read_emulator.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <limits>
#include <string>

namespace rvfit::test {
namespace {

std::string tiny_emulator() { return environment("RVFIT_TEST_DATA") + "/emulator-tiny.fits"; }

/// The error of reading the tiny emulator after an edit, from the file's name on, or "no error".
std::string error_after(const std::function<void(FitsEdit&)>& edit) {
  const ScratchFolder folder;
  const std::string path = folder / "emulator.fits";
  std::filesystem::copy_file(tiny_emulator(), path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  {
    FitsEdit file(path);
    edit(file);
  }
  try {
    (void)io::read_emulator(path);
  } catch (const io::IoError& error) {
    const std::string text = error.what();
    CHECK(text.starts_with(path + ": "));
    CHECK(text.find('\n') == std::string::npos);
    return text.substr(path.size() + 2);
  }
  return "no error";
}

TEST_CASE("read_emulator: a small file is read whole") {
  const EmulatorData data = io::read_emulator(tiny_emulator());
  REQUIRE(data.arms.size() >= 1);
  REQUIRE(data.labels.size() >= 2);
  CHECK(data.labels[0].name == "teff");
  CHECK(data.arms[0].name == "desi_b");
  CHECK(data.arms[0].inputs[0].log10);
  CHECK_FALSE(data.arms[0].inputs[1].log10);
  CHECK(data.arms[0].layers.front().activation == Activation::silu);
  CHECK(data.arms[0].layers.back().outputs == data.arms[0].grid.size);
  CHECK(data.arms[0].domain.size() % (data.labels.size() + 1) == 0);
}

TEST_CASE("read_emulator: unedited copies and further HDUs are fine") {
  CHECK(error_after([](FitsEdit&) {}) == "no error");
}

TEST_CASE("read_emulator: another format, version or a missing keyword is refused") {
  CHECK(error_after([](FitsEdit& f) { f.at_primary().set("RVFITFMT", "GRID"); }) ==
        "HDU 'PRIMARY': RVFITFMT is 'GRID', expected 'EMULATOR'");
  CHECK(error_after([](FitsEdit& f) { f.at_primary().remove_keyword("RVFITFMT"); }) ==
        "HDU 'PRIMARY': RVFITFMT is '', expected 'EMULATOR'");
  CHECK(error_after([](FitsEdit& f) { f.at_primary().set("RVFITVER", 2); }) ==
        "HDU 'PRIMARY': RVFITVER is 2, expected 1");
  for (const char* keyword : {"RVFITVER", "NPAR", "NARM", "ARM0", "CREATOR", "LIBRARY"}) {
    CHECK(error_after([&](FitsEdit& f) { f.at_primary().remove_keyword(keyword); }) ==
          std::string("HDU 'PRIMARY': has no keyword ") + keyword);
  }
  for (const char* keyword :
       {"GRIDTYPE", "GRID0", "GRIDSTEP", "GRIDSIZE", "OUTPUT", "NLAYER", "REVISION", "SOFTVER"}) {
    CHECK(error_after([&](FitsEdit& f) { f.at("DESI_B_INPUT").remove_keyword(keyword); }) ==
          std::string("HDU 'DESI_B_INPUT': has no keyword ") + keyword);
  }
}

TEST_CASE("read_emulator: missing HDUs and columns are named") {
  for (const char* hdu :
       {"PARAMETERS", "DESI_B_INPUT", "DESI_B_DOMAIN", "DESI_B_W0", "DESI_B_B0"}) {
    CHECK(error_after([&](FitsEdit& f) { f.at(hdu).remove_hdu(); }) ==
          "HDU '" + std::string(hdu) + "' missing");
  }
  CHECK(error_after([](FitsEdit& f) { f.at("PARAMETERS").remove_column(3); }) ==
        "HDU 'PARAMETERS': has no column LOWER");
}

TEST_CASE("read_emulator: parameter names must be the same everywhere, and different") {
  CHECK(error_after([](FitsEdit& f) { f.at("DESI_B_INPUT").set_cell(1, 2, "vmic"); }) ==
        "EmulatorData: input 1 of arm desi_b is vmic, label 1 is logg");
  CHECK(error_after([](FitsEdit& f) { f.at("PARAMETERS").set_cell(1, 2, "teff"); }) ==
        "HDU 'PARAMETERS': label 'teff' is named twice");
  CHECK(error_after([](FitsEdit& f) { f.at_primary().set("NPAR", 3); }) ==
        "HDU 'PARAMETERS': has 4 rows, expected NPAR = 3");
}

TEST_CASE("read_emulator: numbers outside their meaning are refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(error_after([](FitsEdit& f) { f.at_primary().set("NARM", 0); }) ==
        "HDU 'PRIMARY': NARM is 0, expected at least 1");
  CHECK(error_after([](FitsEdit& f) { f.at("DESI_B_INPUT").set("NLAYER", 0); }) ==
        "HDU 'DESI_B_INPUT': NLAYER is 0, expected at least 1");
  CHECK(error_after([](FitsEdit& f) {
          f.at("DESI_B_INPUT").set("GRIDSTEP", -1e-5);
        }).starts_with("HDU 'DESI_B_INPUT': GRIDSTEP is -0.00001"));
  CHECK(error_after([](FitsEdit& f) { f.at("DESI_B_INPUT").set_cell(4, 1, 0.0); }) ==
        "EmulatorData: scale of input teff of arm desi_b is 0, must be positive");
  CHECK(error_after([](FitsEdit& f) {
          f.at("PARAMETERS").set_cell(4, 2, -9.0);
        }).ends_with("expected LOWER < UPPER"));
  CHECK(error_after([](FitsEdit& f) {
          f.at("PARAMETERS").set_cell(3, 1, -1.0);
        }).starts_with("HDU 'DESI_B_INPUT': LOG10 of teff, whose LOWER in PARAMETERS is -1"));
  CHECK(error_after([&](FitsEdit& f) { f.at("DESI_B_W0").set_pixels(3, 1, nan); }) ==
        "HDU 'DESI_B_W0': weights: a finite number was expected");
  CHECK(error_after([&](FitsEdit& f) { f.at("DESI_B_DOMAIN").set_pixels(0, 1, nan); }) ==
        "HDU 'DESI_B_DOMAIN': half-spaces: a finite number was expected");
}

TEST_CASE("read_emulator: words it does not know are refused") {
  CHECK(error_after([](FitsEdit& f) { f.at("DESI_B_INPUT").set("GRIDTYPE", "CUBIC"); }) ==
        "HDU 'DESI_B_INPUT': GRIDTYPE is 'CUBIC', expected 'LOG' or 'LINEAR'");
  CHECK(error_after([](FitsEdit& f) { f.at("DESI_B_INPUT").set("OUTPUT", "SQRT"); }) ==
        "HDU 'DESI_B_INPUT': OUTPUT is 'SQRT', expected 'EXP' or 'LINEAR'");
  CHECK(error_after([](FitsEdit& f) { f.at("DESI_B_W0").set("ACTIV", "GELU"); }) ==
        "HDU 'DESI_B_W0': ACTIV is 'GELU', expected SILU, RELU, LEAKYRELU, SIGMOID, TANH or "
        "IDENTITY");
  CHECK(error_after([](FitsEdit& f) { f.at("DESI_B_W0").set("ACTIV", "LEAKYRELU"); }) ==
        "HDU 'DESI_B_W0': has no keyword SLOPE");
}

TEST_CASE("read_emulator: shapes that do not chain are refused with both extents") {
  CHECK(error_after([](FitsEdit& f) {
          f.at("DESI_B_W0").resize({3, 16});
        }) == "HDU 'DESI_B_W0': is 16 x 3, expected outputs x 4 inputs");
  CHECK(error_after([](FitsEdit& f) { f.at("DESI_B_B0").resize({15}); }) ==
        "HDU 'DESI_B_B0': has 15 pixels, expected 16");
  CHECK(error_after([](FitsEdit& f) {
          f.at("DESI_B_DOMAIN").resize({4, 9});
        }) == "HDU 'DESI_B_DOMAIN': has 9 x 4 numbers, expected rows of NPAR + 1 = 5");
  CHECK(error_after([](FitsEdit& f) {
          f.at("DESI_B_INPUT").set("GRIDSIZE", 17);
        }).ends_with("outputs, expected GRIDSIZE = 17"));
}

TEST_CASE("read_emulator: a damaged file is found by its checksum") {
  const ScratchFolder folder;
  const std::string path = folder / "emulator.fits";
  std::string bytes = test::read_bytes(tiny_emulator());
  bytes[bytes.size() - 2000] ^= 1;
  test::write_bytes(path, bytes);
  CHECK_THROWS_AS((void)io::read_emulator(path), io::IoError);
}

}  // namespace
}  // namespace rvfit::test
