// SPDX-License-Identifier: MIT

#include "support/scratch_folder.hpp"
#include "support/small_desi_file.hpp"
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/desi/select_stars.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace rvfit::test {
namespace {

TEST_CASE("select_stars: the selection is the reference's, or every row") {
  const ScratchFolder folder;
  test::write_small_desi_file(folder / "coadd.fits");
  const io::DesiFile file = io::read_desi(folder / "coadd.fits");
  CHECK(io::select_stars(file) == std::vector<std::size_t>{0, 2});
  CHECK(io::select_stars(file, 1 << 3) == std::vector<std::size_t>{0});
  CHECK(io::select_stars(file, io::harmless_fiber_status | 1 << 9) ==
        std::vector<std::size_t>{0, 2, 3});
  CHECK(io::select_all(file) == std::vector<std::size_t>{0, 1, 2, 3});
  const io::Column taken = io::take(file.columns[0], {0, 2});
  CHECK(std::get<std::vector<std::int32_t>>(taken.values) == std::vector<std::int32_t>{10, 12});
}

}  // namespace
}  // namespace rvfit::test
