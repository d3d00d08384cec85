// SPDX-License-Identifier: MIT

#include "support/scratch_folder.hpp"
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/desi/select_stars.hpp>

#include <doctest/doctest.h>

#include <string>

namespace rvfit::test {
namespace {

TEST_CASE("read_desi: real files are read, a survey's of another format is refused") {
  const std::string shared = test::environment("RVFIT_SHARED_DATA");
  if (shared.empty()) {
    MESSAGE("[skipped] RVFIT_SHARED_DATA is not set");
    return;
  }
  const auto spectra = io::read_desi(shared + "/real/desi-spectra-sv3-dark-26065.fits");
  CHECK(spectra.rows() == 5);
  CHECK(spectra.arms[2].pixels() == 2881);
  CHECK(spectra.columns.back().name == "EXPID");
  const auto coadd = io::read_desi(shared + "/real/desi-coadd-4-80613-thru20210324.fits");
  CHECK(coadd.rows() == 1);
  CHECK(io::select_stars(coadd).size() == 1);
  CHECK_THROWS_AS((void)io::read_desi(shared + "/real/sdss-spec-0266-51602-0031.fits"),
                  io::IoError);
}

}  // namespace
}  // namespace rvfit::test
