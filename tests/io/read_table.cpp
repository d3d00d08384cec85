// SPDX-License-Identifier: MIT

#include "support/fits_edit.hpp"
#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/read_table.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace rvfit::test {
namespace {

using Doubles = std::vector<double>;
using Floats = std::vector<float>;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// A star of four pixels, a pixel a row.
const std::vector<io::Column> one_star{
    {"WAVE", "Angstrom", "", Doubles{5000, 5001, 5003, 5004}},
    {"FLUX", "", "", Floats{1, 2, 3, 4}},
    {"ERR", "", "", Floats{0.5F, 0, -1, 2}},
    {"BAD", "", "", io::Flags{0, 0, 0, 1}},
};

/// Three stars of four pixels; the second has three and its own wavelengths, the third none.
const std::vector<io::Column> stars{
    {"ID", "", "", std::vector<std::int64_t>{7, 8, 9}},
    {"NAME", "", "", std::vector<std::string>{"a", "b", "c"}},
    {"wavelength",
     "nm",
     "",
     Doubles{500, 501, 502, 503, 0, 600, 601, 602, nan, nan, nan, nan},
     {4}},
    {"flux", "", "", Floats(12, 2.0F), {4}},
    {"ivar", "", "", Floats(12, 4.0F), {4}},
};

/// The error of reading a table of these columns, from the file's name on, or "no error".
std::string error_of_table(const std::vector<io::Column>& columns,
                           const io::TableColumns& names = {},
                           const std::vector<io::TableArm>& arms = {{"desi_b"}}) {
  const ScratchFolder folder;
  const std::string path = folder / "table.fits";
  io::FitsOutput file(path);
  file.write_table("SPECTRA", columns);
  file.commit();
  return read_error(path, [&] { (void)io::read_table(path, arms, names); });
}

io::Spectra read(const std::vector<io::Column>& columns, const io::TableColumns& names = {}) {
  const ScratchFolder folder;
  io::FitsOutput file(folder / "table.fits");
  file.write_table("SPECTRA", columns);
  file.commit();
  return io::read_table(folder / "table.fits", {{"desi_b", "SPECTRA"}}, names);
}

/// The same columns but for one of them.
std::vector<io::Column> with(std::vector<io::Column> columns, const io::Column& other) {
  for (io::Column& column : columns) {
    if (column.name == other.name) {
      column = other;
    }
  }
  return columns;
}

TEST_CASE("read_table: a pixel a row is one star, whose errors become inverse variances") {
  const io::Spectra spectra = read(one_star);
  REQUIRE(spectra.arms.size() == 1);
  const io::SpectraArm& arm = spectra.arms[0];
  CHECK(arm.name == "desi_b");
  CHECK(arm.label == "DESI_B");
  CHECK(arm.wave == Doubles{5000, 5001, 5003, 5004});
  CHECK(arm.flux == Floats{1, 2, 3, 4});
  CHECK(arm.ivar == Floats{4, 0, 0, 0.25F});
  CHECK(arm.mask == std::vector<std::int32_t>{0, 0, 0, 0});
  CHECK(arm.snr == Floats{2});  // the median of 2 and 2
  io::TableColumns names;
  names.mask = "bad";
  CHECK(read(one_star, names).arms[0].mask == std::vector<std::int32_t>{0, 0, 0, 1});
}

TEST_CASE("read_table: fluxes of any unit, also in columns of double") {
  const io::SpectraArm arm = read({{"WAVE", "", "", Doubles{5000, 5001, 5002}},
                                   {"FLUX", "", "", Doubles{1e-30, -3e-30, 0}},
                                   {"ERR", "", "", Doubles{1e-31, 2e-31, 4e-31}}})
                                 .arms[0];
  const double unit = arm.unit[0];
  constexpr double eps = 1.2e-7;  // of float
  CHECK(std::abs(arm.flux[1] * unit / -3e-30 - 1) < eps);
  CHECK(std::abs(1 / std::sqrt(arm.ivar[1]) * unit / 2e-31 - 1) < eps);
  CHECK(arm.snr[0] == 0);  // the median of 10, -15 and 0
  CHECK(error_of_table({{"WAVE", "", "", Doubles{5000, 5001}},
                        {"FLUX", "", "", Doubles{1, 1}},
                        {"ERR", "", "", Doubles{1, 1e-200}}})
            .ends_with("whose square is no number"));
}

TEST_CASE("read_table: columns are found by their given names, log10 and nm are understood") {
  io::TableColumns names;
  names.wave = "LogLambda";
  names.flux = "F";
  names.ivar = "W";
  const io::Spectra spectra = read({{"loglambda", "", "", Doubles{3.5, 3.6}},
                                    {"flux", "", "", Floats{9, 9}},
                                    {"f", "", "", Floats{1, 2}},
                                    {"w", "", "", Doubles{4, 9}}},
                                   names);
  CHECK(spectra.arms[0].wave == Doubles{std::pow(10.0, 3.5), std::pow(10.0, 3.6)});
  CHECK(spectra.arms[0].flux == Floats{1, 2});
  CHECK(spectra.arms[0].ivar == Floats{4, 9});
}

TEST_CASE("read_table: a star a row, each with its own wavelengths") {
  io::TableColumns names;
  names.copy = {"ID", "NAME"};
  const io::Spectra spectra = read(stars, names);
  const io::SpectraArm& arm = spectra.arms[0];
  REQUIRE(arm.wave_rows == 3);
  REQUIRE(arm.pixels() == 4);
  CHECK(arm.wave[1] == 5010);
  CHECK(arm.wave[5] == 6000);
  for (std::size_t n = 0; n < arm.wave.size(); ++n) {
    CHECK((n % 4 == 0 || arm.wave[n] > arm.wave[n - 1]));  // pads keep the order
  }
  CHECK(std::abs(arm.wave[4] - 6000) < 1e-4);  // a pad, 1e-9 off: 6e-6, margin 17
  CHECK(arm.ivar == Floats{4, 4, 4, 4, 0, 4, 4, 4, 0, 0, 0, 0});
  CHECK(arm.snr[0] == 4);
  CHECK(std::isnan(arm.snr[2]));
  REQUIRE(spectra.columns.size() == 2);
  CHECK(std::get<std::vector<std::int64_t>>(spectra.columns[0].values)[2] == 9);
  CHECK(std::get<std::vector<std::string>>(spectra.columns[1].values)[1] == "b");
}

TEST_CASE("read_table: wavelengths that all stars share are kept once") {
  const Doubles wave{500, 501, 502, 503};
  Doubles thrice;
  for (int n = 0; n < 3; ++n) {
    thrice.insert(thrice.end(), wave.begin(), wave.end());
  }
  const io::SpectraArm arm = read(with(stars, {"wavelength", "nm", "", thrice, {4}})).arms[0];
  CHECK(arm.wave_rows == 1);
  CHECK(arm.wave == Doubles{5000, 5010, 5020, 5030});
  CHECK(arm.ivar == Floats(12, 4.0F));

  const ScratchFolder folder;
  {
    io::FitsOutput file(folder / "table.fits");
    file.write_table("SPECTRA", stars);
    file.write_table("GRID", {{"lambda", "Angstrom", "", Doubles{5000, 5001, 5002, nan}}});
    file.commit();
  }
  io::TableColumns names;
  names.wave_hdu = "GRID";
  const io::SpectraArm apart =
      io::read_table(folder / "table.fits", {{"desi_b", "1"}}, names).arms[0];
  CHECK(apart.wave_rows == 1);
  CHECK(apart.ivar == Floats{4, 4, 4, 0, 4, 4, 4, 0, 4, 4, 4, 0});
}

TEST_CASE("read_table: wavelengths that decrease are reversed, with all that belongs to them") {
  io::TableColumns names;
  names.mask = "BAD";
  names.line_spread = "LSF";
  names.spread_kind = io::SpreadKind::fwhm;
  const auto reversed = [](std::vector<io::Column> columns) {
    for (io::Column& column : columns) {
      std::visit(
          [](auto& values) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(values)>, io::StoredCells>) {
              std::reverse(values.begin(), values.end());
            }
          },
          column.values);
    }
    return columns;
  };
  auto columns = one_star;
  columns.push_back({"LSF", "", "", Floats{1, 2, 3, 4}});
  const io::SpectraArm forth = read(columns, names).arms[0];
  const io::SpectraArm back = read(reversed(columns), names).arms[0];
  CHECK(forth.wave == Doubles{5000, 5001, 5003, 5004});
  CHECK(back.wave == forth.wave);
  CHECK(back.flux == forth.flux);
  CHECK(back.ivar == forth.ivar);
  CHECK(back.mask == forth.mask);
  CHECK(back.line_spread == forth.line_spread);
  CHECK(forth.line_spread[1] == static_cast<float>(2.0 / 2.3548200450309493));
  // Stars with wavelengths of their own, the second the other way round and shorter.
  const io::SpectraArm mixed =
      read({{"WAVE", "", "", Doubles{5000, 5001, 5002, 5003, 5002, 5001, 5000, 0}, {4}},
            {"FLUX", "", "", Floats{1, 2, 3, 4, 5, 6, 7, 8}, {4}},
            {"IVAR", "", "", Floats{1, 1, 1, 1, 1, 2, 3, 4}, {4}}})
          .arms[0];
  CHECK(mixed.flux == Floats{1, 2, 3, 4, 8, 7, 6, 5});
  CHECK(mixed.ivar == Floats{1, 1, 1, 1, 0, 3, 2, 1});
  CHECK(mixed.wave[7] == 5002.0);
}

TEST_CASE("read_table: variances, bits of a mask, and units that the user says") {
  io::TableColumns names;
  names.variance = "VAR";
  names.wave_unit = "um";
  const std::vector<io::Column> columns{{"WAVE", "", "", Doubles{1.5, 1.6}},
                                        {"FLUX", "", "", Floats{1, 2}},
                                        {"VAR", "", "", Floats{0.25F, 0}},
                                        {"BITS", "", "", std::vector<std::int32_t>{5, 2}}};
  const io::SpectraArm arm = read(columns, names).arms[0];
  CHECK(arm.wave == Doubles{15000, 16000});
  CHECK(arm.ivar == Floats{4, 0});
  names.wave_unit = "ln";
  CHECK(read(columns, names).arms[0].wave[0] == std::exp(1.5));
  const ScratchFolder folder;
  io::FitsOutput file(folder / "table.fits");
  file.write_table("SPECTRA", columns);
  file.commit();
  const auto mask_of = [&](std::int64_t bits) {
    return io::read_table(folder / "table.fits", {{"desi_b", "1", "BITS", bits}}, names)
        .arms[0]
        .mask;
  };
  CHECK(mask_of(-1) == std::vector<std::int32_t>{1, 1});
  CHECK(mask_of(4) == std::vector<std::int32_t>{1, 0});
  CHECK(mask_of(8) == std::vector<std::int32_t>{0, 0});
  names.wave_unit = "furlong";
  CHECK(error_of_table(columns, names) ==
        "HDU '1': column wave is in 'furlong', expected Angstrom, nm, um or m (or what --wave-unit "
        "says)");
}

TEST_CASE("read_table: several arms of a file, and two exposures of one") {
  const ScratchFolder folder;
  {
    io::FitsOutput file(folder / "table.fits");
    file.write_table("ONE", one_star);
    file.write_table("TWO", one_star);
    file.write_table("STARS", stars);
    file.commit();
  }
  const std::string path = folder / "table.fits";
  const io::Spectra spectra =
      io::read_table(path, {{"desi_r", "ONE"}, {"desi_b", "2"}, {"desi_r", "TWO"}});
  CHECK(spectra.arms[1].label == "DESI_B");
  CHECK(spectra.arms[2].name == "desi_r");
  CHECK(spectra.arms[2].label == "DESI_R_2");
  CHECK_THROWS_WITH_AS((void)io::read_table(path, {{"desi_r", "ONE"}, {"desi_b", "STARS"}}),
                       (path + ": HDU 'STARS': has 3 spectra, HDU 'ONE' has 1").c_str(),
                       io::IoError);
}

TEST_CASE("read_table: what is missing or odd is named") {
  CHECK(error_of_table(one_star) == "no error");
  CHECK(error_of_table(stars) == "no error");
  CHECK(error_of_table(stars, {}, {{"desi_b", "NONE"}}) == "HDU 'NONE' missing");
  CHECK(error_of_table(stars, {}, {{"desi_b", "2"}}) == "HDU '2' missing");
  io::TableColumns names;
  names.flux = "BRIGHTNESS";
  CHECK(error_of_table(stars, names) == "HDU '1': has no column BRIGHTNESS");
  names = {};
  names.mask = "MASK";
  CHECK(error_of_table(stars, names) == "HDU '1': has no column MASK");
  names = {};
  names.ivar = "ID";
  CHECK(error_of_table(stars, names) == "HDU '1': column ID has 1 values a row, expected 4");
  names = {};
  names.wave_hdu = "NONE";
  CHECK(error_of_table(stars, names) == "HDU 'NONE' missing");
  CHECK(error_of_table({{"WAVE", "", "", Doubles{1, 2}}}) ==
        "HDU '1': has no column of flux, looked for flux");
  CHECK(error_of_table({{"FLUX", "", "", Floats{1, 2}}}) ==
        "HDU '1': has no column of inverse variance or error, looked for ivar, err, error, sigma, "
        "flux_error");
  CHECK(error_of_table({{"FLUX", "", "", Floats{1, 2}}, {"IVAR", "", "", Floats{1, 2}}}) ==
        "HDU '1': has no column of wavelengths, looked for wave, wavelength, lambda, loglam, "
        "log_wave");
  CHECK(error_of_table(with(one_star, {"FLUX", "", "", std::vector<std::string>(4, "x")})) ==
        "HDU '1': column flux is text, expected numbers");
  CHECK(error_of_table({{"FLUX", "", "", Floats{1}}}) ==
        "HDU '1': has 1 spectra of 1 pixels, expected at least one of two");
  CHECK(
      error_of_table(with(one_star, {"WAVE", "Hz", "", Doubles{5000, 5001, 5003, 5004}})) ==
      "HDU '1': column wave is in 'Hz', expected Angstrom, nm, um or m (or what --wave-unit says)");
  for (const double wrong : {5000.0, 4000.0, nan, -1.0}) {
    CAPTURE(wrong);
    const std::string error =
        error_of_table(with(one_star, {"WAVE", "", "", Doubles{5000, wrong, 5003, 5004}}));
    CHECK(error.starts_with("HDU '1': wavelength of pixel 1 of spectrum 0 is "));
    CHECK(error.ends_with(
        " after 5000.000000, expected wavelengths that increase, or decrease, throughout"));
  }
  CHECK(error_of_table(with(one_star, {"WAVE", "", "", Doubles(4, nan)})) ==
        "HDU '1': column wave has no wavelength");
}

}  // namespace
}  // namespace rvfit::test
