// SPDX-License-Identifier: MIT

/// @file
/// rvfit_desi on a file with bad spectra: each is a status in its row, the others are fitted as if
/// the bad ones were not there.

#include "support/fits_edit.hpp"
#include "support/run_program.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/rvtab/rvs_warn.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

struct ArmName {
  std::string label;
  long long pixels;
};
const std::vector<ArmName> arms{{"B", 2751}, {"R", 2326}, {"Z", 2881}};

/// Give every pixel of a row a value in the HDUs X_`part`.
void fill_row(FitsEdit& file, const std::string& part, int row, double value) {
  for (const ArmName& arm : arms) {
    file.at(arm.label + "_" + part).set_pixels(row * arm.pixels, arm.pixels, value);
  }
}

enum Row {
  good_a,
  masked,
  no_ivar,
  nan_flux,
  inf_flux,
  zero_flux,
  one_arm,
  outliers,
  good_b,
  rows
};

void spoil(const std::string& path) {
  const double infinity = std::numeric_limits<double>::infinity();
  FitsEdit file(path);
  fill_row(file, "MASK", masked, 1);
  fill_row(file, "IVAR", no_ivar, 0);
  fill_row(file, "FLUX", nan_flux, std::numeric_limits<double>::quiet_NaN());
  fill_row(file, "FLUX", inf_flux, infinity);
  fill_row(file, "FLUX", zero_flux, 0);
  file.at("B_MASK").set_pixels(one_arm * 2751, 2751, 1);
  for (const ArmName& arm : arms) {
    // Cosmic rays that nobody flagged: 1 % of the pixels, thousands of sigma.
    file.at(arm.label + "_FLUX");
    for (long long i = 50; i < arm.pixels; i += 100) {
      file.set_pixels(outliers * arm.pixels + i, 1, i % 200 == 50 ? 1e6 : -1e6);
    }
  }
}

TEST_CASE("rvfit_desi: each bad spectrum is a status in its row, and the rest is fitted") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const ScratchFolder folder;
  REQUIRE(test::simulate(folder, folder / "good.fits", rows).exit_code == 0);
  std::filesystem::copy_file(folder / "good.fits", folder / "bad.fits");
  spoil(folder / "bad.fits");
  REQUIRE(test::fit(folder, test::demo_emulator(), folder / "good.fits").exit_code == 0);
  const test::ProgramRun run =
      test::fit(folder, test::demo_emulator(), folder / "bad.fits", "--write-models");
  CHECK(run.exit_code == 0);
  CHECK(run.err.empty());

  io::FitsInput good(folder / "out/rvtab_good.fits");
  io::FitsInput bad(folder / "out/rvtab_bad.fits");
  REQUIRE(bad.row_count("RVTAB") == rows);
  const auto status = bad.read_column<std::string>("RVTAB", "STATUS");
  const auto warn = bad.read_column<std::int64_t>("RVTAB", "RVS_WARN");
  const auto success = bad.read_column<bool>("RVTAB", "SUCCESS");
  const auto pixels = bad.read_column<std::int64_t>("RVTAB", "NPIX_TOT");
  const auto rv = bad.read_column<double>("RVTAB", "VRAD");
  const auto rv_error = bad.read_column<double>("RVTAB", "VRAD_ERR");
  const auto teff = bad.read_column<double>("RVTAB", "TEFF");
  for (const int row : {masked, no_ivar, nan_flux, inf_flux, zero_flux}) {
    CAPTURE(row);
    CHECK(status[row] == "no_valid_pixels");
    CHECK(warn[row] == io::warn::bad_spectrum);
    CHECK_FALSE(success[row]);
    CHECK(std::isnan(rv[row]));
    CHECK(std::isnan(teff[row]));
  }
  for (const int row : {masked, no_ivar, nan_flux, inf_flux}) {
    CHECK(pixels[row] == 0);
  }

  // Spectra that were not touched have the same answer, wherever the bad ones are.
  const auto rv_before = good.read_column<double>("RVTAB", "VRAD");
  const auto teff_before = good.read_column<double>("RVTAB", "TEFF");
  const auto truth = io::FitsInput(folder / "bad.fits").read_column<double>("TRUTH", "VRAD");
  for (const int row : {good_a, good_b}) {
    CAPTURE(row);
    CHECK(status[row] == "converged");
    CHECK(rv[row] == rv_before[row]);
    CHECK(teff[row] == teff_before[row]);
    CHECK(std::abs(rv[row] - truth[row]) < 5 * rv_error[row]);
  }

  // One arm missing: the others give the answer, and the arm has no chi2.
  CHECK(status[one_arm] == "converged");
  CHECK(std::abs(rv[one_arm] - truth[one_arm]) < 5 * rv_error[one_arm]);
  CHECK(std::isnan(bad.read_column<double>("RVTAB", "CHISQ_B")[one_arm]));
  CHECK(bad.read_column<double>("RVTAB", "CHISQ_R")[one_arm] > 0);

  // Huge outliers: some answer or none, but never a quiet one.
  CAPTURE(status[outliers]);
  CAPTURE(warn[outliers]);
  CHECK((std::isfinite(rv[outliers]) || warn[outliers] == io::warn::bad_spectrum));
  if (std::isfinite(rv[outliers])) {
    CHECK(bad.read_column<double>("RVTAB", "CHISQ_TOT")[outliers] >
          1e3 * static_cast<double>(pixels[outliers]));
  }

  const auto models =
      io::FitsInput(folder / "out/rvmod_bad.fits").read_image<float>("R_MODEL", {rows, 2326});
  CHECK(models[masked * 2326 + 1000] == 0);
  CHECK(models[good_a * 2326 + 1000] > 0);
}

}  // namespace
}  // namespace rvfit::test
