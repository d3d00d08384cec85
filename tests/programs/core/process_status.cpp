// SPDX-License-Identifier: MIT

#include "core/process_status.hpp"

#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/io_error.hpp>

#include <doctest/doctest.h>

namespace rvfit::test {
namespace {

TEST_CASE("status: a line for each file, as rvspecfit writes it") {
  const ScratchFolder folder;
  write_bytes(folder / "status", "of an earlier run\n");
  {
    rvfit_programs::ProcessStatus status(folder / "status");
    status.success("x/a.fits", 12, 3.14159);
    status.existing("x/b.fits");
    // At once, not in the end.
    CHECK(read_bytes(folder / "status") == "x/a.fits SUCCESS 12 3.14\nx/b.fits EXISTING -1 0.00\n");
    status.failure("x/c d.fits", 0.2);
  }
  CHECK(read_bytes(folder / "status") ==
        "x/a.fits SUCCESS 12 3.14\nx/b.fits EXISTING -1 0.00\nx/c d.fits FAILURE 0 0.20\n");
  rvfit_programs::ProcessStatus none("");
  none.existing("a");
  CHECK_THROWS_AS(rvfit_programs::ProcessStatus(folder / "no/such/folder"), io::IoError);
}

}  // namespace
}  // namespace rvfit::test
