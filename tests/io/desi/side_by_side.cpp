// SPDX-License-Identifier: MIT

#include "support/fits_edit.hpp"
#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

constexpr std::size_t many = 600;  // more than pay for threads

/// A file of `many` spectra in arms of 5, 6 and 7 pixels, no two numbers of which are the same.
void write_many_spectra(const std::string& path) {
  io::FitsOutput file(path);
  std::vector<std::int64_t> ids(many);
  std::iota(ids.begin(), ids.end(), 1);
  file.write_table("FIBERMAP", {{"TARGETID", "", "", ids},
                                {"COADD_FIBERSTATUS", "", "", std::vector<std::int64_t>(many, 0)}});
  float next = 1;
  std::size_t pixels = 5;
  for (const std::string label : {"B", "R", "Z"}) {
    std::vector<double> wave(pixels);
    std::iota(wave.begin(), wave.end(), 4000.0);
    std::vector<float> numbers(many * pixels);
    std::vector<std::int32_t> mask(many * pixels);
    const auto count_on = [&](auto& values) {
      std::iota(values.begin(), values.end(), next);
      next += static_cast<float>(values.size());
    };
    file.write_image(label + "_WAVELENGTH", wave, {pixels});
    for (const char* part : {"_FLUX", "_IVAR"}) {
      count_on(numbers);
      file.write_image(label + part, numbers, {many, pixels});
    }
    for (std::size_t i = 0; i < mask.size(); i += 4) {
      mask[i] = static_cast<std::int32_t>(i + pixels);
    }
    file.write_image(label + "_MASK", mask, {many, pixels});
    std::vector<float> resolution(3 * many * pixels);
    count_on(resolution);
    file.write_image(label + "_RESOLUTION", resolution, {many, 3, pixels});
    ++pixels;
  }
  file.commit();
}

/// Spoil the end of the data of an image that is compressed in tiles, those of its last rows.
void spoil(const std::string& path, const std::string& hdu) {
  LONGLONG end = 0;
  {
    io::FitsInput file(path);
    const fitsfile* image = file.at(hdu);
    end = image->Fptr->datastart + image->Fptr->heapstart + image->Fptr->heapsize;
  }
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(end - 500);
  file << std::string(500, 'x');
}

[[nodiscard]] std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

[[nodiscard]] std::vector<std::size_t> all_rows() {
  std::vector<std::size_t> rows(many);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

TEST_CASE("DesiInput: many rows are read with a handle for each arm, to the arrays of few rows") {
  const ScratchFolder folder;
  write_many_spectra(folder / "plain.fits");
  compress_image(folder / "plain.fits", folder / "tiled.fits", "R_MASK");
  copy_fits(folder / "plain.fits", folder / "zipped.fits.gz");
  const std::ptrdiff_t before = open_descriptors();
  for (const std::string name : {"plain.fits", "tiled.fits", "zipped.fits.gz"}) {
    CAPTURE(name);
    const bool is_plain = name != "zipped.fits.gz";
    io::DesiInput input(folder / name, {"B", "R", "Z"}, io::Resolution::read);
    std::vector<std::size_t> rows = all_rows();
    rows.erase(rows.begin() + 7);  // two runs
    (void)input.read({5, 4});
    CHECK(open_descriptors() - before == (is_plain ? 1 : 0));
    const std::vector<io::DesiArm> arms = input.read(rows);
    CHECK(open_descriptors() - before == (is_plain ? 3 : 0));
    REQUIRE(arms.size() == 3);
    for (std::size_t first = 0; first < rows.size(); first += 100) {
      std::vector<std::size_t> places(std::min<std::size_t>(100, rows.size() - first));
      std::iota(places.begin(), places.end(), first);
      const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(first);
      const std::vector<io::DesiArm> few =
          input.read({begin, begin + static_cast<std::ptrdiff_t>(places.size())});
      for (std::size_t a = 0; a < 3; ++a) {
        const io::DesiArm part = take(arms[a], places);
        CHECK(part.label == few[a].label);
        CHECK(part.wave == few[a].wave);
        CHECK(part.flux == few[a].flux);
        CHECK(part.ivar == few[a].ivar);
        CHECK(part.mask == few[a].mask);
        CHECK(part.resolution == few[a].resolution);
        CHECK(part.snr == few[a].snr);
        CHECK(part.unit == few[a].unit);
      }
    }
    CHECK(arms[2].flux[7 * 7] == arms[2].flux[6 * 7] + 14);  // row 8 after row 6
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE(
    "DesiInput: of many rows, too, the first arm at fault is named, and the others stay readable") {
  const ScratchFolder folder;
  const std::string path = folder / "coadd.fits";
  write_many_spectra(folder / "plain.fits");
  compress_image(folder / "plain.fits", folder / "tiled.fits", "Z_MASK");
  compress_image(folder / "tiled.fits", path, "R_MASK");
  const io::DesiFile plain = io::read_desi(folder / "plain.fits");
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{"R_MASK"}, {"R_MASK", "Z_MASK"}}) {
    for (const std::string& hdu : bad) {
      spoil(path, hdu);
    }
    io::DesiInput input(path);
    const auto error_of = [&](const std::vector<std::size_t>& rows) {
      return read_error(path, [&] { (void)input.read(rows); });
    };
    CHECK(error_of(all_rows()) == error_of({many - 1}));
    CHECK(error_of(all_rows()).starts_with("HDU 'R_MASK': pixels cannot be read (CFITSIO "));
    std::vector<std::size_t> good = all_rows();
    good.resize(550);
    CHECK(error_of(good) == "no error");
    CHECK(input.read(good)[0].flux == take(plain.arms[0], good).flux);
  }
}

}  // namespace
}  // namespace rvfit::test
