// SPDX-License-Identifier: MIT

/// @file
/// rvfit_table and rvfit_sdss on the spectra of a DESI file: the same numbers in, the same bits out.

#include "support/run_program.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

constexpr std::size_t stars = 3;

template <class T>
std::vector<T> row_of(const std::vector<T>& matrix, std::size_t pixels, std::size_t row) {
  const auto first = matrix.begin() + static_cast<std::ptrdiff_t>(row * pixels);
  return {first, first + static_cast<std::ptrdiff_t>(pixels)};
}

/// Spectra of a star a row. The last star has wavelengths of its own if `trimmed`: the same without
/// the first 30 pixels.
void write_stars(const std::string& path, const io::DesiFile& desi, bool trimmed) {
  io::FitsOutput file(path);
  for (const io::DesiArm& arm : desi.arms) {
    const std::size_t n = arm.pixels();
    std::vector<double> wave;
    for (std::size_t row = 0; row < stars; ++row) {
      wave.insert(wave.end(), arm.wave.begin(), arm.wave.end());
    }
    for (std::size_t i = 0; trimmed && i < 30; ++i) {
      wave[(stars - 1) * n + i] = std::numeric_limits<double>::quiet_NaN();
    }
    file.write_table(arm.label, {{"STAR", "", "", desi.target_id},
                                 {"WAVE", "Angstrom", "", wave, {n}},
                                 {"FLUX", "", "", arm.flux, {n}},
                                 {"IVAR", "", "", arm.ivar, {n}},
                                 {"BAD", "", "", arm.mask, {n}}});
  }
  file.commit();
}

/// One star, a pixel a row, as SDSS has it; without its last pixels.
void write_spec(const std::string& path, const io::DesiArm& arm, std::size_t row,
                std::size_t without = 0) {
  const std::size_t n = arm.pixels() - without;
  std::vector<double> loglam;
  auto flux = row_of(arm.flux, arm.pixels(), row);
  auto ivar = row_of(arm.ivar, arm.pixels(), row);
  flux.resize(n);
  ivar.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    loglam.push_back(std::log10(arm.wave[i]));
    ivar[i] = arm.mask[row * arm.pixels() + i] > 0 ? 0.0F : ivar[i];
  }
  io::FitsOutput file(path);
  file.write_keywords({{"PLATEID", std::int64_t{266}, ""},
                       {"MJD", std::int64_t{51602}, ""},
                       {"FIBERID", std::int64_t{31}, ""},
                       {"PLUG_RA", 147.3, ""}});
  file.write_table("COADD",
                   {{"flux", "", "", flux}, {"loglam", "", "", loglam}, {"ivar", "", "", ivar}});
  file.commit();
}

std::vector<double> column(const std::string& table, const std::string& name) {
  return io::FitsInput(table).read_column<double>("RVTAB", name);
}

/// Run a program of another survey into the folder `out`.
test::ProgramRun run(const ScratchFolder& folder, const std::string& program,
                     const std::string& arguments) {
  return run_program(folder, program,
                     "--emulator " + quoted(demo_emulator()) + " --output-dir " +
                         quoted(folder / "out") + " " + arguments);
}

/// The same spectra in a unit of flux that is `scale` times larger, in columns of double.
void write_scaled(const std::string& path, const io::DesiFile& desi, double scale) {
  io::FitsOutput file(path);
  for (const io::DesiArm& arm : desi.arms) {
    const std::size_t n = arm.pixels();
    std::vector<double> flux, ivar;
    for (std::size_t i = 0; i < stars * n; ++i) {
      flux.push_back(arm.flux[i] * scale);
      ivar.push_back(arm.mask[i] > 0 ? 0.0 : arm.ivar[i] / scale / scale);
    }
    file.write_table(arm.label, {{"FLUX", "", "", flux, {n}}, {"IVAR", "", "", ivar, {n}}});
    file.write_table(arm.label + "_GRID", {{"WAVE", "Angstrom", "", arm.wave}});
  }
  file.commit();
}

TEST_CASE("rvfit_table: the answers do not depend on the unit of flux") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const ScratchFolder folder;
  REQUIRE(test::simulate(folder, folder / "desi.fits", stars).exit_code == 0);
  const io::DesiFile desi = io::read_desi(folder / "desi.fits", {"R"});
  const std::size_t pixels = desi.arms[0].pixels();
  struct Answers {
    std::vector<double> rv, error, teff, neg2_log_like, chi2;
    std::vector<float> model;
  };
  const auto answers = [&](double scale, const std::string& more) {
    write_scaled(folder / "stars.fits", desi, scale);
    const test::ProgramRun table =
        run(folder, "rvfit_table",
            "--arm desi_r=R --wave-hdu R_GRID --npoly 10 --write-models " + more + " " +
                quoted(folder / "stars.fits"));
    CHECK(table.err.empty());
    REQUIRE(table.exit_code == 0);
    const std::string path = folder / "out/rvtab_stars.fits";
    return Answers{column(path, "VRAD"),
                   column(path, "VRAD_ERR"),
                   column(path, "TEFF"),
                   column(path, "NEG2LOGL"),
                   column(path, "CHISQ_TOT"),
                   io::FitsInput(folder / "out/rvmod_stars.fits")
                       .read_image<float>("DESI_R_MODEL", {stars, pixels})};
  };
  const auto text = [](double number) {
    std::ostringstream digits;
    digits << number;
    return digits.str();
  };
  const Answers usual = answers(1.0, "--sys-err 0.1");
  const auto good = column(folder / "out/rvtab_stars.fits", "NPIX_TOT");
  const Answers tiny = answers(0x1p-80, "--sys-err 8.271806125530277e-26");
  CHECK(answers(0x1p-90, "--sys-err 8.077935669463161e-29").rv == tiny.rv);  // the same bits
  for (const double scale : {1e-30, 1e-17, 1e30}) {
    CAPTURE(scale);
    const Answers other = answers(scale, "--sys-err " + text(0.1 * scale));
    for (std::size_t b = 0; b < stars; ++b) {
      // The solver's tolerance is a hundredth of an error.
      CHECK(std::abs(other.rv[b] - usual.rv[b]) < 0.01 * usual.error[b]);
      CHECK(std::abs(other.error[b] / usual.error[b] - 1) < 0.01);  // the solver's tolerance
      CHECK(std::abs(other.chi2[b] / usual.chi2[b] - 1) < 1e-4);    // the solver's tolerance of one
      // 2 sum ln sigma of the pixels, ln det of the ten columns.
      const double constant = 2 * (good[b] - 10) * std::log(scale);
      CHECK(std::abs(other.neg2_log_like[b] - usual.neg2_log_like[b] - constant) <
            0.01);  // the solver's tolerance
      const double ratio = other.model[b * pixels + 100] / scale / usual.model[b * pixels + 100];
      CHECK(std::abs(ratio - 1) < 1e-4);  // of flux, at the solver's tolerance
    }
  }
}

TEST_CASE("rvfit_table, rvfit_sdss: the same spectra in other files have the same fits") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const ScratchFolder folder;
  REQUIRE(test::simulate(folder, folder / "desi.fits", stars).exit_code == 0);
  const io::DesiFile desi = io::read_desi(folder / "desi.fits");
  REQUIRE(
      test::fit(folder, demo_emulator(), folder / "desi.fits", "--no-dichroic-mask").exit_code ==
      0);
  const auto rv = column(folder / "out/rvtab_desi.fits", "VRAD");
  const auto teff = column(folder / "out/rvtab_desi.fits", "TEFF");
  const auto error = column(folder / "out/rvtab_desi.fits", "VRAD_ERR");

  const std::string arms = "--arm desi_b=B --arm desi_r=2 --arm desi_z=Z --mask-column BAD ";
  write_stars(folder / "stars.fits", desi, false);
  test::ProgramRun table =
      run(folder, "rvfit_table",
          arms + "--copy-columns STAR --write-models " + quoted(folder / "stars.fits"));
  CHECK(table.err.empty());
  REQUIRE(table.exit_code == 0);
  CHECK(column(folder / "out/rvtab_stars.fits", "VRAD") == rv);
  CHECK(column(folder / "out/rvtab_stars.fits", "TEFF") == teff);
  CHECK(column(folder / "out/rvtab_stars.fits", "STAR")[1] == 39600000100001.0);
  CHECK(io::FitsInput(folder / "out/rvtab_stars.fits").has_column("RVTAB", "CHISQ_DESI_R"));
  CHECK(io::FitsInput(folder / "out/rvmod_stars.fits").image_shape("DESI_R_WAVELENGTH") ==
        io::ArrayShape{2326});

  // Wavelengths that differ between stars: 30 of some thousand pixels are missing from one.
  write_stars(folder / "own.fits", desi, true);
  table = run(folder, "rvfit_table", arms + "--write-models " + quoted(folder / "own.fits"));
  CHECK(table.err.empty());
  REQUIRE(table.exit_code == 0);
  const auto own = column(folder / "out/rvtab_own.fits", "VRAD");
  for (std::size_t star = 0; star < stars; ++star) {
    CAPTURE(star);
    // The solver's tolerance, a hundredth of an error; without 30 of 2326 pixels that moves by
    // sqrt(30 / 2326) = 0.11 of an error, margin 4.
    CHECK(std::abs(own[star] - rv[star]) < (star + 1 < stars ? 0.01 : 0.5) * error[star]);
  }
  CHECK(io::FitsInput(folder / "out/rvmod_own.fits").image_shape("DESI_R_WAVELENGTH") ==
        io::ArrayShape{stars, 2326});
  const auto chi2 = column(folder / "out/rvtab_own.fits", "CHISQ_TOT");
  table = run(folder, "rvfit_table", arms + "--batch-size 1 " + quoted(folder / "own.fits"));
  REQUIRE(table.exit_code == 0);
  CHECK(column(folder / "out/rvtab_own.fits", "VRAD") == own);  // the same bits in any batch
  CHECK(column(folder / "out/rvtab_own.fits", "CHISQ_TOT") == chi2);

  // One arm and one star a file.
  REQUIRE(test::fit(folder, demo_emulator(), folder / "desi.fits", "--fit-arm r").exit_code == 0);
  const auto red = column(folder / "out/rvtab_desi.fits", "VRAD");
  const auto red_error = column(folder / "out/rvtab_desi.fits", "VRAD_ERR");
  write_spec(folder / "spec.fits", desi.arms[1], 1);
  const test::ProgramRun sdss =
      run(folder, "rvfit_sdss", "--arm desi_r " + quoted(folder / "spec.fits"));
  CHECK(sdss.err.empty());
  REQUIRE(sdss.exit_code == 0);
  const auto spec = column(folder / "out/rvtab_spec.fits", "VRAD");
  REQUIRE(spec.size() == 1);
  // log10 and back moves wavelengths by rounding alone: measured 4e-6 of an error, margin 23.
  CHECK(std::abs(spec[0] - red[1]) < 1e-4 * red_error[1]);
  CHECK(column(folder / "out/rvtab_spec.fits", "FIBERID")[0] == 31);
}

/// Spectra of one arm that go on beyond its ends, and have some spikes.
void write_red(const std::string& path, const io::DesiArm& arm, std::size_t beyond,
               const std::vector<std::size_t>& spikes) {
  const std::size_t n = arm.pixels(), all = n + 2 * beyond;
  std::vector<double> wave;
  std::vector<float> flux, ivar;
  for (std::size_t i = 0; i < all; ++i) {
    wave.push_back(arm.wave[0] + 0.8 * (static_cast<double>(i) - static_cast<double>(beyond)));
  }
  for (std::size_t row = 0; row < stars; ++row) {
    for (std::size_t i = 0; i < all; ++i) {
      const bool inside = i >= beyond && i < beyond + n;
      const std::size_t from = row * n + (inside ? i - beyond : 0);
      flux.push_back(inside ? arm.flux[from] : 3 * arm.flux[row * n]);
      ivar.push_back(inside && arm.mask[from] > 0 ? 0.0F : arm.ivar[from]);
    }
    for (const std::size_t i : spikes) {
      flux[row * all + beyond + i] += 1000.0F / std::sqrt(arm.ivar[row * n + i] + 1e-9F);
      flux[row * all + beyond + i + 1] += 300.0F / std::sqrt(arm.ivar[row * n + i] + 1e-9F);
    }
  }
  io::FitsOutput file(path);
  file.write_table("STARS", {{"FLUX", "", "", flux, {all}}, {"IVAR", "", "", ivar, {all}}});
  file.write_table("GRID", {{"WAVE", "Angstrom", "", wave}});
  file.commit();
}

TEST_CASE("rvfit_table: cosmic rays are clipped, and what reaches beyond the library is left out") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const ScratchFolder folder;
  REQUIRE(test::simulate(folder, folder / "desi.fits", stars).exit_code == 0);
  const io::DesiArm arm = io::read_desi(folder / "desi.fits", {"R"}).arms[0];
  const auto fit = [&](const std::string& more) {
    return run(folder, "rvfit_table",
               "--arm desi_r=STARS --wave-hdu GRID " + more + " " + quoted(folder / "x.fits"));
  };
  const auto found = [&](const char* name) { return column(folder / "out/rvtab_x.fits", name); };
  write_red(folder / "x.fits", arm, 0, {});
  REQUIRE(fit("").exit_code == 0);
  const auto rv = found("VRAD"), error = found("VRAD_ERR"), pixels = found("NPIX_TOT");
  CHECK(found("RVS_WARN") == std::vector<double>(stars, 0));

  write_red(folder / "x.fits", arm, 0, {100, 700, 701, 1500, 2000});
  REQUIRE(fit("").exit_code == 0);
  for (const double warn : found("RVS_WARN")) {
    CHECK((static_cast<std::int64_t>(warn) & 131072) != 0);  // the model does not describe it
  }
  REQUIRE(fit("--clip 5 --write-models").exit_code == 0);
  CHECK(found("RVS_WARN") == std::vector<double>(stars, 0));
  for (std::size_t star = 0; star < stars; ++star) {
    CHECK(std::abs(found("VRAD")[star] - rv[star]) < 0.5 * error[star]);  // for 9 of 2326 pixels
    const double clipped = found("NPIX_CLIPPED")[star];
    CHECK((clipped >= 7 && clipped <= 14));  // nine, less those that were bad, and some neighbours
    CHECK(std::abs(found("NPIX_TOT")[star] + clipped - pixels[star]) < 1);
  }

  // At 9000 km/s the library covers not all of the arm.
  const std::string fast = "--min-vel -9000 --max-vel 9000";
  write_red(folder / "x.fits", arm, 0, {});
  REQUIRE(fit(fast).exit_code == 0);
  const auto some = found("VRAD"), fewer = found("NPIX_TOT");
  write_red(folder / "x.fits", arm, 0, {0, 2, 2323});
  REQUIRE(fit(fast).exit_code == 0);
  CHECK(found("VRAD") == some);  // whatever is out there
  for (std::size_t star = 0; star < stars; ++star) {
    CHECK(std::abs(some[star] - rv[star]) < 2 * error[star]);  // with a fifth of the lines less
    CHECK(fewer[star] < 0.95 * pixels[star]);                  // 7500 km/s at either end
    CHECK(fewer[star] > 0.5 * pixels[star]);                   // half the arm is covered
  }
  write_red(folder / "x.fits", arm, 12000, {});
  test::ProgramRun run = fit("");
  CHECK(run.exit_code == 2);
  CHECK(run.err.find("the emulator covers") != std::string::npos);
  run = fit("--resolution-matrix");
  CHECK(run.exit_code == 2);
  CHECK(run.err.find("--resolution-matrix: files of this kind have no such matrices") !=
        std::string::npos);
}

TEST_CASE(
    "rvfit_table: the size of a batch changes no bit of stars with wavelengths of their own") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const ScratchFolder folder;
  constexpr std::size_t many = 8;
  REQUIRE(test::simulate(folder, folder / "desi.fits", many).exit_code == 0);
  const io::DesiArm arm = io::read_desi(folder / "desi.fits", {"R"}).arms[0];
  const std::size_t n = arm.pixels();
  std::vector<double> wave;
  for (std::size_t row = 0; row < many; ++row) {
    for (std::size_t i = 0; i < n; ++i) {
      // Pixels of other widths, and up to 210 fewer of them.
      const double grown = 1.0 + 0.004 * static_cast<double>(row);
      const double own = arm.wave[0] + (arm.wave[i] - arm.wave[0]) / grown;
      wave.push_back(i < 30 * row ? std::numeric_limits<double>::quiet_NaN() : own);
    }
  }
  {
    io::FitsOutput file(folder / "own.fits");
    file.write_table("STARS", {{"WAVE", "Angstrom", "", wave, {n}},
                               {"FLUX", "", "", arm.flux, {n}},
                               {"IVAR", "", "", arm.ivar, {n}}});
    file.commit();
  }
  const auto answers = [&](const std::string& size) {
    REQUIRE(run(folder, "rvfit_table",
                "--arm desi_r=STARS --batch-size " + size + " " + quoted(folder / "own.fits"))
                .exit_code == 0);
    auto found = column(folder / "out/rvtab_own.fits", "VRAD");
    for (const char* name : {"VRAD_CCF", "TEFF", "CHISQ_TOT"}) {
      const auto more = column(folder / "out/rvtab_own.fits", name);
      found.insert(found.end(), more.begin(), more.end());
    }
    return found;
  };
  const auto together = answers("8");
  CHECK(answers("1") == together);
  CHECK(answers("3") == together);
}

TEST_CASE("rvfit_sdss: many files are fitted together, and a bad one costs but itself") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const ScratchFolder folder;
  REQUIRE(test::simulate(folder, folder / "desi.fits", stars).exit_code == 0);
  const io::DesiFile desi = io::read_desi(folder / "desi.fits");
  std::vector<double> rv, error;
  std::string files;
  for (std::size_t star = 0; star < stars; ++star) {
    const std::string file = folder / ("spec" + std::to_string(star) + ".fits");
    write_spec(file, desi.arms[1], star, 10 * star);
    REQUIRE(run(folder, "rvfit_sdss", "--arm desi_r " + quoted(file)).exit_code == 0);
    const std::string table = folder / ("out/rvtab_spec" + std::to_string(star) + ".fits");
    rv.push_back(column(table, "VRAD").at(0));
    error.push_back(column(table, "VRAD_ERR").at(0));
    files += quoted(file) + " ";
  }
  // One that cannot be read, and one whose wavelengths the emulator does not cover.
  write_spec(folder / "blue.fits", desi.arms[0], 0);
  const test::ProgramRun together =
      run(folder, "rvfit_sdss",
          "--arm desi_r --write-models absent.fits " + files + quoted(folder / "blue.fits"));
  CAPTURE(together.err);
  CHECK(together.exit_code == 2);
  CHECK(std::count(together.err.begin(), together.err.end(), '\n') == 2);
  CHECK(together.err.find("absent.fits: no such file") != std::string::npos);
  CHECK(together.err.find("blue.fits: arm desi_r: the emulator covers") != std::string::npos);
  CHECK(together.out.starts_with("3 stars in 3 files: 3 converged\n"));
  REQUIRE(run(folder, "rvfit_sdss", "--arm desi_r --write-models " + files).exit_code == 0);
  for (std::size_t star = 0; star < stars; ++star) {
    CAPTURE(star);
    const std::string name = "spec" + std::to_string(star) + ".fits";
    // Other bins of the scan, another start: the same minimum to the tolerance of the solver.
    CHECK(std::abs(column(folder / ("out/rvtab_" + name), "VRAD").at(0) - rv[star]) <
          0.01 * error[star]);
    CHECK(io::FitsInput(folder / ("out/rvmod_" + name)).image_shape("DESI_R_MODEL") ==
          io::ArrayShape{1, 2326 - 10 * star});
  }
}

TEST_CASE("rvfit_table, rvfit_sdss: what cannot be fitted is one line") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const ScratchFolder folder;
  REQUIRE(test::simulate(folder, folder / "desi.fits", stars).exit_code == 0);
  const io::DesiFile desi = io::read_desi(folder / "desi.fits");
  write_spec(folder / "spec.fits", desi.arms[1], 0);
  const auto error = [&](const std::string& program, const std::string& arguments) {
    const test::ProgramRun bad =
        run(folder, program, arguments + " " + quoted(folder / "spec.fits"));
    CAPTURE(bad.err);
    CHECK(bad.exit_code == 2);
    CHECK(std::count(bad.err.begin(), bad.err.end(), '\n') == 1);
    CHECK_FALSE(std::filesystem::exists(folder / "out/rvtab_spec.fits"));
    return bad.err;
  };
  CHECK(error("rvfit_sdss", "").find("no arm 'sdss1', there are: desi_b, desi_r, desi_z") !=
        std::string::npos);
  CHECK(error("rvfit_table", "--arm desi_b").find("desi_b") != std::string::npos);  // wavelengths
  CHECK(error("rvfit_table", "--arm desi_r=NONE").find("HDU 'NONE' missing") != std::string::npos);
  CHECK(error("rvfit_table", "--arm =1").find("expected NAME or NAME=HDU") != std::string::npos);
  CHECK(error("rvfit_table", "").find("--arm") != std::string::npos);
}

}  // namespace
}  // namespace rvfit::test
