// SPDX-License-Identifier: MIT

#include "support/fits_edit.hpp"
#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include "support/small_desi_file.hpp"
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/desi/select_stars.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

/// The error of reading a small file after an edit, from the file's name on, or "no error".
std::string error_of_desi(const std::function<void(FitsEdit&)>& edit,
                          io::Resolution resolution = io::Resolution::skip) {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  test::write_small_desi_file(path);
  {
    FitsEdit file(path);
    edit(file);
  }
  return read_error(path, [&] { (void)io::read_desi(path, {"B", "R", "Z"}, resolution); });
}

TEST_CASE("read_desi: arms, identities and S/N come in row order") {
  const ScratchFolder folder;
  test::write_small_desi_file(folder / "coadd.fits");
  const io::DesiFile file = io::read_desi(folder / "coadd.fits");
  REQUIRE(file.arms.size() == 3);
  CHECK(file.rows() == 4);
  CHECK(file.arms[1].name == "desi_r");
  CHECK(file.arms[1].pixels() == 6);
  CHECK(file.arms[1].flux[2 * 6 + 3] == 223);
  CHECK(file.arms[2].wave[1] == 10000.0 + 0.8);
  CHECK(file.arms[0].snr == std::vector<float>{11, 12, 13, 14});  // of SCORES
  CHECK(file.arms[1].snr[1] == 212.5F * 2);                       // measured: even number of pixels
  CHECK(file.target_id[3] == 39600000000004);
  std::vector<std::string> names;
  for (const io::Column& column : file.columns) {
    names.push_back(column.name);
  }
  CHECK(names == std::vector<std::string>{"FIBER", "REF_CAT", "TARGET_RA", "TARGETID"});
}

TEST_CASE("read_desi: fluxes of any unit, in images of double") {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  test::write_small_desi_file(path);
  {
    FitsEdit file(path);
    file.at("R_FLUX").resize({6, 4});
    file.set_pixels(0, 24, 3e-30);
    file.at("R_IVAR").resize({6, 4});
    file.set_pixels(0, 24, 1e62);
  }
  const io::DesiFile file = io::read_desi(path);
  const io::SpectraArm& arm = file.arms[1];
  constexpr double eps = 1.2e-7;  // of float
  CHECK(std::abs(arm.flux[13] * arm.unit[2] / 3e-30 - 1) < eps);
  CHECK(std::abs(arm.snr[2] / 30 - 1) < 2 * eps);
  CHECK(file.arms[0].unit == std::vector<double>(4, 1.0));
}

TEST_CASE("read_desi: only the arms that are asked for need be there") {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  test::write_small_desi_file(path);
  {
    FitsEdit file(path);
    file.at("B_IVAR").remove_hdu();
  }
  CHECK(io::read_desi(path, {"Z", "R"}).arms.size() == 2);
  CHECK_THROWS_WITH_AS((void)io::read_desi(path, {"B"}), (path + ": HDU 'B_IVAR' missing").c_str(),
                       io::IoError);
}

TEST_CASE("read_desi: a file need not have every arm, a mask, or types of objects") {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  test::write_small_desi_file(path);
  {
    FitsEdit file(path);
    for (const char* hdu :
         {"Z_WAVELENGTH", "Z_FLUX", "Z_IVAR", "Z_MASK", "Z_RESOLUTION", "B_MASK"}) {
      file.at(hdu).remove_hdu();
    }
    file.at("FIBERMAP").remove_column(2);
  }
  const io::DesiFile file = io::read_desi(path, {"B", "R", "Z"}, io::Resolution::read);
  REQUIRE(file.arms.size() == 2);
  CHECK(file.arms[1].label == "R");
  CHECK(file.arms[0].mask == std::vector<std::int32_t>(4 * 5, 0));
  CHECK(io::select_stars(file) == std::vector<std::size_t>{0, 1, 2});
  CHECK_THROWS_WITH_AS((void)io::read_desi(path, {"Z"}),
                       (path + ": HDU 'Z_WAVELENGTH', 'Z_FLUX', 'Z_IVAR' missing").c_str(),
                       io::IoError);
}

TEST_CASE("read_desi: the parts of a merged spectrum are the arms") {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  test::write_small_desi_file(path);
  {
    FitsEdit file(path);  // R is at 8000 Angstrom and on: six pixels
    for (const char* hdu : {"B_WAVELENGTH", "B_FLUX", "B_IVAR", "B_MASK", "B_RESOLUTION",
                            "Z_WAVELENGTH", "Z_FLUX", "Z_IVAR", "Z_MASK", "Z_RESOLUTION"}) {
      file.at(hdu).remove_hdu();
    }
    for (const char* part : {"WAVELENGTH", "FLUX", "IVAR", "MASK", "RESOLUTION"}) {
      file.at(std::string("R_") + part).set("EXTNAME", (std::string("BRZ_") + part).c_str());
    }
    for (long long i = 0; i < 6; ++i) {
      const double wave[] = {5000, 5779.9, 5780, 7569, 7570, 9000};
      file.at("BRZ_WAVELENGTH").set_pixels(i, 1, wave[i]);
    }
  }
  const io::DesiFile file = io::read_desi(path, {"B", "R", "Z"}, io::Resolution::read);
  REQUIRE(file.arms.size() == 3);
  CHECK(file.arms[1].name == "desi_r");
  CHECK(file.arms[1].wave == std::vector<double>{5780, 7569});
  CHECK(file.arms[2].wave == std::vector<double>{7570, 9000});
  // Flux of row 3, pixel 2 of R: 200 + 30 + 2; the second diagonal of its matrix 1000 more.
  CHECK(file.arms[1].flux[3 * 2] == 232);
  CHECK(file.arms[2].flux[3 * 2 + 1] == 235);
  CHECK(file.arms[1].resolution[(3 * 3 + 1) * 2] == 1232);
  CHECK(file.arms[1].mask.size() == 4 * 2);
  const io::DesiFile red = io::read_desi(path, {"Z"});
  REQUIRE(red.arms.size() == 1);
  CHECK(red.arms[0].flux[0] == 204);
}

TEST_CASE(
    "read_desi: FIBER of a coadd is that of the first exposure, unsigned numbers are as they are") {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  test::write_small_desi_file(path);
  {
    FitsEdit file(path);
    file.at("FIBERMAP").set("TTYPE4", "FIBRE");
    file.add_table("EXP_FIBERMAP", {{"TARGETID", "K"}, {"FIBER", "J"}}, 3);
    for (int row = 1; row <= 3; ++row) {
      file.set_cell(1, row, row == 1 ? 39600000000003.0 : 39600000000001.0);
      file.set_cell(2, row, 100.0 + row);
    }
    file.add_column("FIBERMAP", "REF_ID", "W");
    file.set_unsigned(7, 1, 9223372036854775808U);
    file.set_unsigned(7, 4, 18446744073709551615U);
  }
  const io::DesiFile file = io::read_desi(path);
  CHECK(std::get<std::vector<std::int32_t>>(file.columns[0].values) ==
        std::vector<std::int32_t>{102, -1, 101, -1});
  io::FitsOutput out(folder / "out.fits");
  out.write_table("RVTAB", {io::take(file.columns[1], {3, 0})});
  out.commit();
  fitsfile* copy = nullptr;
  int status = 0;
  std::array<std::uint64_t, 2> ids{};
  fits_open_table(&copy, (folder / "out.fits").c_str(), READONLY, &status);
  fits_read_col(copy, TULONGLONG, 1, 1, 1, 2, nullptr, ids.data(), nullptr, &status);
  fits_close_file(copy, &status);
  CHECK(status == 0);
  CHECK(file.columns[1].name == "REF_ID");
  CHECK(ids[0] == 18446744073709551615U);
  CHECK(ids[1] == 9223372036854775808U);
}

TEST_CASE("read_desi: a tile-compressed mask and a gzipped file are read like plain ones") {
  const ScratchFolder folder;
  test::write_small_desi_file(folder / "plain.fits");
  {
    FitsEdit file(folder / "plain.fits");
    file.at("R_MASK").set_pixels(7, 2, 3);
  }
  test::compress_image(folder / "plain.fits", folder / "tiled.fits", "R_MASK");
  test::copy_fits(folder / "plain.fits", folder / "zipped.fits.gz");
  const auto plain = io::read_desi(folder / "plain.fits");
  CHECK(plain.arms[1].mask[7] == 3);
  for (const char* name : {"tiled.fits", "zipped.fits.gz"}) {
    const auto other = io::read_desi(folder / name);
    CHECK(other.arms[1].mask == plain.arms[1].mask);
    CHECK(other.arms[1].flux == plain.arms[1].flux);
  }
}

TEST_CASE("DesiInput: rows in any order are those of the whole file") {
  const ScratchFolder folder;
  test::write_small_desi_file(folder / "plain.fits");
  test::compress_image(folder / "plain.fits", folder / "tiled.fits", "R_MASK");
  test::copy_fits(folder / "plain.fits", folder / "zipped.fits.gz");
  const auto whole = io::read_desi(folder / "plain.fits", {"B", "R", "Z"}, io::Resolution::read);
  for (const char* name : {"plain.fits", "tiled.fits", "zipped.fits.gz"}) {
    io::DesiInput input(folder / name, {"B", "R", "Z"}, io::Resolution::read);
    CHECK(input.tables().arms[0].flux.empty());
    for (const std::vector<std::size_t>& rows :
         {std::vector<std::size_t>{3, 0}, {1, 2, 3}, {2, 1, 0, 3}, {}}) {
      const std::vector<io::DesiArm> arms = input.read(rows);
      for (std::size_t a = 0; a < arms.size(); ++a) {
        const io::DesiArm expected = take(whole.arms[a], rows);
        CHECK(arms[a].wave == expected.wave);
        CHECK(arms[a].flux == expected.flux);
        CHECK(arms[a].ivar == expected.ivar);
        CHECK(arms[a].mask == expected.mask);
        CHECK(arms[a].resolution == expected.resolution);
        CHECK(arms[a].snr == expected.snr);
      }
    }
  }
}

TEST_CASE("DesiInput: a file that ends while it is read is an error of the HDU") {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  {
    const std::size_t rows = 2000;  // more than what CFITSIO has read ahead
    const std::vector<std::int64_t> numbers(rows);
    io::FitsOutput file(path);
    file.write_table("FIBERMAP", {{"TARGETID", "", "", numbers},
                                  {"OBJTYPE", "", "", std::vector<std::string>(rows, "TGT")},
                                  {"FIBERSTATUS", "", "", numbers}});
    std::vector<double> wave(100);
    std::iota(wave.begin(), wave.end(), 4000.0);
    file.write_image("B_WAVELENGTH", wave, {100});
    file.create_image<float>("B_FLUX", {rows, 100});
    file.create_image<float>("B_IVAR", {rows, 100});
    file.create_image<std::int32_t>("B_MASK", {rows, 100});
    file.commit();
  }
  io::DesiInput input(path, {"B"});
  CHECK(input.read({0, 1}).size() == 1);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const std::string error = read_error(path, [&] { (void)input.read({1990, 1991}); });
  CHECK(error.starts_with("HDU 'B_IVAR': pixels cannot be read"));
}

TEST_CASE("read_desi: S/N ignores bad pixels, and is NaN without good ones") {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  test::write_small_desi_file(path);
  {
    FitsEdit file(path);
    file.at("R_MASK").set_pixels(0, 3, 1);  // row 0: 103 to 105 are left
    file.at("R_IVAR").set_pixels(6, 6, 0);  // row 1: none
    file.at("R_FLUX").set_pixels(12, 1, std::numeric_limits<double>::quiet_NaN());
  }
  const auto file = io::read_desi(path);
  CHECK(file.arms[1].snr[0] == 204 * 2);
  CHECK(std::isnan(file.arms[1].snr[1]));
  CHECK(file.arms[1].snr[2] == 223 * 2);
}

TEST_CASE(
    "read_desi: numbers that float does not hold are read in double, and come in another unit") {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  test::write_small_desi_file(path);
  const auto plain = io::read_desi(path);
  {
    FitsEdit file(path);
    file.at("R_FLUX").set("BSCALE", std::ldexp(1.0, -90));
    file.at("R_IVAR").set("BSCALE", std::ldexp(1.0, 180));
  }
  const auto scaled = io::read_desi(path);
  for (std::size_t a = 0; a < 3; ++a) {
    const io::DesiArm &before = plain.arms[a], &after = scaled.arms[a];
    const double unit = a == 1 ? std::ldexp(1.0, -90) : 1.0;
    REQUIRE(after.flux.size() == before.flux.size());
    for (std::size_t i = 0; i < before.flux.size(); ++i) {
      const std::size_t row = i / before.pixels();
      CHECK(after.flux[i] * after.unit[row] == before.flux[i] * before.unit[row] * unit);
      CHECK(after.ivar[i] / after.unit[row] / after.unit[row] ==
            before.ivar[i] / before.unit[row] / before.unit[row] / unit / unit);
    }
  }
}

TEST_CASE("read_desi: FIBERSTATUS comes before COADD_FIBERSTATUS, and one must be there") {
  CHECK(error_of_desi([](FitsEdit& file) { file.at("FIBERMAP").set("TTYPE3", "FIBERSTATUS"); }) ==
        "no error");
  CHECK(error_of_desi([](FitsEdit& file) { file.at("FIBERMAP").remove_column(3); }) ==
        "HDU 'FIBERMAP': has no column COADD_FIBERSTATUS");
}

TEST_CASE("read_desi: what is missing is named") {
  CHECK(error_of_desi([](FitsEdit& file) { file.at("FIBERMAP").remove_hdu(); }) ==
        "HDU 'FIBERMAP' missing");
  CHECK(error_of_desi([](FitsEdit& file) {
          file.at("B_FLUX").remove_hdu();
          file.at("Z_IVAR").remove_hdu();
        }) == "HDU 'B_FLUX', 'Z_IVAR' missing");
  CHECK(error_of_desi([](FitsEdit& file) { file.at("SCORES").remove_hdu(); }) == "no error");
  CHECK(error_of_desi([](FitsEdit& file) { file.at("FIBERMAP").remove_column(1); }) ==
        "HDU 'FIBERMAP': has no column TARGETID");
}

TEST_CASE("read_desi: extents that differ are both named") {
  const auto resized = [](const char* hdu, std::vector<long> extents) {
    return error_of_desi([&](FitsEdit& file) { file.at(hdu).resize(extents); });
  };
  CHECK(resized("R_WAVELENGTH", {5}) == "HDU 'R_FLUX': has 4 x 6 pixels, expected 4 x 5");
  CHECK(resized("R_IVAR", {6, 3}) == "HDU 'R_IVAR': has 3 x 6 pixels, expected 4 x 6");
  CHECK(resized("R_MASK", {5, 4}) == "HDU 'R_MASK': has 4 x 5 pixels, expected 4 x 6");
  CHECK(resized("R_WAVELENGTH", {6, 4}) ==
        "HDU 'R_WAVELENGTH': has 4 x 6 pixels, expected one row of them");
  const auto shortened = [](const char* hdu) {
    return error_of_desi([&](FitsEdit& file) { file.at(hdu).remove_rows(2, 1); });
  };
  CHECK(shortened("FIBERMAP") == "HDU 'B_FLUX': has 4 x 5 pixels, expected 3 x 5");
  CHECK(shortened("SCORES") == "HDU 'SCORES': has 3 rows, FIBERMAP has 4");
}

TEST_CASE("read_desi: resolution matrices are read where they are asked for, of any odd band") {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  test::write_small_desi_file(path);
  for (const io::DesiArm& arm : io::read_desi(path).arms) {
    CHECK(arm.resolution.empty());
    CHECK(arm.diagonals() == 0);
  }
  const auto file = io::read_desi(path, {"R"}, io::Resolution::read);
  CHECK(file.arms[0].diagonals() == 3);
  CHECK(file.arms[0].resolution.size() == 4 * 3 * 6);
  CHECK(file.arms[0].resolution[(2 * 3 + 1) * 6 + 5] == 1225);

  const auto error_with = [](const std::function<void(FitsEdit&)>& edit) {
    return error_of_desi(edit, io::Resolution::read);
  };
  CHECK(error_with([](FitsEdit&) {}) == "no error");
  CHECK(error_with([](FitsEdit& edit) {
          edit.at("B_RESOLUTION").resize({5, 1, 4});
        }) == "no error");
  CHECK(error_with([](FitsEdit& edit) { edit.at("Z_RESOLUTION").remove_hdu(); }) ==
        "HDU 'Z_RESOLUTION' missing");
  const auto resized = [&](std::vector<long> extents) {
    return error_with([&](FitsEdit& edit) { edit.at("R_RESOLUTION").resize(extents); });
  };
  CHECK(resized({6, 2, 4}) ==
        "HDU 'R_RESOLUTION': has 4 x 2 x 6 pixels, expected 4 x an odd number x 6");
  CHECK(resized({6, 3, 5}) ==
        "HDU 'R_RESOLUTION': has 5 x 3 x 6 pixels, expected 4 x an odd number x 6");
  CHECK(resized({7, 3, 4}) ==
        "HDU 'R_RESOLUTION': has 4 x 3 x 7 pixels, expected 4 x an odd number x 6");
  CHECK(resized({6, 4}) == "HDU 'R_RESOLUTION': has 4 x 6 pixels, expected 4 x an odd number x 6");
}

TEST_CASE("read_desi: wavelengths must increase") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double wrong : {nan, -1.0, 6000.0, std::numeric_limits<double>::infinity()}) {
    CAPTURE(wrong);
    const std::string error =
        error_of_desi([&](FitsEdit& file) { file.at("B_WAVELENGTH").set_pixels(1, 1, wrong); });
    CHECK(error.starts_with("HDU 'B_WAVELENGTH': pixel 1 is "));
    CHECK(error.ends_with("after 6000.000000, expected increasing wavelengths"));
  }
}

TEST_CASE("read_desi: a file without rows is refused") {
  CHECK(error_of_desi([](FitsEdit& file) { file.at("FIBERMAP").remove_rows(1, 4); }) ==
        "HDU 'FIBERMAP': has 0 rows, expected at least one spectrum");
}

}  // namespace
}  // namespace rvfit::test
