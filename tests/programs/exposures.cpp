// SPDX-License-Identifier: MIT

/// @file
/// rvfit_desi on files with several exposures of a target. Two exposures with the same noise have the
/// objective of one, twice: the same minimum, and a covariance half as large.

#include "support/run_program.hpp"
#include "support/scratch_folder.hpp"
#include "support/tolerance.hpp"
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

using Rows = std::vector<std::size_t>;

template <class T>
std::vector<T> taken(const std::vector<T>& matrix, std::size_t width, const Rows& rows) {
  std::vector<T> out;
  for (const std::size_t row : rows) {
    const auto first = matrix.begin() + static_cast<std::ptrdiff_t>(row * width);
    out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(width));
  }
  return out;
}

/// A `spectra-` file whose rows are some of those of a coadd, in the order given; exposure n has EXPID
/// n. The exposure `masked` has no good pixel.
void write_exposures(const std::string& path, const io::DesiFile& coadd, const Rows& rows,
                     std::size_t masked) {
  io::FitsOutput file(path);
  std::vector<std::int64_t> id;
  std::vector<std::int32_t> exposure;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    id.push_back(coadd.target_id[rows[n]]);
    exposure.push_back(static_cast<std::int32_t>(n));
  }
  file.write_table("FIBERMAP", {{"TARGETID", "", "", id},
                                {"OBJTYPE", "", "", std::vector<std::string>(rows.size(), "TGT")},
                                {"FIBERSTATUS", "", "", std::vector<std::int32_t>(rows.size(), 0)},
                                {"EXPID", "", "", exposure}});
  for (const io::DesiArm& arm : coadd.arms) {
    const std::size_t n = arm.pixels();
    const io::ArrayShape shape{rows.size(), n};
    auto mask = taken(arm.mask, n, rows);
    for (std::size_t i = masked * n; i < (masked + 1) * n; ++i) {
      mask[i] = 1;
    }
    file.write_image(arm.label + "_WAVELENGTH", arm.wave, {n});
    file.write_image(arm.label + "_FLUX", taken(arm.flux, n, rows), shape);
    file.write_image(arm.label + "_IVAR", taken(arm.ivar, n, rows), shape);
    file.write_image(arm.label + "_MASK", mask, shape);
  }
  file.commit();
}

template <class T>
std::vector<T> column(const std::string& table, const std::string& name) {
  return io::FitsInput(table).read_column<T>("RVTAB", name);
}

/// Rows 0 to 6 show the stars 0 1 2 0 1 0 2; row 5 is masked.
class Exposures {
 public:
  Exposures() {
    CHECK(test::simulate(folder_, folder_ / "coadd.fits", 3).exit_code == 0);
    write({0, 1, 2, 0, 1, 0, 2}, 5);
  }

  /// Rows that show these stars, one of them masked.
  void write(const Rows& stars, std::size_t masked) const {
    const io::DesiFile coadd = io::read_desi(folder_ / "coadd.fits");
    write_exposures(folder_ / "spectra.fits", coadd, stars, masked);
  }

  /// Fit, and the name of the table.
  [[nodiscard]] std::string fit(const std::string& options) const {
    const test::ProgramRun run =
        test::fit(folder_, test::demo_emulator(), folder_ / "spectra.fits", options);
    CHECK(run.err.empty());
    CHECK(run.exit_code == 0);
    return folder_ / "out/rvtab_spectra.fits";
  }
  [[nodiscard]] const ScratchFolder& folder() const { return folder_; }

 private:
  ScratchFolder folder_;
};

/// The solver stops where 1e-4 of -2 ln L is left, a hundredth of an error from the minimum.
constexpr double solved = 0.01;

TEST_CASE("rvfit_desi: exposures of a target are rows of their own, or fitted together") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const Exposures exposures;
  const std::string table = exposures.fit("");
  const auto alone = column<double>(table, "VRAD");
  const auto error = column<double>(table, "VRAD_ERR");
  const auto pixels = column<std::int64_t>(table, "NPIX_TOT");
  const auto chi2 = column<double>(table, "CHISQ_TOT");
  const auto snr = column<float>(table, "SN_R");
  REQUIRE(alone.size() == 7);
  CHECK(alone[3] == alone[0]);
  CHECK(column<std::string>(table, "STATUS")[5] == "no_valid_pixels");

  (void)exposures.fit("--join-exposures --write-models");
  const auto joint = column<double>(table, "VRAD");
  const auto joint_error = column<double>(table, "VRAD_ERR");
  REQUIRE(joint.size() == 3);
  CHECK(column<std::int64_t>(table, "TARGETID") ==
        std::vector<std::int64_t>{39600000100000, 39600000100001, 39600000100002});
  CHECK(column<std::int64_t>(table, "EXPID") == std::vector<std::int64_t>{0, 1, 2});
  for (std::size_t star = 0; star < 3; ++star) {
    CAPTURE(star);
    CHECK(std::abs(joint[star] - alone[star]) < solved * error[star]);
    // Errors and chi-square change by as little on the way there: measured 9e-7 and 7e-8, margin 25.
    CHECK(joint_error[star] == doctest::Approx(error[star] / std::sqrt(2.0)).epsilon(2e-5));
    CHECK(column<std::int64_t>(table, "NPIX_TOT")[star] == 2 * pixels[star]);
    CHECK(column<double>(table, "CHISQ_TOT")[star] ==
          doctest::Approx(2 * chi2[star]).epsilon(2e-6));  // as above
    CHECK(column<float>(table, "SN_R")[star] ==
          doctest::Approx(snr[star] * std::sqrt(2.0)).epsilon(rounding<float>(2)));
  }

  // Models have a row for each exposure, a target's one after the other.
  io::FitsInput models(exposures.folder() / "out/rvmod_spectra.fits");
  CHECK(models.read_column<std::int64_t>("FIBERMAP", "EXPID") ==
        std::vector<std::int64_t>{0, 3, 5, 1, 4, 2, 6});
  const auto model = models.read_image<float>("R_MODEL", {7, 2326});
  CHECK(model[0 * 2326 + 1000] > 0);
  CHECK(model[1 * 2326 + 1000] == model[0 * 2326 + 1000]);
  CHECK(model[2 * 2326 + 1000] == 0);  // nothing to fit a continuum to
  CHECK(model[6 * 2326 + 1000] == model[5 * 2326 + 1000]);
}

TEST_CASE("rvfit_desi: exposures with an rv each have columns of their own") {
  if (!test::have_programs()) {
    MESSAGE("[skipped] the programs are not built");
    return;
  }
  const Exposures exposures;
  const std::string table = exposures.fit("--rv-per-exposure");
  const auto rv = column<double>(table, "VRAD");
  const auto second = column<double>(table, "VRAD_2");
  const auto error = column<double>(table, "VRAD_ERR");
  for (std::size_t star = 0; star < 3; ++star) {
    CAPTURE(star);
    CHECK(std::abs(second[star] - rv[star]) < solved * error[star]);
    CHECK(column<std::int64_t>(table, "RVS_WARN")[star] == 0);
  }
  // The third exposure of star 0 shows nothing.
  CHECK_FALSE(io::FitsInput(table).has_column("RVTAB", "VRAD_3"));

  // Another exposure of star 2: it alone has a third rv.
  exposures.write({0, 1, 2, 0, 1, 2, 2}, 0);
  (void)exposures.fit("--rv-per-exposure");
  const auto third = column<double>(table, "VRAD_3");
  CHECK(std::isnan(third[0]));
  CHECK(std::isnan(third[1]));
  CHECK(std::abs(third[2] - column<double>(table, "VRAD")[2]) < solved * error[2]);
  CHECK(std::isnan(column<double>(table, "VRAD_2")[0]));  // its first exposure shows nothing
  CHECK(column<std::int64_t>(table, "EXPID") == std::vector<std::int64_t>{3, 1, 2});
  CHECK(column<std::int64_t>(table, "RVS_WARN") == std::vector<std::int64_t>(3, 0));
}

}  // namespace
}  // namespace rvfit::test
