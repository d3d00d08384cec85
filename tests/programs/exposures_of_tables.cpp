// SPDX-License-Identifier: MIT

/// @file
/// rvfit_table on several tables of an arm and on images, and rvfit_weave: the spectra of a DESI file in other clothes.

#include "support/fits_edit.hpp"
#include "support/run_program.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/core/units.hpp>
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::test::exposures_of_tables {
namespace {

constexpr std::size_t stars = 3;

/// Inverse variances, 0 where a pixel is masked.
std::vector<float> masked_ivar(const io::DesiArm& arm) {
  std::vector<float> ivar = arm.ivar;
  for (std::size_t i = 0; i < ivar.size(); ++i) {
    ivar[i] = arm.mask[i] > 0 ? 0.0F : ivar[i];
  }
  return ivar;
}

/// Fluxes with zeros in the place of NaN.
std::vector<float> finite_flux(const io::DesiArm& arm) {
  std::vector<float> flux = arm.flux;
  std::replace_if(
      flux.begin(), flux.end(), [](float value) { return !std::isfinite(value); }, 0.0F);
  return flux;
}

void write_table(io::FitsOutput& file, const std::string& hdu, const io::DesiArm& arm,
                 double velocity, std::vector<float> ivar) {
  const std::size_t n = arm.pixels();
  std::vector<double> wave;
  for (std::size_t row = 0; row < stars; ++row) {
    for (std::size_t i = 0; i < n; ++i) {
      wave.push_back(arm.wave[i] * (1.0 + velocity / speed_of_light));
    }
  }
  file.write_table(hdu, {{"NAME", "", "", arm.snr},
                         {"WAVE", "Angstrom", "", wave, {n}},
                         {"FLUX", "", "", finite_flux(arm), {n}},
                         {"IVAR", "", "", std::move(ivar), {n}},
                         {"SYS", "", "", std::vector<double>(stars * n, 0.5), {n}}});
}

struct Runs {
  Runs() { REQUIRE(test::simulate(folder, folder / "desi.fits", stars).exit_code == 0); }

  void fit(const std::string& program, const std::string& arguments,
           const std::string& file) const {
    const test::ProgramRun run =
        run_program(folder, program,
                    "--emulator " + quoted(demo_emulator()) + " --output-dir " +
                        quoted(folder / "out") + " " + arguments + " " + quoted(folder / file));
    CHECK(run.err == "");
    REQUIRE(run.exit_code == 0);
  }
  [[nodiscard]] std::vector<double> column(const std::string& file, const std::string& name) const {
    return io::FitsInput(folder / ("out/rvtab_" + file)).read_column<double>("RVTAB", name);
  }

  ScratchFolder folder;
};

TEST_CASE("rvfit_table: exposures have an rv each, and errors of a column are added") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const Runs runs;
  const io::DesiFile desi = io::read_desi(runs.folder / "desi.fits", {"R", "B"});
  const io::DesiArm &red = desi.arms[0], &blue = desi.arms[1];
  {
    std::vector<float> some = masked_ivar(red);
    std::fill(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(red.pixels()), 0.0F);
    io::FitsOutput file(runs.folder / "x.fits");
    write_table(file, "R1", red, 0.0, masked_ivar(red));
    write_table(file, "R2", red, 50.0, some);  // the first star's shows nothing
    write_table(file, "B1", blue, 0.0, masked_ivar(blue));
    file.commit();
  }
  runs.fit("rvfit_table", "--arm desi_r=R1", "x.fits");
  const auto rv = runs.column("x.fits", "VRAD"), error = runs.column("x.fits", "VRAD_ERR");
  runs.fit("rvfit_table",
           "--arm desi_r=R1 --arm desi_r=R2 --rv-per-exposure --write-models --copy-columns NAME",
           "x.fits");
  const auto first = runs.column("x.fits", "VRAD"), second = runs.column("x.fits", "VRAD_2");
  REQUIRE(first.size() == stars);
  CHECK(runs.column("x.fits", "NAME").size() == stars);
  CHECK(std::abs(first[0] - rv[0]) < 0.01 * error[0]);  // the solver's tolerance
  CHECK(std::isnan(second[0]));
  for (std::size_t star = 1; star < stars; ++star) {
    CAPTURE(star);
    // The same noise, (1 + rv/c)(1 + 50/c) c away, with a continuum of its own and templates between other pixels: measured
    // 0.16 of an error, margin 2.
    const double shifted = 50.0 + first[star] * (1.0 + 50.0 / speed_of_light);
    CHECK(std::abs(second[star] - shifted) < 0.3 * error[star]);  // twice what was measured
    CHECK(std::abs(first[star] - rv[star]) < 0.5 * error[star]);  // other labels
  }
  CHECK(io::FitsInput(runs.folder / "out/rvmod_x.fits").image_shape("DESI_R_MODEL")[0] ==
        2 * stars - 1);
  // An arm that is shown once has a second exposure without weight.
  runs.fit("rvfit_table", "--arm desi_r=R1 --arm desi_b=B1 --arm desi_r=R2 --rv-per-exposure",
           "x.fits");
  CHECK(std::abs(runs.column("x.fits", "VRAD_2")[1] - runs.column("x.fits", "VRAD")[1] - 50.0) <
        3 * error[1]);

  runs.fit("rvfit_table", "--arm desi_r=R1 --sys-err 0.5", "x.fits");
  const auto all = runs.column("x.fits", "VRAD"), wider = runs.column("x.fits", "VRAD_ERR");
  runs.fit("rvfit_table", "--arm desi_r=R1 --sys-err-column desi_r=SYS", "x.fits");
  for (std::size_t star = 0; star < stars; ++star) {
    CAPTURE(star);
    CHECK(wider[star] > 1.05 * error[star]);
    CHECK(std::abs(runs.column("x.fits", "VRAD")[star] - all[star]) <
          0.01 * error[star]);  // the solver's tolerance
    CHECK(std::abs(runs.column("x.fits", "VRAD_ERR")[star] / wider[star] - 1.0) <
          0.01);  // the solver's tolerance
  }
}

/// Images of an arm with a wavelength solution: flux, error, variance, and a mask of one bit.
void write_images(const std::string& path, const io::DesiArm& arm, bool logarithmic) {
  const std::size_t n = arm.pixels();
  const double first = std::log10(arm.wave.front()), last = std::log10(arm.wave.back());
  const double step = (last - first) / static_cast<double>(n - 1);
  std::vector<float> flux, error, variance;
  std::vector<std::int32_t> mask;
  const auto from = finite_flux(arm), ivar = masked_ivar(arm);
  for (std::size_t row = 0; row < stars; ++row) {
    for (std::size_t i = 0; i < n; ++i) {
      const double wave =
          logarithmic ? std::pow(10.0, first + step * static_cast<double>(i)) : arm.wave[i];
      // Between two pixels of the same width; noise of neighbours is then shared, and smaller.
      const double place = (wave - arm.wave[0]) / (arm.wave[1] - arm.wave[0]);
      const auto left = std::min(static_cast<std::size_t>(std::max(place, 0.0)), n - 2);
      const auto part = static_cast<float>(
          std::clamp(logarithmic ? place - static_cast<double>(left) : 0.0, 0.0, 1.0));
      const std::size_t at = row * n + (logarithmic ? left : i);
      const std::size_t next = logarithmic ? at + 1 : at;
      const bool bad = !(ivar[at] > 0) || !(ivar[next] > 0);
      flux.push_back((1 - part) * from[at] + part * from[next]);
      error.push_back(1 / std::sqrt(bad ? 1.0F : std::min(ivar[at], ivar[next])));
      variance.push_back(bad ? 1.0F : 1 / ivar[at]);
      mask.push_back(bad ? 8 : 2);
    }
  }
  {
    io::FitsOutput file(path);
    file.write_image("FLUX", flux, {stars, n}, "10**-17 erg/(s cm2 Angstrom)");
    file.write_image("ERROR", error, {stars, n});
    file.write_image("VARIANCE", variance, {stars, n});
    file.write_image("SYS", std::vector<float>(stars * n, 0.5F), {stars, n});
    file.write_image("MASK", mask, {stars, n});
    file.commit();
  }
  FitsEdit edit(path);
  FitsEdit& hdu = edit.at("FLUX");
  hdu.set("CRVAL1", logarithmic ? first : arm.wave[1]);
  hdu.set("CRPIX1", logarithmic ? 1.0 : 2.0);
  hdu.set(logarithmic ? "CD1_1" : "CDELT1", logarithmic ? step : arm.wave[1] - arm.wave[0]);
  if (logarithmic) {
    hdu.set("DC-FLAG", 1.0);
  }
}

TEST_CASE("rvfit_table: images with a linear or logarithmic solution are spectra") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const Runs runs;
  const io::DesiArm red = io::read_desi(runs.folder / "desi.fits", {"R"}).arms[0];
  {
    io::FitsOutput file(runs.folder / "x.fits");
    write_table(file, "R1", red, 0.0, masked_ivar(red));
    file.commit();
  }
  runs.fit("rvfit_table", "--arm desi_r=R1", "x.fits");
  const auto rv = runs.column("x.fits", "VRAD"), error = runs.column("x.fits", "VRAD_ERR");
  const std::string mask = " --mask-hdu MASK --mask-bits 3";
  const auto check = [&](const std::string& options, double tolerance) {
    CAPTURE(options);
    runs.fit("rvfit_table", "--arm desi_r=FLUX" + mask + options, "image.fits");
    const auto found = runs.column("image.fits", "VRAD");
    for (std::size_t star = 0; star < stars; ++star) {
      CAPTURE(star);
      CHECK(std::abs(found[star] - rv[star]) < tolerance * error[star]);
    }
  };
  write_images(runs.folder / "image.fits", red, false);
  // Errors are rounded to float; a hundredth of an error is the solver's tolerance.
  check(" --error-hdu ERROR", 0.01);
  check(" --variance-hdu desi_r=VARIANCE", 0.01);
  const auto narrow = runs.column("image.fits", "VRAD_ERR");
  check(" --error-hdu ERROR --sys-err-hdu SYS", 0.5);
  CHECK(runs.column("image.fits", "VRAD_ERR")[0] > 1.05 * narrow[0]);
  write_images(runs.folder / "image.fits", red, true);
  check(" --error-hdu ERROR", 1.0);  // interpolated noise
}

TEST_CASE("rvfit_weave: a joint and a single file of its format") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const Runs runs;
  const io::DesiFile desi = io::read_desi(runs.folder / "desi.fits", {"B", "R"});
  {
    io::FitsOutput file(runs.folder / "x.fits");
    for (const io::DesiArm& arm : desi.arms) {
      write_table(file, arm.label, arm, 0.0, masked_ivar(arm));
    }
    file.commit();
  }
  const auto write_l1 = [&](const std::string& name, const std::vector<std::size_t>& arms) {
    const auto camera = [](std::size_t a) { return std::string(a == 0 ? "BLUE" : "RED"); };
    {
      io::FitsOutput file(runs.folder / name);
      for (const std::size_t a : arms) {
        const io::DesiArm& arm = desi.arms[a];
        const io::ArrayShape shape{stars, arm.pixels()};
        file.write_image(camera(a) + "_DATA", finite_flux(arm), shape);
        file.write_image(camera(a) + "_IVAR", masked_ivar(arm), shape);
      }
      file.write_table("FIBTABLE",
                       {{"CNAME", "", "", std::vector<std::string>{"WVE_1", "WVE_2", "WVE_3"}},
                        {"TARGUSE", "", "", std::vector<std::string>{"T", "S", "T"}},
                        {"FIBREID", "", "", std::vector<std::int32_t>{3, 4, 5}}});
      file.commit();
    }
    FitsEdit edit(runs.folder / name);
    for (const std::size_t a : arms) {
      FitsEdit& hdu = edit.at(camera(a) + "_DATA");
      hdu.set("CRVAL1", desi.arms[a].wave[0]);
      hdu.set("CD1_1", desi.arms[a].wave[1] - desi.arms[a].wave[0]);
      hdu.set("CRPIX1", 1.0);
    }
  };
  runs.fit("rvfit_table", "--arm desi_b=B --arm desi_r=R", "x.fits");
  const auto rv = runs.column("x.fits", "VRAD"), error = runs.column("x.fits", "VRAD_ERR");
  const std::string arms = "--arm-b desi_b --arm-r desi_r ";
  write_l1("joint.fit", {0, 1});
  runs.fit("rvfit_weave", arms + "--all-rows --write-models", "joint.fit");
  const auto all = runs.column("joint.fit", "VRAD");
  REQUIRE(all.size() == stars);
  for (std::size_t star = 0; star < stars; ++star) {
    // Wavelengths by CRVAL1 and CD1_1 are those of the file to rounding.
    CHECK(std::abs(all[star] - rv[star]) < 0.01 * error[star]);
  }
  CHECK(runs.column("joint.fit", "FIBREID")[2] == 5);
  CHECK(io::FitsInput(runs.folder / "out/rvtab_joint.fit").has_column("RVTAB", "CHISQ_B"));
  // Fibers on the sky are left out; by default the wavelengths are in air, 83 km/s off a library in vacuum.
  runs.fit("rvfit_weave", arms + "--library-medium vacuum", "joint.fit");
  const auto in_air = runs.column("joint.fit", "VRAD");
  REQUIRE(in_air.size() == 2);
  CHECK(runs.column("joint.fit", "FIBREID")[1] == 5);
  CHECK(std::abs(in_air[1] - rv[2] - 83.0) < 3.0 + 3.0 * error[2]);
  write_l1("single.fit", {1});
  runs.fit("rvfit_weave", arms, "single.fit");
  CHECK(std::abs(runs.column("single.fit", "VRAD")[0] - rv[0]) < 3 * error[0]);
}

}  // namespace
}  // namespace rvfit::test::exposures_of_tables
