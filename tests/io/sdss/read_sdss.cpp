// SPDX-License-Identifier: MIT

#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/sdss/read_sdss.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace rvfit::test {
namespace {

/// A spec- file of three pixels, without one keyword.
void write_spec(const std::string& path, const std::string& without) {
  io::FitsOutput file(path);
  std::vector<io::Keyword> keywords{{"PLATEID", std::int64_t{266}, ""},
                                    {"MJD", std::int64_t{51602}, ""},
                                    {"FIBERID", std::int64_t{31}, ""},
                                    {"PLUG_RA", 147.3, ""},
                                    {"PLUG_DEC", -0.5, ""}};
  std::erase_if(keywords, [&](const io::Keyword& keyword) { return keyword.name == without; });
  file.write_keywords(keywords);
  file.write_table("COADD", {{"flux", "", "", std::vector<float>{1, 2, 3}},
                             {"loglam", "", "", std::vector<double>{3.5, 3.6, 3.7}},
                             {"ivar", "", "", std::vector<float>{4, 0, 4}},
                             {"and_mask", "", "", std::vector<std::int32_t>{1 << 23, 0, 0}}});
  file.commit();
}

TEST_CASE(
    "read_sdss: identities come from the primary header, and those of the sky may be missing") {
  const ScratchFolder folder;
  const std::string path = folder / "spec.fits";
  write_spec(path, "PLUG_RA");
  const io::Spectra spectra = io::read_sdss(path, "sdss1");
  REQUIRE(spectra.arms.size() == 1);
  CHECK(spectra.arms[0].name == "sdss1");
  CHECK(spectra.arms[0].wave[0] == std::pow(10.0, 3.5));
  CHECK(spectra.arms[0].ivar == std::vector<float>{4, 0, 4});
  CHECK(spectra.arms[0].mask == std::vector<std::int32_t>{0, 0, 0});  // and_mask is not used
  std::vector<std::string> names;
  for (const io::Column& column : spectra.columns) {
    names.push_back(column.name);
  }
  CHECK(names == std::vector<std::string>{"PLATE", "MJD", "FIBERID", "TARGET_DEC"});
  write_spec(path, "MJD");
  CHECK(read_error(path, [&] { (void)io::read_sdss(path, "sdss1"); }) ==
        "HDU 'PRIMARY': has no keyword MJD");
}

TEST_CASE("read_sdss: a real spectrum is one star with its identity") {
  const std::string shared = test::environment("RVFIT_SHARED_DATA");
  if (shared.empty()) {
    MESSAGE("[skipped] RVFIT_SHARED_DATA is not set");
    return;
  }
  const io::Spectra spectra =
      io::read_sdss(shared + "/real/sdss-spec-0266-51602-0031.fits", "sdss1");
  REQUIRE(spectra.arms.size() == 1);
  const io::SpectraArm& arm = spectra.arms[0];
  CHECK(arm.pixels() == 3842);
  // The range of SDSS's spectrographs, 3800 to 9200 A; each spectrum begins and ends a few A off.
  CHECK(std::abs(arm.wave.front() - 3800.0) < 10.0);
  CHECK(std::abs(arm.wave.back() - 9200.0) < 10.0);
  CHECK(arm.snr[0] > 1);
  CHECK(std::get<std::vector<std::int64_t>>(spectra.columns[0].values)[0] == 266);
  CHECK(std::get<std::vector<std::int64_t>>(spectra.columns[2].values)[0] == 31);
  CHECK_THROWS_AS(
      (void)io::read_sdss(shared + "/real/desi-coadd-4-80613-thru20210324.fits", "sdss1"),
      io::IoError);
}

}  // namespace
}  // namespace rvfit::test
