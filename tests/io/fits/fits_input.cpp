// SPDX-License-Identifier: MIT

#include "support/fits_bytes.hpp"
#include "support/fits_edit.hpp"
#include "support/sample_fits.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

/// Text of the IoError that opening a file throws, or "no error".
std::string error_of(const std::string& path) {
  try {
    io::FitsInput file(path);
  } catch (const io::IoError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("fits: what is written is read back") {
  const ScratchFolder folder;
  const std::string path = folder / "sample.fits";
  write_sample(path);
  io::FitsInput file(path);
  file.verify_checksums();
  CHECK(file.keyword<std::int64_t>("PRIMARY", "ANSWER") == 42);
  CHECK(file.keyword<double>("PRIMARY", "RATIO") == 0.1);
  CHECK(file.keyword<bool>("PRIMARY", "GOOD") == true);
  CHECK(file.keyword<std::string>("PRIMARY", "WORDS") == std::string(100, 'x'));
  CHECK_FALSE(file.keyword<double>("PRIMARY", "ABSENT").has_value());
  const auto floats = file.read_image<float>("FLOATS", {2, 3});
  CHECK(floats[2] == 3);
  CHECK(std::isnan(floats[4]));
  CHECK(file.keyword<std::string>("FLOATS", "BUNIT") == "Angstrom");
  CHECK(file.read_image<double>("DOUBLES", {2}) == std::vector<double>{0.1, -0.2});
  CHECK(file.image_shape("EMPTY") == io::ArrayShape{0, 7});
  CHECK(file.read_image<float>("EMPTY", {0, 7}).empty());
  CHECK(file.read_column<double>("TABLE", "D") == std::vector<double>{1.5, -2.5});
  CHECK(file.read_column<float>("TABLE", "e") == std::vector<float>{3, 4});
  CHECK(file.read_column<std::int32_t>("TABLE", "J") == std::vector<std::int32_t>{-7, 8});
  CHECK(file.read_column<std::int64_t>("TABLE", "K") == std::vector<std::int64_t>{1LL << 60, -1});
  CHECK(file.read_column<bool>("TABLE", "L") == std::vector<bool>{true, false});
  CHECK(file.read_column<std::string>("TABLE", "A") == std::vector<std::string>{"converged", ""});
  CHECK(file.keyword<std::string>("TABLE", "TFORM6") == "16A");
  CHECK(file.keyword<std::string>("TABLE", "TDIM7") == "(2,2)");
  CHECK(file.keyword<std::string>("TABLE", "TUNIT1") == "km/s");
  CHECK(file.keyword<std::string>("TABLE", "TCOMM1") == "a double");
  CHECK(folder.entries() == std::set<std::string>{"sample.fits"});
}

TEST_CASE("fits: names with CFITSIO's own syntax are taken literally") {
  const ScratchFolder folder;
  for (const char* name : {"a[1].fits", "b(c).fits", "d+2", "e.fits[FLOATS][1:2]", "~f", "!g"}) {
    CAPTURE(name);
    write_sample(folder / name);
    CHECK(error_of(folder / name) == "no error");
    CHECK(folder.entries().contains(name));
  }
}

TEST_CASE("fits: a missing file, a folder and another format are refused") {
  const ScratchFolder folder;
  const std::string absent = folder / "absent.fits";
  CHECK(error_of(absent) == absent + ": no such file");
  const std::string place = folder / "";
  CHECK(error_of(place) == place + ": is a folder, a FITS file was expected");
  const std::string text = folder / "text.fits";
  for (const std::string& bytes : {std::string(), std::string("hello"), std::string(9000, 'x')}) {
    write_bytes(text, bytes);
    CHECK(error_of(text) == text + ": cannot be read as a FITS file: does not begin with SIMPLE");
  }
}

TEST_CASE("fits: CFITSIO does not take a gzipped neighbour for a missing file") {
  const ScratchFolder folder;
  write_sample(folder / "a.fits");
  test::copy_fits(folder / "a.fits", folder / "b.fits.gz");
  CHECK(error_of(folder / "b.fits.gz") == "no error");
  CHECK(error_of(folder / "b.fits").ends_with("no such file"));
}

TEST_CASE("fits: a file cut short anywhere in its data is refused, and one with bytes at its end") {
  const ScratchFolder folder;
  write_sample(folder / "whole.fits");
  const std::string bytes = read_bytes(folder / "whole.fits");
  const std::string cut = folder / "cut.fits";
  int undetected = 0;
  for (std::size_t size = 0; size < bytes.size(); size += 720) {
    write_bytes(cut, bytes.substr(0, size));
    const std::size_t missing = (fits_block - size % fits_block) % fits_block;
    const bool padding = bytes.substr(size, missing) == std::string(missing, '\0');
    const bool passed = error_of(cut) == "no error";
    undetected += passed && missing == 0 ? 1 : 0;
    CHECK((padding || !passed));
  }
  // A cut between two HDUs leaves a whole file with fewer of them: 1, 2, 3 or 4 of 5.
  CHECK(undetected == 4);
  const std::size_t end =
      bytes.find_last_not_of('\0');  // TABLE ends in the double 8: 0x4020 and zeros
  const auto size = std::to_string(bytes.size());
  write_bytes(cut, bytes.substr(0, end + 6));
  CHECK(error_of(cut) == cut + ": truncated: HDU 'TABLE' ends at byte " + size +
                             ", the file at byte " + std::to_string(end + 6));
  write_bytes(cut, bytes.substr(0, end + 7));
  CHECK(error_of(cut) == "no error");
  write_bytes(cut, bytes + std::string(100, 'x'));
  CHECK(error_of(cut).find("truncated or damaged: HDU 6") != std::string::npos);
}

TEST_CASE("fits: a gzipped file cut short anywhere is refused") {
  const ScratchFolder folder;
  write_sample(folder / "whole.fits");
  test::copy_fits(folder / "whole.fits", folder / "whole.fits.gz");
  const std::string bytes = read_bytes(folder / "whole.fits.gz");
  const std::string cut = folder / "cut.fits.gz";
  int undetected = 0;
  for (std::size_t size = 0; size < bytes.size(); size += size + 40 < bytes.size() ? 251 : 1) {
    write_bytes(cut, bytes.substr(0, size));
    undetected += error_of(cut) == "no error" ? 1 : 0;
  }
  CHECK(undetected == 0);
}

TEST_CASE("fits: a wrong shape, kind, name or range says what was expected") {
  const ScratchFolder folder;
  const std::string path = folder / "sample.fits";
  write_sample(path);
  io::FitsInput file(path);
  CHECK_THROWS_WITH_AS((void)file.read_image<float>("FLOATS", {3, 2}),
                       (path + ": HDU 'FLOATS': has 2 x 3 pixels, expected 3 x 2").c_str(),
                       io::IoError);
  CHECK_THROWS_WITH_AS((void)file.read_image<float>("NONE", {3}),
                       (path + ": HDU 'NONE' missing").c_str(), io::IoError);
  CHECK_THROWS_WITH_AS(file.require_hdus({"FLOATS", "NONE", "NADA"}),
                       (path + ": HDU 'NONE', 'NADA' missing").c_str(), io::IoError);
  CHECK_THROWS_AS((void)file.row_count("FLOATS"), io::IoError);
  CHECK_THROWS_AS((void)file.image_shape("TABLE"), io::IoError);
  CHECK_THROWS_WITH_AS((void)file.read_column<double>("TABLE", "Q"),
                       (path + ": HDU 'TABLE': has no column Q").c_str(), io::IoError);
  for (const char* column : {"A", "L", "M"}) {
    CHECK_THROWS_AS((void)file.read_column<double>("TABLE", column), io::IoError);
  }
  CHECK_THROWS_AS((void)file.read_column<std::string>("TABLE", "D"), io::IoError);
  CHECK_THROWS_AS((void)file.read_column<std::int32_t>("TABLE", "K"), io::IoError);
  CHECK_THROWS_AS((void)file.require_keyword<double>("PRIMARY", "ABSENT"), io::IoError);
  CHECK_THROWS_AS((void)file.keyword<double>("PRIMARY", "WORDS"), io::IoError);
  CHECK_THROWS_AS((void)io::FitsInput(std::string(2000, 'a')), io::IoError);
}

TEST_CASE("fits: numbers out of range are refused or clamped, as asked") {
  const ScratchFolder folder;
  {
    io::FitsOutput file(folder / "big.fits");
    file.write_image("BIG", std::vector<double>{3e9, -1}, {2});
    file.commit();
  }
  io::FitsInput file(folder / "big.fits");
  CHECK_THROWS_AS((void)file.read_image<std::int32_t>("BIG", {2}), io::IoError);
  const auto clamped = file.read_image<std::int32_t>("BIG", {2}, io::OutOfRange::clamp);
  CHECK(clamped == std::vector<std::int32_t>{std::numeric_limits<std::int32_t>::max(), -1});
}

TEST_CASE("fits: a wrong checksum is found") {
  const ScratchFolder folder;
  write_sample(folder / "a.fits");
  std::string bytes = read_bytes(folder / "a.fits");
  bytes[bytes.find("an integer")] = 'A';
  write_bytes(folder / "a.fits", bytes);
  io::FitsInput file(folder / "a.fits");
  CHECK_THROWS_AS(file.verify_checksums(), io::IoError);
}

TEST_CASE("fits: an error is one line, whatever bytes a damaged header has") {
  const ScratchFolder folder;
  const std::string path = folder / "sample.fits";
  write_sample(path);
  std::string bytes = read_bytes(path);
  const std::size_t name = bytes.find("EXTNAME = 'FLOATS");
  REQUIRE(name != std::string::npos);
  bytes[name + 12] = '\n';
  bytes[name + 13] = '\x1b';
  write_bytes(path, bytes.substr(0, (name / 2880 + 1) * 2880));
  CHECK(error_of(path).find("HDU 'F??ATS'") != std::string::npos);
}

/// Give the first card of a keyword another value; so that nothing recounts anything, byte by byte.
void set_card(const std::string& path, const std::string& keyword, const std::string& value) {
  std::string bytes = read_bytes(path);
  const std::string name = keyword + std::string(8 - keyword.size(), ' ') + "= ";
  const std::size_t place = bytes.find(name);
  REQUIRE(place != std::string::npos);
  bytes.replace(place, 80, name + value + std::string(70 - value.size(), ' '));
  write_bytes(path, bytes);
}

TEST_CASE(
    "fits: bytes behind the last HDU are refused in a gzipped file, too, unless they are zeros") {
  const ScratchFolder folder;
  for (const char filler : {'x', '\0'}) {
    const std::string path = folder / (filler == 'x' ? "bad.fits" : "good.fits");
    write_sample(path);
    write_bytes(path, read_bytes(path) + std::string(4000, filler));
    REQUIRE(std::system(("gzip -k '" + path + "'").c_str()) == 0);
    for (const std::string& file : {path, path + ".gz"}) {
      CHECK((error_of(file) == "no error") == (filler == '\0'));
    }
  }
}

TEST_CASE("fits: a keyword that is there twice counts once, the first time") {
  const ScratchFolder folder;
  const std::string path = folder / "sample.fits";
  write_sample(path);
  std::string bytes = read_bytes(path);
  const auto replace_card = [&](const std::string& name, const std::string& card) {
    const std::size_t place = bytes.find(name);
    REQUIRE(place != std::string::npos);
    bytes.replace(place, 80, card + std::string(80 - card.size(), ' '));
  };
  replace_card("RATIO   =", "ANSWER  = '" + std::string(60, 'x') + "'");
  replace_card("TCOMM1  =", "TFIELDS =                  900");
  write_bytes(path, bytes);
  io::FitsInput file(path);
  for (int twice = 0; twice < 2; ++twice) {
    CHECK(file.keyword<std::int64_t>("PRIMARY", "ANSWER") == 42);
    CHECK(file.read_column<double>("TABLE", "D").size() == 2);
  }
}

TEST_CASE("fits: a long text instead of a number is refused before CFITSIO tells of it") {
  const ScratchFolder folder;
  const std::string path = folder / "sample.fits";
  write_sample(path);
  set_card(path, "ANSWER", "'" + std::string(60, 'x') + "'");
  io::FitsInput file(path);
  CHECK_THROWS_WITH_AS(
      static_cast<void>(file.keyword<std::int64_t>("PRIMARY", "ANSWER")),
      (path + ": HDU 'PRIMARY': keyword ANSWER is a long text, a number was expected").c_str(),
      io::IoError);
  CHECK(file.keyword<std::string>("PRIMARY", "ANSWER") == std::string(60, 'x'));
}

TEST_CASE("fits: numbers of a header that CFITSIO uses unseen are looked at before") {
  const ScratchFolder folder;
  const std::string path = folder / "sample.fits";
  const auto error_with = [&](const std::string& keyword, const std::string& value) {
    write_sample(folder / "whole.fits");
    std::filesystem::remove(path);
    compress_image(folder / "whole.fits", path, "FLOATS");
    set_card(path, keyword, value);
    return error_of(path);
  };
  CHECK(error_with("ZTILE1", "3 / as it was") == "no error");
  for (const char* value : {"0", "-1", "0.5", "1E-9", "T", "'1'", ""}) {
    CHECK(error_with("ZTILE1", value) == path + ": truncated or damaged: HDU 2: ZTILE1 is " +
                                             value + ", expected 1 to 2147483647");
  }
  CHECK(error_with("ZNAXIS", "7").ends_with("ZNAXIS is 7, expected 0 to 6"));
  CHECK(error_with("TFIELDS", "2147483647").ends_with("TFIELDS is 2147483647, expected 0 to 999"));
}

TEST_CASE("fits: a file is opened once more where that gives the same numbers") {
  const ScratchFolder folder;
  const std::string path = folder / "sample.fits";
  write_sample(path);
  io::FitsInput file(path);
  auto again = file.opened_again();
  REQUIRE(again.has_value());
  CHECK(again->read_image<double>("DOUBLES", {2}) == file.read_image<double>("DOUBLES", {2}));
  CHECK_FALSE(file.excerpt({"FLOATS"}).opened_again().has_value());
  copy_fits(path, folder / "zipped.fits.gz");
  CHECK_FALSE(io::FitsInput(folder / "zipped.fits.gz").opened_again().has_value());
  const std::string cut = folder / "without_padding.fits";
  std::filesystem::copy_file(path, cut);
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) - 1);
  CHECK_FALSE(io::FitsInput(cut).opened_again().has_value());

  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const int next = ::dup(0);
  ::close(next);
  const rlimit none_left{static_cast<rlim_t>(next), limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none_left) == 0);
  CHECK_FALSE(file.opened_again().has_value());
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(file.opened_again().has_value());

  std::filesystem::remove(path);
  CHECK_FALSE(file.opened_again().has_value());
  write_sample(path);
  std::filesystem::last_write_time(
      path, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  CHECK_FALSE(file.opened_again().has_value());
}

}  // namespace
}  // namespace rvfit::test
