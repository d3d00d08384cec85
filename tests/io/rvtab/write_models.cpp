// SPDX-License-Identifier: MIT

#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/rvtab/write_models.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

TEST_CASE("models: wavelengths, models and identities are written, in any order of rows, or none") {
  const ScratchFolder folder;
  const std::string path = folder / "m.fits";
  const io::Column id{"TARGETID", "", "identifier", std::vector<std::int64_t>{1, 2, 3}};
  {
    io::ModelsOutput models(path, {{"B", 3, {4000, 4001, 4002}}, {"R", 2, {}}}, 3, {});
    models.write(0, {2, 0}, {7, 8, 9, 1, 2, 3});
    models.write(1, {1, 2}, {3, 4, 5, 6}, {6003, 6004, 6005, 6006});
    models.write(1, {0}, {1, 2}, {6001, 6002});
    CHECK_THROWS_AS(models.write(0, {1}, {4, 5}), InvalidArgument);
    models.write(0, {1}, {4, 5, 6});
    CHECK_FALSE(std::filesystem::exists(path));
    models.commit({id});
  }
  io::FitsInput file(path);
  file.verify_checksums();
  CHECK(file.read_image<double>("B_WAVELENGTH", {3})[2] == 4002);
  CHECK(file.read_image<float>("B_MODEL", {3, 3}) == std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(file.read_image<float>("R_MODEL", {3, 2}) == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(file.read_image<double>("R_WAVELENGTH", {3, 2})[4] == 6005);
  CHECK(file.row_count("FIBERMAP") == 3);
  io::ModelsOutput(path, {{"B", 2, {4000, 4001}}}, 0, {}).commit({io::take(id, {})});
  io::FitsInput empty(path);
  CHECK(empty.image_shape("B_MODEL") == io::ArrayShape{0, 2});
  { const io::ModelsOutput dropped(folder / "none.fits", {{"B", 2, {4000, 4001}}}, 5, {}); }
  CHECK(folder.entries() == std::set<std::string>{"m.fits"});
}

}  // namespace
}  // namespace rvfit::test
