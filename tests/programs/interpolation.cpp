// SPDX-License-Identifier: MIT

/// @file
/// A grid library in the programs: rvfit_table on spectra that linear interpolation of ln(template)
/// gives, halfway between two templates and at one of them.

#include "support/run_program.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/read_emulator.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

/// ln(template) of tests/data/emulator-grid-tiny.fits, at node `teff` of the first axis and logg 3,
/// feh -2, alpha 0.
std::vector<float> log_template(const ArmData& arm, int teff) {
  const GridShape shape = arm.label_grid.shape();
  const int node = teff * shape.stride[0] + shape.stride[1];
  std::vector<float> values(static_cast<std::size_t>(arm.grid.size));
  const auto row = arm.label_grid.row[static_cast<std::size_t>(node)];
  arm.label_grid.read(static_cast<std::size_t>(row), 1, values.data());
  return values;
}

TEST_CASE("rvfit_table: --interpolation says what lies between the templates of a grid") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const ScratchFolder folder;
  const std::string emulator = environment("RVFIT_TEST_DATA") + "/emulator-grid-tiny.fits";
  const EmulatorData library = io::read_emulator(emulator);
  const ArmData& arm = library.arms[0];
  const auto cool = log_template(arm, 1);
  const auto hot = log_template(arm, 2);
  const double middle = std::sqrt(4500.0 * 5500.0);  // the axis is log10(teff)

  // Pixels of the templates, three off the ends for the range of rv; errors of 1 %.
  constexpr std::size_t first = 3, pixels = 10;
  std::vector<double> wave, flux;
  for (std::size_t star = 0; star < 2; ++star) {
    for (std::size_t i = first; i < first + pixels; ++i) {
      const double ln = star == 0 ? 0.5 * (cool[i] + hot[i]) : cool[i];
      wave.push_back(arm.grid.wave(static_cast<double>(i)));
      flux.push_back(std::exp(ln));
    }
  }
  {
    io::FitsOutput file(folder / "stars.fits");
    file.write_table("STARS", {{"WAVE", "Angstrom", "", wave, {pixels}},
                               {"FLUX", "", "", flux, {pixels}},
                               {"IVAR", "", "", std::vector<double>(2 * pixels, 1e4), {pixels}}});
    file.commit();
  }
  const auto fit = [&](const std::string& interpolation) {
    const ProgramRun run =
        run_program(folder, "rvfit_table",
                    "--emulator " + quoted(emulator) + " --output-dir " + quoted(folder / "out") +
                        " --arm tiny_g=STARS --npoly 1 --min-vel -30 --max-vel 30 --max-vsini 1"
                        " --fix-param rv=0,vsini=0,logg=3,feh=-2,alpha=0 " +
                        interpolation + " " + quoted(folder / "stars.fits"));
    CHECK(run.err.empty());
    REQUIRE(run.exit_code == 0);
  };
  const auto column = [&](const char* name) {
    return io::FitsInput(folder / "out/rvtab_stars.fits").read_column<double>("RVTAB", name);
  };

  fit("");
  // Fluxes are floats, errors 1 % and slopes of order 1; the solver stops where 1e-4 of chi-square is left,
  // a hundredth of an error. Measured 2e-5 of teff, margin 5, and 1e-5 of chi-square.
  constexpr double of_teff = 1e-4, of_chi2 = 1e-4;
  CHECK(column("TEFF")[0] == doctest::Approx(middle).epsilon(of_teff));
  CHECK(column("CHISQ_TOT")[0] < of_chi2);
  CHECK(column("TEFF")[1] == doctest::Approx(4500).epsilon(of_teff));
  const auto linear = column("TEFF");
  fit("--interpolation linear");
  CHECK(column("TEFF") == linear);
  fit("--interpolation cubic");
  CHECK(column("CHISQ_TOT")[0] > 1);  // a curve through three templates is not two lines
  CHECK(column("TEFF")[1] == doctest::Approx(4500).epsilon(of_teff));
  CHECK(column("CHISQ_TOT")[1] < of_chi2);
}

}  // namespace
}  // namespace rvfit::test
