// SPDX-License-Identifier: MIT

/// @file
/// The effect of rvfit_desi's options on its table.

#include "support/fits_edit.hpp"
#include "support/run_program.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

std::vector<double> column(const ScratchFolder& folder, const std::string& table,
                           const std::string& name) {
  return io::FitsInput(folder / table).read_column<double>("RVTAB", name);
}

TEST_CASE("rvfit_desi: rows come in input order, and options do what they say") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const ScratchFolder folder;
  const std::string emulator = test::demo_emulator();
  const std::string input = folder / "stars.fits";
  const std::string table = "out/rvtab_stars.fits";
  REQUIRE(test::simulate(folder, input, 5).exit_code == 0);
  {
    test::FitsEdit file(input);
    file.at("FIBERMAP").set_cell(3, 2, "SKY");
    file.at("FIBERMAP").set_cell(1, 5, 7.0);  // not in order of TARGETID
  }

  const std::string json = folder / "summary.json";
  const test::ProgramRun run =
      test::fit(folder, emulator, input, "--threads 1 --summary-json " + test::quoted(json));
  REQUIRE(run.exit_code == 0);
  CHECK(run.err.empty());  // no progress bar where there is no terminal
  CHECK(run.out.starts_with("4 stars in 1 file: 4 converged\n"));
  CHECK(column(folder, table, "TARGETID") ==
        std::vector<double>{39600000100000, 39600000100002, 39600000100003, 7});
  const auto summary = nlohmann::json::parse(test::read_bytes(json));
  CHECK(summary["stars"] == 4);
  CHECK(summary["statuses"]["converged"] == 4);
  CHECK(summary["threads"].is_number_integer());
  CHECK(summary["execution_space"].is_string());
  CHECK(summary["stars_per_second"] > 0.0);
  // The one worker's phases follow each other; reading and writing go on beside them.
  const auto seconds = [&](const char* phase) { return summary["seconds"][phase].get<double>(); };
  CHECK(seconds("setup") + seconds("scan") + seconds("fit") + seconds("errors") <=
        seconds("total"));
  CHECK(std::max(seconds("read"), seconds("write")) <= seconds("total"));
  const auto rv = column(folder, table, "VRAD");
  const auto error = column(folder, table, "VRAD_ERR");
  const auto gauss_newton = column(folder, table, "TEFF_ERR");

  // The same bits from a gzipped file, and however the rows are shared out to batches.
  test::copy_fits(input, folder / "zipped.fits.gz");
  REQUIRE(test::fit(folder, emulator, folder / "zipped.fits.gz", "--quiet").out.empty());
  CHECK(column(folder, "out/rvtab_zipped.fits", "VRAD") == rv);
  REQUIRE(test::fit(folder, emulator, input, "--batch 3").exit_code == 0);
  CHECK(column(folder, table, "VRAD") == rv);

  REQUIRE(test::fit(folder, emulator, input, "--all-rows --precision double").exit_code == 0);
  const auto doubles = column(folder, table, "VRAD");
  REQUIRE(doubles.size() == 5);
  // Float storage costs no more than the solver's tolerance, a hundredth of an error; measured 1.4e-5.
  constexpr double solved = 0.01;
  CHECK(std::abs(doubles[0] - rv[0]) < solved * error[0]);
  CHECK(std::abs(doubles[4] - rv[3]) < solved * error[3]);

  // Another curvature: the same solutions with other errors, as far off as the model is not linear.
  REQUIRE(test::fit(folder, emulator, input, "--hessian exact").exit_code == 0);
  CHECK(column(folder, table, "VRAD") == rv);
  CHECK(column(folder, table, "STATUS_CODE") == std::vector<double>(4, 1.0));
  const auto exact = column(folder, table, "TEFF_ERR");
  for (std::size_t star = 0; star < 4; ++star) {
    CAPTURE(star);
    CHECK(exact[star] != gauss_newton[star]);
    CHECK(std::abs(exact[star] / gauss_newton[star] - 1.0) < 0.1);  // measured 0.006, margin 17
  }

  const std::string few = "--fit-arm z,B --continuum chebyshev --npoly 6 --fix-param vsini=3";
  REQUIRE(test::fit(folder, emulator, input, few).exit_code == 0);
  io::FitsInput file(folder / table);
  CHECK(file.has_column("RVTAB", "CHISQ_B"));
  CHECK_FALSE(file.has_column("RVTAB", "CHISQ_R"));
  CHECK(column(folder, table, "VSINI") == std::vector<double>(4, 3.0));
  CHECK(std::isnan(column(folder, table, "VSINI_ERR")[0]));
  CHECK(column(folder, table, "NPIX_TOT")[0] < 2751 + 2881);

  // A prior a million times narrower than the error decides, and larger errors make chi2 smaller.
  REQUIRE(test::fit(folder, emulator, input, "--priors feh=-0.5,1e-8").exit_code == 0);
  const auto chi2 = column(folder, table, "CHISQ_TOT");
  CHECK(std::abs(column(folder, table, "FEH")[0] + 0.5) < 1e-8);  // the prior's sigma
  REQUIRE(test::fit(folder, emulator, input, "--priors feh=-0.5,1e-8 --sys-err r=1").exit_code ==
          0);
  CHECK(column(folder, table, "CHISQ_TOT")[0] < chi2[0]);

  REQUIRE(test::fit(folder, emulator, input, "--max-iterations 1").exit_code == 0);
  io::FitsInput capped(folder / table);
  CHECK(capped.read_column<std::string>("RVTAB", "STATUS")[0] == "max_iterations");
  CHECK(capped.read_column<std::int64_t>("RVTAB", "RVS_WARN")[0] >= 65536);
  CHECK_FALSE(capped.read_column<bool>("RVTAB", "SUCCESS")[0]);
}

}  // namespace
}  // namespace rvfit::test
