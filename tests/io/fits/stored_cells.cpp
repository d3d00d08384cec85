// SPDX-License-Identifier: MIT

/// @file
/// A copied column says what the input's says, whatever its kind.

#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>
#include <fitsio.h>

#include <array>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace rvfit::test {
namespace {

struct Kind {
  std::string name, format;
};

/// Every kind of column: CFITSIO's U, V, W and S are unsigned integers and signed bytes.
const std::vector<Kind> kinds{{"D", "D"},   {"E", "E"},   {"I", "I"},   {"J", "J"},   {"K", "K"},
                              {"B", "B"},   {"U16", "U"}, {"U32", "V"}, {"U64", "W"}, {"S8", "S"},
                              {"L", "L"},   {"A", "9A"},  {"C", "C"},   {"M", "M"},   {"X", "11X"},
                              {"V3", "3E"}, {"SC", "I"},  {"NUL", "J"}, {"MAT", "4D"}};

/// A table of 3 rows of these, SC scaled by 0.01 from 5, NUL with a number that stands for none.
void write_kinds(const std::string& path) {
  fitsfile* file = nullptr;
  int status = 0;
  std::vector<char*> names, formats;
  for (const Kind& kind : kinds) {
    names.push_back(const_cast<char*>(kind.name.c_str()));
    formats.push_back(const_cast<char*>(kind.format.c_str()));
  }
  fits_create_diskfile(&file, path.c_str(), &status);
  fits_create_tbl(file, BINARY_TBL, 3, static_cast<int>(kinds.size()), names.data(), formats.data(),
                  nullptr, "KINDS", &status);
  fits_write_key_dbl(file, "TSCAL17", 0.01, -2, "scale", &status);
  fits_write_key_dbl(file, "TZERO17", 5.0, -2, nullptr, &status);
  fits_write_key_lng(file, "TNULL18", -99, "none", &status);
  fits_write_key_str(file, "TDIM19", "(2,2)", nullptr, &status);
  fits_write_key_str(file, "TUNIT17", "mag", nullptr, &status);
  fits_set_hdustruc(file, &status);
  LONGLONG width = 0;
  fits_read_key(file, TLONGLONG, "NAXIS1", &width, nullptr, &status);
  std::vector<unsigned char> row(static_cast<std::size_t>(width));
  for (int r = 0; r < 3; ++r) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = static_cast<unsigned char>('A' + (7 * i + 11 * static_cast<std::size_t>(r)) % 26);
    }
    fits_write_tblbytes(file, r + 1, 1, width, row.data(), &status);
  }
  std::array<short, 3> scaled{123, -250, 377};
  fits_set_tscale(file, 17, 1.0, 0.0, &status);
  fits_write_col(file, TSHORT, 17, 1, 1, 3, scaled.data(), &status);
  std::array<int, 3> some{-99, 7, 8};
  fits_write_col(file, TINT, 18, 1, 1, 3, some.data(), &status);
  std::array<char, 3> flags{1, 0, 1};
  fits_write_col_log(file, 11, 1, 1, 3, flags.data(), &status);
  fits_close_file(file, &status);
  REQUIRE(status == 0);
}

/// The numbers of a column as CFITSIO says, NaN for none.
std::vector<double> numbers(const std::string& path, const std::string& name) {
  fitsfile* file = nullptr;
  int status = 0;
  int column = 0;
  std::vector<double> values(3);
  double none = -1e30;
  int any = 0;
  fits_open_table(&file, path.c_str(), READONLY, &status);
  fits_get_colnum(file, CASESEN, const_cast<char*>(name.c_str()), &column, &status);
  fits_read_col(file, TDOUBLE, column, 1, 1, 3, &none, values.data(), &any, &status);
  fits_close_file(file, &status);
  CHECK(status == 0);
  return values;
}

TEST_CASE("fits: a column of any kind is copied, with what its numbers mean") {
  const ScratchFolder folder;
  const std::string path = folder / "kinds.fits";
  const std::string copy = folder / "copy.fits";
  write_kinds(path);
  std::vector<io::Column> columns;
  {
    io::FitsInput file(path);
    for (const Kind& kind : kinds) {
      columns.push_back(io::take(file.read_any_column("KINDS", kind.name), {0, 1, 2}));
    }
    io::FitsOutput out(copy);
    out.write_table("KINDS", columns);
    out.commit();
  }
  CHECK(numbers(copy, "SC") == std::vector<double>{6.23, 2.5, 8.77});
  CHECK(numbers(copy, "NUL") == std::vector<double>{-1e30, 7, 8});
  io::FitsInput(copy).verify_checksums();
  io::FitsInput file(copy);
  CHECK(file.column_unit("KINDS", "SC") == "mag");
  CHECK(file.keyword<std::string>("KINDS", "TDIM19") == "(2,2)");
  for (const Kind& kind : kinds) {
    CAPTURE(kind.name);
    if (kind.name != "A" && kind.name != "C" && kind.name != "M" && kind.name != "X" &&
        kind.name != "L") {
      CHECK(numbers(copy, kind.name) == numbers(path, kind.name));
    }
    io::FitsInput input(path);
    const io::Column before = input.read_any_column("KINDS", kind.name);
    const io::Column after = file.read_any_column("KINDS", kind.name);
    CHECK(before.values.index() == after.values.index());
    if (const auto* cells = std::get_if<io::StoredCells>(&before.values)) {
      const auto& copied = std::get<io::StoredCells>(after.values);
      CHECK(cells->bytes == copied.bytes);
      CHECK(cells->format == copied.format);
      CHECK(cells->cards.size() == copied.cards.size());
    }
  }
}

TEST_CASE("fits: rows of a table are repeated with what their numbers mean") {
  const ScratchFolder folder;
  const std::string path = folder / "kinds.fits";
  const std::string copy = folder / "copy.fits";
  write_kinds(path);
  io::Repeated input{std::make_shared<io::FitsInput>(path), {}, {{"KINDS", {2, 0, 0}}}};
  io::FitsOutput out(copy);
  out.repeat_tables(input);
  out.commit();
  for (const Kind& kind : kinds) {
    if (kind.name != "A" && kind.name != "C" && kind.name != "M" && kind.name != "X" &&
        kind.name != "L" && kind.name != "V3" && kind.name != "MAT") {
      const std::vector<double> all = numbers(path, kind.name);
      CAPTURE(kind.name);
      CHECK(numbers(copy, kind.name) == std::vector<double>{all[2], all[0], all[0]});
    }
  }
}

TEST_CASE("fits: a column says what it is where another kind is wanted") {
  const ScratchFolder folder;
  const std::string path = folder / "kinds.fits";
  write_kinds(path);
  io::FitsInput file(path);
  const auto error = [&](auto read) { return read_error(path, read); };
  CHECK(error([&] { (void)file.read_matrix<double>("KINDS", "A"); }) ==
        "HDU 'KINDS': column A is text, expected numbers");
  CHECK(error([&] { (void)file.read_matrix<double>("KINDS", "C"); }) ==
        "HDU 'KINDS': column C is of 1 complex numbers a row, expected numbers");
  CHECK(error([&] { (void)file.read_column<double>("KINDS", "V3"); }) ==
        "HDU 'KINDS': column V3 is of 3 numbers a row, expected one number a row");
  CHECK(error([&] { (void)file.row_count("PRIMARY"); }) ==
        "HDU 'PRIMARY': is without data, a table was expected");
  CHECK(error([&] { (void)file.image_shape("KINDS"); }) ==
        "HDU 'KINDS': is a table of 3 rows, an image was expected");
}

TEST_CASE("fits: two columns of one name are refused, whatever their letters") {
  const ScratchFolder folder;
  io::FitsOutput file(folder / "x.fits");
  CHECK_THROWS_WITH_AS(file.write_table("T", {{"A", "", "", std::vector<double>{1}},
                                              {"a", "", "", std::vector<double>{1}}}),
                       "T: two columns are called a", InvalidArgument);
}

}  // namespace
}  // namespace rvfit::test
