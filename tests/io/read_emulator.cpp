// SPDX-License-Identifier: MIT

#include "support/fits_edit.hpp"
#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include "support/tolerance.hpp"
#include <rvfit/io/read_emulator.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

std::string tiny_emulator() { return environment("RVFIT_TEST_DATA") + "/emulator-tiny.fits"; }
std::string tiny_grid() { return environment("RVFIT_TEST_DATA") + "/emulator-grid-tiny.fits"; }

/// Read an emulator, and the templates of its grids.
void read_whole(const std::string& path) {
  const EmulatorData data = io::read_emulator(path);
  for (const ArmData& arm : data.arms) {
    if (arm.is_grid()) {
      const std::size_t rows = arm.label_grid.templates;
      std::vector<float> templates(rows * static_cast<std::size_t>(arm.grid.size));
      arm.label_grid.read(0, rows, templates.data());
    }
  }
}

/// The error of reading a tiny emulator after an edit, from the file's name on, or "no error".
std::string error_of_library(const std::function<void(FitsEdit&)>& edit,
                             const std::string& original = tiny_emulator()) {
  const ScratchFolder folder;
  const std::string path = folder / "emulator.fits";
  std::filesystem::copy_file(original, path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  {
    FitsEdit file(path);
    edit(file);
  }
  return read_error(path, [&] { read_whole(path); });
}

TEST_CASE("read_emulator: a line spread of 0 is a number, none is none") {
  CHECK(std::isnan(io::read_emulator(tiny_emulator()).arms[0].lsf_sigma));
  const ScratchFolder folder;
  const std::string path = folder / "emulator.fits";
  test::copy_fits(tiny_emulator(), path);
  FitsEdit(path).at("DESI_B_INPUT").set("LSFSIGMA", 0.0);
  CHECK(io::read_emulator(path).arms[0].lsf_sigma == 0.0);
}

/// Add the table of a line spread that changes with wavelength.
void add_spread(FitsEdit& file, const std::vector<SpreadPoint>& spread) {
  file.add_table("DESI_B_LSF", {{"WAVE", "1D"}, {"SIGMA", "1D"}}, static_cast<int>(spread.size()));
  for (int row = 1; row <= static_cast<int>(spread.size()); ++row) {
    file.set_cell(1, row, spread[static_cast<std::size_t>(row - 1)].wave);
    file.set_cell(2, row, spread[static_cast<std::size_t>(row - 1)].sigma);
  }
}

TEST_CASE("read_emulator: a line spread that changes with wavelength is a table") {
  CHECK(io::read_emulator(tiny_emulator()).arms[0].spread.empty());
  const ScratchFolder folder;
  const std::string path = folder / "emulator.fits";
  test::copy_fits(tiny_emulator(), path);
  {
    FitsEdit file(path);
    add_spread(file, {{3600.0, 0.75}, {5800.0, 0.0}});
  }
  const EmulatorData data = io::read_emulator(path);
  REQUIRE(data.arms[0].spread.size() == 2);
  CHECK(data.arms[0].spread[0].wave == 3600.0);
  CHECK(data.arms[0].spread[0].sigma == 0.75);
  CHECK(data.arms[0].spread[1].wave == 5800.0);
  CHECK(data.arms[0].spread[1].sigma == 0.0);
  const auto error_of = [](const std::vector<SpreadPoint>& spread) {
    return error_of_library([&](FitsEdit& f) { add_spread(f, spread); });
  };
  CHECK(error_of({}) ==
        "HDU 'DESI_B_LSF': has no rows, expected the line spread at one wavelength at least");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const SpreadPoint& bad :
       {SpreadPoint{3600.0, 0.5}, {nan, 0.5}, {4000.0, nan}, {4000.0, -0.5}}) {
    CHECK(error_of({{3600.0, 0.75}, bad}).starts_with("HDU 'DESI_B_LSF': row 2 has WAVE "));
  }
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
  CHECK(error_of_library([](FitsEdit&) {}) == "no error");
}

TEST_CASE("read_emulator: another format, version or a missing keyword is refused") {
  CHECK(error_of_library([](FitsEdit& f) { f.at_primary().set("RVFITFMT", "GRID"); }) ==
        "HDU 'PRIMARY': RVFITFMT is 'GRID', expected 'EMULATOR'");
  CHECK(error_of_library([](FitsEdit& f) { f.at_primary().remove_keyword("RVFITFMT"); }) ==
        "HDU 'PRIMARY': RVFITFMT is '', expected 'EMULATOR'");
  CHECK(error_of_library([](FitsEdit& f) { f.at_primary().set("RVFITVER", 2); }) ==
        "HDU 'PRIMARY': RVFITVER is 2, expected 1");
  for (const char* keyword : {"RVFITVER", "NPAR", "NARM", "ARM0", "CREATOR", "LIBRARY"}) {
    CHECK(error_of_library([&](FitsEdit& f) { f.at_primary().remove_keyword(keyword); }) ==
          std::string("HDU 'PRIMARY': has no keyword ") + keyword);
  }
  for (const char* keyword :
       {"GRIDTYPE", "GRID0", "GRIDSTEP", "GRIDSIZE", "OUTPUT", "NLAYER", "REVISION", "SOFTVER"}) {
    CHECK(error_of_library([&](FitsEdit& f) { f.at("DESI_B_INPUT").remove_keyword(keyword); }) ==
          std::string("HDU 'DESI_B_INPUT': has no keyword ") + keyword);
  }
}

TEST_CASE("read_emulator: missing HDUs and columns are named") {
  for (const char* hdu :
       {"PARAMETERS", "DESI_B_INPUT", "DESI_B_DOMAIN", "DESI_B_W0", "DESI_B_B0"}) {
    CHECK(error_of_library([&](FitsEdit& f) { f.at(hdu).remove_hdu(); }) ==
          "HDU '" + std::string(hdu) + "' missing");
  }
  CHECK(error_of_library([](FitsEdit& f) { f.at("PARAMETERS").remove_column(3); }) ==
        "HDU 'PARAMETERS': has no column LOWER");
}

TEST_CASE("read_emulator: parameter names must be the same everywhere, and different") {
  CHECK(error_of_library([](FitsEdit& f) { f.at("DESI_B_INPUT").set_cell(1, 2, "vmic"); }) ==
        "EmulatorData: input 1 of arm desi_b is vmic, label 1 is logg");
  CHECK(error_of_library([](FitsEdit& f) { f.at("PARAMETERS").set_cell(1, 2, "teff"); }) ==
        "HDU 'PARAMETERS': label 'teff' is named twice");
  CHECK(error_of_library([](FitsEdit& f) { f.at_primary().set("NPAR", 3); }) ==
        "HDU 'PARAMETERS': has 4 rows, expected NPAR = 3");
}

TEST_CASE("read_emulator: numbers outside their meaning are refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(error_of_library([](FitsEdit& f) { f.at_primary().set("NARM", 0); }) ==
        "HDU 'PRIMARY': NARM is 0, expected at least 1");
  CHECK(error_of_library([](FitsEdit& f) { f.at("DESI_B_INPUT").set("MEDIUM", "air"); }) ==
        "HDU 'DESI_B_INPUT': MEDIUM is 'air', expected 'VACUUM' or 'AIR'");
  CHECK(error_of_library([](FitsEdit& f) { f.at("DESI_B_INPUT").set("MEDIUM", "AIR"); }) ==
        "no error");
  CHECK(error_of_library([](FitsEdit& f) { f.at("DESI_B_INPUT").set("NLAYER", 0); }) ==
        "HDU 'DESI_B_INPUT': NLAYER is 0, expected at least 1");
  CHECK(error_of_library([](FitsEdit& f) {
          f.at("DESI_B_INPUT").set("GRIDSTEP", -1e-5);
        }).starts_with("HDU 'DESI_B_INPUT': GRIDSTEP is -0.00001"));
  CHECK(error_of_library([](FitsEdit& f) { f.at("DESI_B_INPUT").set_cell(4, 1, 0.0); }) ==
        "EmulatorData: scale of input teff of arm desi_b is 0, must be positive");
  CHECK(error_of_library([](FitsEdit& f) {
          f.at("PARAMETERS").set_cell(4, 2, -9.0);
        }).ends_with("expected LOWER < UPPER"));
  CHECK(error_of_library([](FitsEdit& f) {
          f.at("PARAMETERS").set_cell(3, 1, -1.0);
        }).starts_with("HDU 'DESI_B_INPUT': LOG10 of teff, whose LOWER in PARAMETERS is -1"));
  CHECK(error_of_library([&](FitsEdit& f) { f.at("DESI_B_W0").set_pixels(3, 1, nan); }) ==
        "HDU 'DESI_B_W0': weights: a finite number was expected");
  CHECK(error_of_library([&](FitsEdit& f) { f.at("DESI_B_DOMAIN").set_pixels(0, 1, nan); }) ==
        "HDU 'DESI_B_DOMAIN': half-spaces: a finite number was expected");
}

TEST_CASE("read_emulator: words it does not know are refused") {
  CHECK(error_of_library([](FitsEdit& f) { f.at("DESI_B_INPUT").set("GRIDTYPE", "CUBIC"); }) ==
        "HDU 'DESI_B_INPUT': GRIDTYPE is 'CUBIC', expected 'LOG': wavelengths uniform in "
        "ln(wavelength)");
  CHECK(error_of_library([](FitsEdit& f) { f.at("DESI_B_INPUT").set("OUTPUT", "SQRT"); }) ==
        "HDU 'DESI_B_INPUT': OUTPUT is 'SQRT', expected 'EXP' or 'LINEAR'");
  CHECK(error_of_library([](FitsEdit& f) { f.at("DESI_B_W0").set("ACTIV", "GELU"); }) ==
        "HDU 'DESI_B_W0': ACTIV is 'GELU', expected SILU, RELU, LEAKYRELU, SIGMOID, TANH or "
        "IDENTITY");
  CHECK(error_of_library([](FitsEdit& f) { f.at("DESI_B_W0").set("ACTIV", "LEAKYRELU"); }) ==
        "HDU 'DESI_B_W0': has no keyword SLOPE");
}

TEST_CASE("read_emulator: shapes that do not chain are refused with both extents") {
  CHECK(error_of_library([](FitsEdit& f) {
          f.at("DESI_B_W0").resize({3, 16});
        }) == "HDU 'DESI_B_W0': is 16 x 3, expected outputs x 4 inputs");
  CHECK(error_of_library([](FitsEdit& f) { f.at("DESI_B_B0").resize({15}); }) ==
        "HDU 'DESI_B_B0': has 15 pixels, expected 16");
  CHECK(error_of_library([](FitsEdit& f) {
          f.at("DESI_B_DOMAIN").resize({4, 9});
        }) == "HDU 'DESI_B_DOMAIN': has 9 x 4 numbers, expected rows of NPAR + 1 = 5");
  CHECK(error_of_library([](FitsEdit& f) {
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

TEST_CASE("read_emulator: a grid is read whole") {
  const EmulatorData data = io::read_emulator(tiny_grid());
  REQUIRE(data.arms.size() == 1);
  const GridData& grid = data.arms[0].label_grid;
  REQUIRE(grid.axes.size() == 4);
  REQUIRE(grid.axes[0].size() == 3);
  // NumPy's logarithm may be rounded otherwise.
  CHECK(grid.axes[0][1] == doctest::Approx(std::log10(4500.0)).epsilon(rounding<double>(1)));
  CHECK(grid.axes[1] == std::vector<double>{1.0, 3.0, 4.5});
  CHECK(grid.row.size() == 36);
  CHECK(grid.row[2 * 12 + 3] == -1);
  CHECK(grid.templates == 35);
  CHECK(data.arms[0].layers.empty());
  // ln T is a sum over labels: its mixed differences are zero to four roundings of floats below 1.
  std::vector<float> all(35 * 16), some(2 * 16);
  grid.read(0, 35, all.data());
  grid.read(3, 2, some.data());
  for (std::size_t i = 0; i < 16; ++i) {
    CHECK(std::abs(all[i] - all[16 + i] - all[32 + i] + all[48 + i]) <= rounding<float>(4));
    CHECK(some[i] == all[3 * 16 + i]);
    CHECK(some[16 + i] == all[4 * 16 + i]);
  }
}

std::string grid_error_of_library(const std::function<void(FitsEdit&)>& edit) {
  return error_of_library(edit, tiny_grid());
}

TEST_CASE("read_emulator: of a grid, what is missing or of another kind is named") {
  CHECK(grid_error_of_library([](FitsEdit&) {}) == "no error");
  for (const char* part : {"AXIS0", "AXIS3", "NODES", "TEMPLATES"}) {
    const std::string hdu = "TINY_G_" + std::string(part);
    CHECK(grid_error_of_library([&](FitsEdit& f) { f.at(hdu).remove_hdu(); }) ==
          "HDU '" + hdu + "' missing");
  }
  CHECK(grid_error_of_library([](FitsEdit& f) {
          f.at("TINY_G_INPUT").set("LIBTYPE", "TRIANGULATION");
        }) == "HDU 'TINY_G_INPUT': LIBTYPE is 'TRIANGULATION', expected 'NETWORK' or 'GRID'");
  CHECK(grid_error_of_library([](FitsEdit& f) {
          f.at("TINY_G_INPUT").remove_keyword("LIBTYPE");
        }) == "HDU 'TINY_G_DOMAIN' missing");
}

TEST_CASE("read_emulator: of a grid, extents that differ are refused with both") {
  CHECK(grid_error_of_library([](FitsEdit& f) { f.at("TINY_G_AXIS2").resize({1}); }) ==
        "HDU 'TINY_G_AXIS2': has 1 numbers, expected a row of at least 2");
  CHECK(grid_error_of_library([](FitsEdit& f) {
          f.at("TINY_G_AXIS2").resize({1, 2});
        }) == "HDU 'TINY_G_AXIS2': has 2 x 1 numbers, expected a row of at least 2");
  CHECK(grid_error_of_library([](FitsEdit& f) {
          f.at("TINY_G_NODES").resize({2, 2, 2, 3});
        }) == "HDU 'TINY_G_NODES': has 3 x 2 x 2 x 2 pixels, expected 3 x 3 x 2 x 2");
  CHECK(grid_error_of_library([](FitsEdit& f) {
          f.at("TINY_G_TEMPLATES").resize({15, 35});
        }) == "HDU 'TINY_G_TEMPLATES': is 35 x 15, expected templates x GRIDSIZE = 16");
}

TEST_CASE("read_emulator: of a grid, numbers outside their meaning are refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(grid_error_of_library([&](FitsEdit& f) { f.at("TINY_G_AXIS1").set_pixels(1, 1, nan); }) ==
        "HDU 'TINY_G_AXIS1': nodes: a finite number was expected");
  CHECK(grid_error_of_library([](FitsEdit& f) { f.at("TINY_G_AXIS1").set_pixels(2, 1, 3.0); }) ==
        "HDU 'TINY_G_AXIS1': numbers that increase were expected");
  CHECK(grid_error_of_library([](FitsEdit& f) { f.at("TINY_G_NODES").set_pixels(0, 1, 35); }) ==
        "HDU 'TINY_G_NODES': names template 35, expected -1 for none, or 0 .. 34");
  CHECK(grid_error_of_library([](FitsEdit& f) { f.at("TINY_G_NODES").set_pixels(0, 1, -2); }) ==
        "HDU 'TINY_G_NODES': names template -2, expected -1 for none, or 0 .. 34");
  CHECK(grid_error_of_library([](FitsEdit& f) { f.at("TINY_G_NODES").set_pixels(7, 1, 3); }) ==
        "HDU 'TINY_G_NODES': template 3 is at two nodes, expected at one");
  CHECK(grid_error_of_library([](FitsEdit& f) { f.at("TINY_G_NODES").set_pixels(7, 1, -1); }) ==
        "HDU 'TINY_G_NODES': template 7 is at no node, expected at one");
  CHECK(grid_error_of_library([&](FitsEdit& f) {
          f.at("TINY_G_TEMPLATES").set_pixels(500, 1, nan);
        }) == "HDU 'TINY_G_TEMPLATES': templates: a finite number was expected");
}

TEST_CASE(
    "read_emulator: a grid cut short anywhere, or with any byte of data changed, is refused") {
  const ScratchFolder folder;
  const std::string path = folder / "emulator.fits";
  const std::string bytes = test::read_bytes(tiny_grid());
  for (std::size_t size = 0; size < bytes.size(); size += 1440) {
    CAPTURE(size);
    test::write_bytes(path, bytes.substr(0, size));
    CHECK_THROWS_AS(read_whole(path), io::IoError);
  }
  for (std::size_t at = 80; at < bytes.size(); at += 997) {
    CAPTURE(at);
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    test::write_bytes(path, damaged);
    CHECK_THROWS_AS(read_whole(path), io::IoError);
  }
}

}  // namespace
}  // namespace rvfit::test
