// SPDX-License-Identifier: MIT

/// @file
/// The rows of a DESI file that are fitted.

#include "desi/selection.hpp"

#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_output.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

using Rows = std::vector<std::size_t>;
using rvfit_desi::select_rows;
using rvfit_desi::Selection;

/// Six stars with bits of `column`, and tables as a file would have them.
io::DesiFile six_stars(const ScratchFolder& folder, const std::string& column) {
  const std::int64_t mws = std::int64_t{1} << 61, faint = std::int64_t{1} << 33;
  const std::string path = folder / (column + ".fits");
  {
    io::FitsOutput file(path);
    file.write_table(
        "FIBERMAP",
        {{"TARGETID", "", "", std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}},
         {column, "", "", std::vector<std::int64_t>{mws, faint, mws | faint, 1, 0, faint << 1}}});
    file.commit();
  }
  io::FitsInput input(path);
  io::DesiFile file;
  file.path = path;
  file.tables = std::make_shared<io::FitsInput>(input.excerpt({"FIBERMAP"}));
  file.target_id = {1, 2, 3, 4, 5, 6};
  file.object_type = {"TGT", "TGT", "TGT", "TGT", "TGT", "TGT"};
  file.fiber_status = {0, 0, 0, 0, 0, 0};
  io::SpectraArm b, r;
  b.snr = {1, 5, std::nanf(""), std::nanf(""), 3, -2};
  r.snr = {4, 2, 6, std::nanf(""), 3, 0};
  file.arms = {b, r};
  return file;
}

TEST_CASE("selection: by target, S/N and exposure") {
  const ScratchFolder folder;
  io::DesiFile file = six_stars(folder, "DESI_TARGET");
  const auto rows = [&](const Selection& selection) {
    return select_rows(file, selection, nullptr);
  };
  CHECK(rows({}) == Rows{0, 1, 2, 3, 4, 5});
  CHECK(rows({.targets = {{5, 2, 77}}}) == Rows{1, 4});
  CHECK(rows({.targets = {{}}}).empty());
  CHECK(rows({.min_snr = 3}) == Rows{0, 1, 2});  // above, in the best arm, and none without any
  CHECK(rows({.min_snr = -1}) == Rows{0, 1, 2, 4, 5});
  CHECK(rows({.min_expid = 5}).size() == 6);  // a coadd has no EXPID
  file.exposure_id = {4, 5, 6, 7, 8, 9};
  CHECK(rows({.min_expid = 5, .max_expid = 8}) == Rows{2, 3, 4});  // as rvspecfit: MIN is out
  file.object_type[0] = "SKY";
  file.fiber_status = {0, 1 << 9, 1 << 3, 0, 0, 0};
  CHECK(rows({}) == Rows{2, 3, 4, 5});
  CHECK(rows({.harmless_status = 1 << 9}) == Rows{1, 3, 4, 5});
  CHECK(rows({.all_rows = true, .min_expid = 4}) == Rows{1, 2, 3, 4, 5});
}

TEST_CASE("selection: by type, by redrock, or either") {
  const ScratchFolder folder;
  for (const std::string column : {"DESI_TARGET", "SV1_DESI_TARGET", "SV3_DESI_TARGET"}) {
    CAPTURE(column);
    const io::DesiFile file = six_stars(folder, column);
    CHECK(select_rows(file, {.types = {"MWS_ANY"}}, nullptr) == Rows{0, 2});
    CHECK(select_rows(file, {.types = {"STD_.*"}}, nullptr) == Rows{1, 2, 5});
    CHECK(select_rows(file, {.types = {"STD_FAINT$", "LRG$"}}, nullptr) == Rows{1, 2, 3});
  }
  const io::DesiFile file = six_stars(folder, "DESI_TARGET");
  io::Redrock redrock(6);
  redrock.spectype = {"STAR", "GALAXY", "GALAXY", "QSO", "STAR", ""};
  redrock.z = {0, 0.7, 0.0049, 2, 0.9, std::nan("")};
  CHECK(select_rows(file, {.by_redrock = true}, &redrock) == Rows{0, 2, 4});
  CHECK(select_rows(file, {.types = {"STD_FAINT"}, .by_redrock = true}, &redrock) ==
        Rows{0, 1, 2, 4});
  CHECK(select_rows(file, {.by_redrock = true}, nullptr).size() == 6);
  CHECK(select_rows(file, {}, &redrock).size() == 6);
}

TEST_CASE("selection: types need a column with target bits") {
  const ScratchFolder folder;
  const io::DesiFile file = six_stars(folder, "OTHER");
  CHECK_THROWS_WITH_AS(
      (void)select_rows(file, {.types = {"MWS_ANY"}}, nullptr),
      doctest::Contains("HDU 'FIBERMAP': has no column DESI_TARGET to select types by"),
      io::IoError);
}

}  // namespace
}  // namespace rvfit::test
