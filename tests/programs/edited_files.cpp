// SPDX-License-Identifier: MIT

/// @file
/// rvfit_desi on bad files that take an edit to make; the others are in bad_files.sh.

#include "support/fits_edit.hpp"
#include "support/run_program.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>

namespace rvfit::test {
namespace {

/// Edits of a simulated file and of the emulator, and what rvfit_desi says to them.
class BadInput {
 public:
  BadInput() { CHECK(test::simulate(folder_, folder_ / "good.fits", 4).exit_code == 0); }

  /// The line on standard error for an edited file.
  std::string error_of_file(const std::function<void(FitsEdit&)>& edit) const {
    copy_and_edit(folder_ / "good.fits", folder_ / "bad.fits", edit);
    return error_of(test::demo_emulator(), folder_ / "bad.fits");
  }

  std::string error_of_emulator(const std::function<void(FitsEdit&)>& edit) const {
    copy_and_edit(test::demo_emulator(), folder_ / "emulator.fits", edit);
    return error_of(folder_ / "emulator.fits", folder_ / "good.fits");
  }

  [[nodiscard]] const ScratchFolder& folder() const { return folder_; }

 private:
  static void copy_and_edit(const std::string& from, const std::string& to,
                            const std::function<void(FitsEdit&)>& edit) {
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
    FitsEdit file(to);
    edit(file);
  }

  [[nodiscard]] std::string error_of(const std::string& emulator, const std::string& path) const {
    const test::ProgramRun run = test::fit(folder_, emulator, path, "--write-models");
    CAPTURE(run.err);
    CHECK(run.exit_code == 2);
    CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
    CHECK(run.out.empty());
    CHECK_FALSE(folder_.entries().contains("out"));
    const std::string prefix = "rvfit_desi: " + (folder_ / "");
    CHECK(run.err.starts_with(prefix));
    return run.err.substr(std::min(prefix.size(), run.err.size()));
  }

  ScratchFolder folder_;
};

TEST_CASE("rvfit_desi: bad files give one line, exit code 2 and no output") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const BadInput bad;
  CHECK(bad.error_of_file([](FitsEdit& f) { f.at("Z_FLUX").remove_hdu(); }) ==
        "bad.fits: HDU 'Z_FLUX' missing\n");
  CHECK(bad.error_of_file([](FitsEdit& f) { f.at("B_WAVELENGTH").resize({2750}); }) ==
        "bad.fits: HDU 'B_FLUX': has 4 x 2751 pixels, expected 4 x 2750\n");
  CHECK(bad.error_of_file([](FitsEdit& f) {
    f.at("R_IVAR").resize({2326, 3});
  }) == "bad.fits: HDU 'R_IVAR': has 3 x 2326 pixels, expected 4 x 2326\n");
  CHECK(bad.error_of_file([](FitsEdit& f) { f.at("B_WAVELENGTH").set_pixels(9, 1, 0.0); })
            .starts_with("bad.fits: HDU 'B_WAVELENGTH': pixel 9 is 0"));
  CHECK(bad.error_of_file([](FitsEdit& f) { f.at("FIBERMAP").remove_rows(1, 4); }) ==
        "bad.fits: HDU 'FIBERMAP': has 0 rows, expected at least one spectrum\n");
  CHECK(bad.error_of_file([](FitsEdit& f) { f.at("FIBERMAP").set("TTYPE1", "TARGET"); }) ==
        "bad.fits: HDU 'FIBERMAP': has no column TARGETID\n");
}

TEST_CASE("rvfit_desi: an emulator that does not cover the data says which arm and by how much") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const BadInput bad;
  // An arm that reaches beyond the library is fitted where it is covered; nothing of this one is.
  const std::string error = bad.error_of_file([](FitsEdit& f) {
    for (int i = 0; i < 2326; ++i) {
      f.at("R_WAVELENGTH").set_pixels(i, 1, 11000.0 + i);
    }
  });
  CHECK(error.starts_with("bad.fits: "));
  CHECK(error.find("desi_r") != std::string::npos);
  CHECK(error.find("13325") != std::string::npos);
}

TEST_CASE("rvfit_desi: an emulator of other arms, names or numbers is refused") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const BadInput bad;
  CHECK(bad.error_of_emulator([](FitsEdit& f) { f.at("DESI_R_INPUT").set_cell(1, 3, "vmic"); })
            .find("input 2 of arm desi_r is vmic, label 2 is feh") != std::string::npos);
  CHECK(bad.error_of_emulator([](FitsEdit& f) { f.at("PARAMETERS").set_cell(1, 1, "rv"); })
            .starts_with("emulator.fits: "));
  CHECK(bad.error_of_emulator([](FitsEdit& f) { f.at("DESI_Z_W0").remove_hdu(); }) ==
        "emulator.fits: HDU 'DESI_Z_W0' missing\n");
  CHECK(bad.error_of_emulator([](FitsEdit& f) { f.at_primary().set("NARM", 2); })
            .find("no arm 'desi_z', there are: desi_b, desi_r") != std::string::npos);
}

TEST_CASE("rvfit_desi: an empty selection gives an empty table and exit code 0") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const ScratchFolder folder;
  REQUIRE(test::simulate(folder, folder / "sky.fits", 2).exit_code == 0);
  {
    FitsEdit file(folder / "sky.fits");
    file.at("FIBERMAP").set_cell(3, 1, "SKY");
    file.at("FIBERMAP").set_cell(4, 2, 512.0);
  }
  const test::ProgramRun run =
      test::fit(folder, test::demo_emulator(), folder / "sky.fits",
                "--write-models --summary-json " + test::quoted(folder / "summary.json"));
  CHECK(run.exit_code == 0);
  CHECK(run.err.starts_with("rvfit_desi: warning: "));
  CHECK(run.err.ends_with("nothing selected, tables without rows are written\n"));
  io::FitsInput table(folder / "out/rvtab_sky.fits");
  CHECK(table.row_count("RVTAB") == 0);
  CHECK(table.has_column("RVTAB", "VRAD_ERR"));
  CHECK(table.has_column("RVTAB", "COVAR"));
  io::FitsInput models(folder / "out/rvmod_sky.fits");
  CHECK(models.image_shape("B_MODEL") == io::ArrayShape{0, 2751});
  CHECK(test::read_bytes(folder / "summary.json").find("\"stars\": 0") != std::string::npos);
}

}  // namespace
}  // namespace rvfit::test
