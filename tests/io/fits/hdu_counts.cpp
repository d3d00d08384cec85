// SPDX-License-Identifier: MIT

/// @file
/// A count that the file cannot hold is refused in one line, in every HDU, before anything uses it. (Each of
/// these opens a file: one that is not refused may hang or take all memory.)

#include "support/fits_bytes.hpp"
#include "support/fits_edit.hpp"
#include "support/read_error.hpp"
#include "support/sample_fits.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::test {
namespace {

/// A table with a column of variable length, of 1, 2 and 3 numbers.
void write_variable(const std::string& path) {
  fitsfile* file = nullptr;
  int status = 0;
  char name[] = "V";
  char form[] = "1PE(3)";
  char* names[] = {name};
  char* forms[] = {form};
  fits_create_diskfile(&file, path.c_str(), &status);
  fits_create_tbl(file, BINARY_TBL, 3, 1, names, forms, nullptr, "HEAP", &status);
  for (LONGLONG row = 1; row <= 3; ++row) {
    std::vector<float> values(static_cast<std::size_t>(row), 1.5F);
    fits_write_col(file, TFLOAT, 1, row, 1, row, values.data(), &status);
  }
  fits_close_file(file, &status);
  REQUIRE(status == 0);
}

std::string refusal_of(const std::string& path) {
  return read_error(path, [&] { io::FitsInput file(path); });
}

TEST_CASE(
    "fits: a first header that is an extension's is refused before it is parsed, gzipped or not") {
  const ScratchFolder folder;
  write_sample(folder / "good.fits");
  const std::string good = read_bytes(folder / "good.fits");
  const std::string table = good.substr(good.find("XTENSION= 'BINTABLE'"));
  const std::string bad = folder / "bad.fits";
  for (const std::string& bytes : {table, with_card(table, "TABLE", "TFIELDS", "999999999")}) {
    write_bytes(bad, bytes);
    std::filesystem::remove(bad + ".gz");
    REQUIRE(std::system(("gzip -k '" + bad + "'").c_str()) == 0);
    for (const std::string& file : {bad, bad + ".gz"}) {
      CHECK(refusal_of(file) == "cannot be read as a FITS file: does not begin with SIMPLE");
    }
  }
}

TEST_CASE("fits: every count of every HDU is held against the size of the file") {
  const ScratchFolder folder;
  write_sample(folder / "good.fits");
  const std::string good = read_bytes(folder / "good.fits");
  const std::string bad = folder / "bad.fits";
  const std::string most = "9223372036854775807";
  const std::string half = "4611686018427387904";
  for (const char* hdu : {"FLOATS", "DOUBLES", "EMPTY", "TABLE"}) {
    for (const char* keyword : {"NAXIS1", "GCOUNT", "PCOUNT"}) {
      for (const std::string& value : {most, half, std::string("-1"), std::string("99999999")}) {
        CAPTURE(hdu);
        CAPTURE(keyword);
        CAPTURE(value);
        write_bytes(bad, with_card(good, hdu, keyword, value));
        const std::string error = refusal_of(bad);
        CAPTURE(error);
        CHECK(error.starts_with("truncated or damaged: HDU "));
      }
    }
  }
  for (const auto& [keyword, value] :
       std::vector<std::pair<const char*, std::string>>{{"NAXIS2", most},
                                                        {"NAXIS2", half},
                                                        {"TFORM1", "'2305843009213693953D'"},
                                                        {"TFORM1", "'999D'"},
                                                        {"THEAP", "7"},
                                                        {"THEAP", most},
                                                        {"TFIELDS", "1000"}}) {
    CAPTURE(keyword);
    write_bytes(bad, with_card(good, "TABLE", keyword, value));
    CHECK(refusal_of(bad).starts_with("truncated or damaged: HDU "));
  }
  write_bytes(bad, with_card(good, "FLOATS", "GCOUNT", most));
  CHECK(refusal_of(bad) == "truncated or damaged: HDU 'FLOATS': GCOUNT is " + most +
                               ", the file has " + std::to_string(good.size()) + " bytes");
  // Extents that the file has bytes for one by one, and whose product wraps around.
  std::string wide = with_card(good, "FLOATS", "NAXIS", "7");
  wide = with_card(with_card(wide, "FLOATS", "NAXIS1", "16384"), "FLOATS", "NAXIS2", "16384");
  CHECK(good.size() > 16384);
  write_bytes(bad, wide);
  CHECK(refusal_of(bad) != "no error");
  // The primary header is read by CFITSIO before anybody can look at it.
  for (const char* keyword : {"GCOUNT", "PCOUNT", "NAXIS", "NAXIS1"}) {
    for (const std::string& value : {most, half, std::string("999")}) {
      write_bytes(bad, with_card(with_card(good, "", "NAXIS", "1"), "", keyword, value));
      CAPTURE(keyword);
      CHECK(refusal_of(bad) != "no error");
    }
  }
}

TEST_CASE("fits: an entry of variable length lies in its heap") {
  const ScratchFolder folder;
  write_variable(folder / "good.fits");
  const std::string good = read_bytes(folder / "good.fits");
  CHECK(refusal_of(folder / "good.fits") == "no error");
  std::size_t data = header_of(good, "HEAP");
  data += (good.find("END     ", data) - data + fits_block) / fits_block * fits_block;
  const std::string bad = folder / "bad.fits";
  for (const std::size_t byte : {data, data + 4, data + 16 + 2, data + 16 + 6}) {
    std::string bytes = good;
    bytes[byte] = '\x7f';
    write_bytes(bad, bytes);
    CHECK(refusal_of(bad).starts_with("truncated or damaged: HDU 'HEAP': row "));
  }
}

TEST_CASE(
    "fits: a compressed image has as many tiles as rows, and no more pixels than bytes can hold") {
  const ScratchFolder folder;
  write_sample(folder / "plain.fits");
  compress_image(folder / "plain.fits", folder / "good.fits", "FLOATS");
  const std::string good = read_bytes(folder / "good.fits");
  CHECK(refusal_of(folder / "good.fits") == "no error");
  const std::string bad = folder / "bad.fits";
  for (const auto& [keyword, value] :
       std::vector<std::pair<const char*, const char*>>{{"ZNAXIS1", "9223372036854775807"},
                                                        {"ZNAXIS1", "999999999999"},
                                                        {"ZNAXIS2", "3"},
                                                        {"ZNAXIS2", "4611686018427387904"},
                                                        {"ZTILE1", "1"},
                                                        {"ZTILE1", "-4"}}) {
    CAPTURE(keyword);
    CAPTURE(value);
    write_bytes(bad, with_card(good, "FLOATS", keyword, value));
    CHECK(refusal_of(bad).starts_with("truncated or damaged: HDU "));
  }
}

TEST_CASE("fits: zeros behind the last HDU, and padding that is missing, are no fault") {
  const ScratchFolder folder;
  write_sample(folder / "good.fits");
  const std::string good = read_bytes(folder / "good.fits");
  const std::string path = folder / "x.fits";
  const auto table_of = [&] {
    io::FitsInput file(path);
    return file.read_column<double>("TABLE", "D");
  };
  for (const std::string& tail :
       {std::string(fits_block, '\0'), std::string(100, '\0'), std::string(5 * fits_block, '\0'),
        std::string(fits_block, ' ')}) {
    write_bytes(path, good + tail);
    CHECK(table_of() == std::vector<double>{1.5, -2.5});
    CHECK_FALSE(io::FitsInput(path).has("6"));
  }
  for (const std::string& tail : {std::string(100, 'x'), std::string(fits_block, 'x')}) {
    write_bytes(path, good + tail);
    CHECK(refusal_of(path).starts_with("truncated or damaged: HDU 6 has no complete header"));
  }
  const std::size_t data = 2 * (8 + 4 + 4 + 8 + 1 + 16 + 32);  // of TABLE, the last
  const std::size_t begin = good.size() - fits_block;
  write_bytes(path, good.substr(0, begin + data));
  CHECK(table_of() == std::vector<double>{1.5, -2.5});
  write_bytes(path, good.substr(0, begin + data - 1));
  CHECK(refusal_of(path).starts_with("truncated: HDU 'TABLE' ends at byte"));
}

}  // namespace
}  // namespace rvfit::test
