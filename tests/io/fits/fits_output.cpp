// SPDX-License-Identifier: MIT

#include "support/sample_fits.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace rvfit::test {
namespace {

TEST_CASE("fits: nothing is left of a file that is not committed") {
  const ScratchFolder folder;
  {
    io::FitsOutput file(folder / "half.fits");
    file.write_image("A", std::vector<float>{1, 2}, {2});
    CHECK(folder.entries().size() == 1);
    CHECK_FALSE(folder.entries().contains("half.fits"));
  }
  CHECK(folder.entries().empty());
}

TEST_CASE("fits: an existing file stays as it is until the new one is complete") {
  const ScratchFolder folder;
  const std::string path = folder / "old.fits";
  write_bytes(path, "old");
  { const io::FitsOutput file(path); }
  CHECK(read_bytes(path) == "old");
  write_sample(path);
  io::FitsInput(path).verify_checksums();
}

TEST_CASE("fits: a folder that is not there is an error of writing") {
  const ScratchFolder folder;
  CHECK_THROWS_AS(io::FitsOutput(folder / "absent/x.fits"), io::IoError);
}

TEST_CASE("fits: columns of different length are refused") {
  const ScratchFolder folder;
  io::FitsOutput file(folder / "x.fits");
  CHECK_THROWS_WITH_AS(
      file.write_table("T", {{"A", "", "", std::vector<double>{1, 2}},
                             {"B", "", "", std::vector<double>{1, 2, 3, 4, 5, 6}, {2}}}),
      "T: column B has 3 rows, A has 2", InvalidArgument);
}

}  // namespace
}  // namespace rvfit::test
