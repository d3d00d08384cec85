// SPDX-License-Identifier: MIT

#include "support/fits_edit.hpp"
#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/weave/read_weave.hpp>

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

/// A file of the format of rvspecfit's program: two fibers of four pixels, the second on the sky.
void write_l1(const std::string& path, const std::vector<std::string>& cameras) {
  {
    io::FitsOutput file(path);
    file.write_keywords({});
    for (const std::string& camera : cameras) {
      file.write_image(camera + "_DATA", Floats{1, 2, 3, 4, 5, 6, 7, 8}, {2, 4});
      file.write_image(camera + "_IVAR", Floats{1, 0, 1, 1, 1, 1, 1, 1}, {2, 4});
    }
    file.write_table("FIBTABLE", {{"TARGID", "", "", std::vector<std::string>{"a", "b"}},
                                  {"TARGUSE", "", "", std::vector<std::string>{"T", "S"}},
                                  {"FIBREID", "", "", std::vector<std::int32_t>{3, 4}}});
    file.commit();
  }
  FitsEdit edit(path);
  for (const std::string& camera : cameras) {
    FitsEdit& hdu = edit.at(camera + "_DATA");
    hdu.set("CRVAL1", camera == "RED" ? 5950.0 : 3660.0);
    hdu.set("CD1_1", 0.25);
    hdu.set("CRPIX1", 1.0);
    hdu.set("CUNIT1", "Angstrom");
  }
}

TEST_CASE("read_weave: single and joint files") {
  const ScratchFolder folder;
  const std::string path = folder / "stacked.fit";
  write_l1(path, {"RED"});
  io::WeaveFile weave = io::read_weave(path, {});
  REQUIRE(weave.spectra.arms.size() == 1);
  const io::SpectraArm& arm = weave.spectra.arms[0];
  CHECK(arm.label == "R");
  CHECK(arm.name == "weave_r");
  CHECK(arm.medium == Medium::air);
  CHECK(arm.wave == Doubles{5950.0, 5950.25, 5950.5, 5950.75});
  CHECK(arm.wave_rows == 1);
  CHECK(arm.ivar == Floats{1, 0, 1, 1, 1, 1, 1, 1});
  CHECK(weave.targets == std::vector<std::size_t>{0});
  CHECK(weave.spectra.columns.at(0).name == "TARGID");
  write_l1(path, {"BLUE", "RED"});
  io::WeaveOptions options;
  options.all_rows = true;
  weave = io::read_weave(path, options);
  REQUIRE(weave.spectra.arms.size() == 2);
  CHECK(weave.spectra.arms[0].label == "B");
  CHECK(weave.targets.size() == 2);
}

TEST_CASE("read_weave: what is missing or odd is named") {
  const ScratchFolder folder;
  const std::string path = folder / "stacked.fit";
  const auto error_after = [&](const char* hdu, const auto& edit) {
    write_l1(path, {"RED"});
    {
      FitsEdit file(path);
      edit(file.at(hdu));
    }
    return read_error(path, [&] { (void)io::read_weave(path, {}); });
  };
  CHECK(error_after("FIBTABLE", [](FitsEdit& hdu) { hdu.remove_hdu(); }) ==
        "HDU 'FIBTABLE' missing");
  CHECK(error_after("RED_IVAR", [](FitsEdit& hdu) { hdu.remove_hdu(); }) ==
        "HDU 'RED_IVAR' missing");
  CHECK(error_after("RED_DATA", [](FitsEdit& hdu) { hdu.remove_hdu(); }) ==
        "HDU 'RED_DATA' or 'BLUE_DATA' missing");
  CHECK(error_after("FIBTABLE", [](FitsEdit& hdu) { hdu.remove_rows(1, 1); }) ==
        "HDU 'RED_DATA': has 2 spectra, FIBTABLE has 1 rows");
  CHECK(error_after("RED_DATA", [](FitsEdit& hdu) { hdu.remove_keyword("CRVAL1"); }) ==
        "HDU 'RED_DATA': is an image without CRVAL1 and CDELT1 or CD1_1, expected a wavelength "
        "solution");
  CHECK(error_after("RED_DATA", [](FitsEdit& hdu) { hdu.set("CUNIT1", "pixel"); }) ==
        "HDU 'RED_DATA': has CUNIT1 'pixel', expected Angstrom, nm, um or m");
}

}  // namespace
}  // namespace rvfit::test
