// SPDX-License-Identifier: MIT

#include "support/scratch_folder.hpp"
#include <rvfit/io/desi/read_redrock.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

TEST_CASE("redrock: found beside the spectra, and matched by TARGETID") {
  const ScratchFolder folder;
  const auto write = [&](const std::string& name, const char* hdu) {
    io::FitsOutput file(folder / name);
    file.write_table(hdu, {{"TARGETID", "", "", std::vector<std::int64_t>{3, 1, 2}},
                           {"Z", "", "", std::vector<double>{0.8, 0.0003, -0.004}},
                           {"SPECTYPE", "", "", std::vector<std::string>{"STAR", "STAR", "GALAXY"}},
                           {"SUBTYPE", "", "", std::vector<std::string>{"K", "G", ""}}});
    file.commit();
  };
  CHECK_FALSE(io::find_redrock(folder / "coadd-x.fits").has_value());
  write("zbest-x.fits", "ZBEST");
  const auto old = io::find_redrock(folder / "coadd-x.fits.gz");
  REQUIRE(old.has_value());
  CHECK(old->path == folder / "zbest-x.fits");
  write("redrock-x.fits", "REDSHIFTS");
  const auto place = io::find_redrock(folder / "spectra-x.fits");
  REQUIRE(place.has_value());
  CHECK(place->path == folder / "redrock-x.fits");
  CHECK_FALSE(io::find_redrock(folder / "other-x.fits").has_value());

  const io::Redrock redrock = io::read_redrock(*place, {1, 2, 2, 3, 4});
  CHECK(redrock.subtype[0] == "G");
  CHECK(redrock.z[1] == -0.004);
  CHECK(redrock.z[2] == -0.004);
  CHECK(redrock.spectype[3] == "STAR");
  CHECK(std::isnan(redrock.z[4]));
  const std::vector<bool> star{true, true, true, true, false};
  for (std::size_t row = 0; row < star.size(); ++row) {
    CAPTURE(row);
    CHECK(redrock.may_be_star(row) == star[row]);
  }
  CHECK(redrock.columns()[1].name == "RR_SPECTYPE");
}

TEST_CASE(
    "redrock: rows of one target are each their own where rows agree, else they must say the "
    "same") {
  const ScratchFolder folder;
  const io::RedrockPlace place{folder / "redrock-x.fits", "REDSHIFTS"};
  const auto write = [&](const std::vector<double>& z) {
    io::FitsOutput file(place.path);
    file.write_table("REDSHIFTS",
                     {{"TARGETID", "", "", std::vector<std::int64_t>{7, 7, 8}},
                      {"Z", "", "", z},
                      {"SPECTYPE", "", "",
                       std::vector<std::string>{"STAR", z[0] == z[1] ? "STAR" : "GALAXY", "STAR"}},
                      {"SUBTYPE", "", "", std::vector<std::string>(3)}});
    file.commit();
  };
  write({0.0001, 0.5, 0.0002});
  const io::Redrock own = io::read_redrock(place, {7, 7, 8});
  CHECK(own.z == std::vector<double>{0.0001, 0.5, 0.0002});
  CHECK(own.may_be_star(0));
  CHECK_FALSE(own.may_be_star(1));
  CHECK(io::read_redrock(place, {8, 9}).z[0] == 0.0002);
  CHECK_THROWS_WITH_AS(
      (void)io::read_redrock(place, {8, 7, 7}),
      (place.path + ": HDU 'REDSHIFTS': rows 1 and 2 are both of TARGETID 7, and the rows "
                    "are not those of the spectra, one by one")
          .c_str(),
      io::IoError);
  write({0.5, 0.5, 0.1});
  CHECK(io::read_redrock(place, {8, 7, 7}).z == std::vector<double>{0.1, 0.5, 0.5});
}

}  // namespace
}  // namespace rvfit::test
