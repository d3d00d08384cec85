// SPDX-License-Identifier: MIT

#include "support/good_result.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/desi/read_redrock.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/rvtab/write_models.hpp>
#include <rvfit/io/rvtab/write_rvtab.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace rvfit::test {
namespace {

io::Rvtab table_of(FitResult result) {
  const auto rows = static_cast<std::size_t>(result.size);
  io::Rvtab table;
  table.result = std::move(result);
  table.arms = {{"B", std::vector<float>(rows, 30)}, {"R", std::vector<float>(rows, 40)}};
  table.columns = {{"TARGETID", "", "identifier", std::vector<std::int64_t>(rows, 7)},
                   {"REF_CAT", "", "catalogue", std::vector<std::string>(rows, "G2")}};
  return table;
}

std::set<std::string> column_names(const io::Rvtab& table) {
  std::set<std::string> names;
  for (const io::Column& column : io::rvtab_columns(table)) {
    names.insert(column.name);
  }
  return names;
}

TEST_CASE("rvtab: columns have the reference's names, types and units") {
  const ScratchFolder folder;
  const std::string path = folder / "rvtab_x.fits";
  io::write_rvtab(path, table_of(good_result(3)), {{"CREATOR", "test", "who wrote this"}});
  CHECK(folder.entries() == std::set<std::string>{"rvtab_x.fits"});
  io::FitsInput file(path);
  file.verify_checksums();
  CHECK(file.row_count("RVTAB") == 3);
  CHECK(file.keyword<std::string>("PRIMARY", "CREATOR") == "test");
  for (const char* name :
       {"VRAD",        "VRAD_ERR",    "VSINI",       "VSINI_ERR", "TEFF",        "TEFF_ERR",
        "LOGG",        "LOGG_ERR",    "VMIC",        "ALPHAFE",   "ALPHAFE_ERR", "CHISQ_TOT",
        "CHISQ_C_TOT", "CHISQ_B",     "CHISQ_C_R",   "SN_B",      "NPIX_TOT",    "RVS_WARN",
        "NEG2LOGL",    "STATUS_CODE", "BOUND_FLAGS", "NITER"}) {
    CAPTURE(name);
    CHECK(file.read_column<double>("RVTAB", name).size() == 3);
  }
  CHECK(file.read_column<double>("RVTAB", "VRAD")[1] == -100);
  CHECK(file.read_column<double>("RVTAB", "CHISQ_TOT")[1] == 2000);
  CHECK(file.read_column<double>("RVTAB", "CHISQ_R")[1] == 1000);
  CHECK(file.read_column<std::int64_t>("RVTAB", "NPIX_TOT")[2] == 1980);
  CHECK(file.read_column<std::int64_t>("RVTAB", "TARGETID")[2] == 7);
  CHECK(file.read_column<bool>("RVTAB", "SUCCESS")[0]);
  CHECK_FALSE(file.read_column<bool>("RVTAB", "BAD_HESSIAN")[0]);
  CHECK(file.read_column<std::string>("RVTAB", "STATUS")[0] == "converged");
  CHECK(file.keyword<std::string>("RVTAB", "PARAM0") == "teff");
  CHECK(file.keyword<std::string>("RVTAB", "PARAM5") == "rv");
  const auto fields = file.require_keyword<std::int64_t>("RVTAB", "TFIELDS");
  for (int n = 1; n <= fields; ++n) {
    CAPTURE(n);
    CHECK(file.keyword<std::string>("RVTAB", "TUNIT" + std::to_string(n)).has_value());
    CHECK(file.require_keyword<std::string>("RVTAB", "TCOMM" + std::to_string(n)).size() > 3);
  }
  CHECK(file.keyword<std::string>("RVTAB", "TUNIT1") == "km s-1");
  CHECK(file.keyword<std::string>("RVTAB", "TFORM" + std::to_string(fields)) == "36D");
  CHECK(file.keyword<std::string>("RVTAB", "TDIM" + std::to_string(fields)) == "(6,6)");
}

TEST_CASE("rvtab: the first columns are those of rvspecfit's table, in its order") {
  FitResult result = good_result(2);
  result.profile_error = {0.3, 0.3};
  result.profile_skewness = {0.1, 0.2};
  result.profile_kurtosis = {3.0, 2.9};
  result.start_rv = {25, 0};
  result.second_rv = {50, std::nan("")};
  result.second_excess = {12, std::nan("")};
  result.status[1] = FitStatus::non_finite;
  io::Rvtab table = table_of(std::move(result));
  table.redshift = io::Redrock(2).columns();
  std::vector<std::string> names;
  for (const io::Column& column : io::rvtab_columns(table)) {
    names.push_back(column.name);
  }
  const std::vector<std::string> expected{
      "VRAD",    "VRAD_ERR",  "VRAD_SKEW", "VRAD_KURT",   "VSINI",     "LOGG",        "LOGG_ERR",
      "TEFF",    "TEFF_ERR",  "ALPHAFE",   "ALPHAFE_ERR", "CHISQ_TOT", "CHISQ_C_TOT", "NPIX_TOT",
      "CHISQ_B", "CHISQ_C_B", "CHISQ_R",   "CHISQ_C_R",   "VRAD_CCF",  "RVS_WARN",    "TARGETID",
      "REF_CAT", "SN_B",      "SN_R",      "SUCCESS",     "RR_Z",      "RR_SPECTYPE", "RR_SUBTYPE"};
  REQUIRE(names.size() > expected.size());
  names.resize(expected.size());
  CHECK(names == expected);

  const ScratchFolder folder;
  io::write_rvtab(folder / "x.fits", table, {});
  io::FitsInput file(folder / "x.fits");
  CHECK(file.read_column<double>("RVTAB", "VRAD_ERR_PROFILE")[0] == 0.3);
  CHECK(file.read_column<double>("RVTAB", "VRAD_KURT")[0] == 3);
  CHECK(file.read_column<double>("RVTAB", "VRAD_CCF")[0] == 25);
  CHECK(std::isnan(file.read_column<double>("RVTAB", "VRAD_SKEW")[1]));  // no solution
  CHECK(file.read_column<double>("RVTAB", "VRAD_SECOND")[0] == 50);
  CHECK(file.read_column<double>("RVTAB", "DNEG2LOGL_SECOND")[0] == 12);
  CHECK(std::isnan(file.read_column<double>("RVTAB", "RR_Z")[0]));
  CHECK(file.read_column<std::string>("RVTAB", "RR_SPECTYPE")[0].empty());
  CHECK_FALSE(column_names(table_of(good_result(2))).contains("VRAD_SKEW"));
}

TEST_CASE("rvtab: errors are scaled and have a floor if asked for, the formal ones stay beside") {
  const ScratchFolder folder;
  FitResult result = good_result(2);
  result.chi2 = {7920, 0, 1000, 500};  // 4 and below 1 a pixel
  io::Rvtab table = table_of(std::move(result));
  CHECK_FALSE(column_names(table).contains("VRAD_ERR_FORMAL"));
  CHECK_FALSE(column_names(table).contains("NPIX_CLIPPED"));
  table.errors = {.scale = true, .rv_floor = 1.2};
  table.result.clipped = {3, 4, 0, 0};
  io::write_rvtab(folder / "x.fits", table, {});
  io::FitsInput file(folder / "x.fits");
  const auto column = [&](const char* name) { return file.read_column<double>("RVTAB", name); };
  CHECK(column("CHISQ_PER_PIX")[0] == 4);
  CHECK(column("TEFF_ERR") == std::vector<double>{0.5, 0.25});
  CHECK(column("TEFF_ERR_FORMAL") == std::vector<double>{0.25, 0.25});
  CHECK(column("VRAD_ERR") == std::vector<double>{1.3, std::hypot(0.25, 1.2)});
  CHECK(column("VRAD_ERR_FORMAL") == std::vector<double>{0.25, 0.25});
  CHECK(column("VSINI_ERR")[0] == 0.5);
  CHECK(column("NPIX_CLIPPED") == std::vector<double>{7, 0});
}

TEST_CASE("rvtab: each velocity of a fit has columns and warnings") {
  FitResult result = good_result(1);
  std::vector<Parameter> parameters(result.parameters.begin(), result.parameters.end());
  parameters[2] = parameters[5];
  parameters[2].name = "rv_2";
  result.parameters = ParameterSet(std::move(parameters));
  theta_of(result, "rv_2") = 899;
  CHECK(io::rvs_warn(result, 0) == io::warn::rv);
  const ScratchFolder folder;
  io::write_rvtab(folder / "x.fits", table_of(std::move(result)), {});
  io::FitsInput file(folder / "x.fits");
  CHECK(file.read_column<double>("RVTAB", "VRAD")[0] == -100);
  CHECK(file.read_column<double>("RVTAB", "VRAD_2")[0] == 899);
  CHECK(file.read_column<double>("RVTAB", "VRAD_2_ERR")[0] == 0.25);
}

TEST_CASE("rvtab: tables and keywords of the input are repeated as they are") {
  const ScratchFolder folder;
  {
    io::FitsOutput file(folder / "in.fits");
    file.write_keywords({{"SPGRP", std::string("healpix"), "what the spectra are grouped by"},
                         {"HPXPIXEL", std::int64_t{26065}, ""},
                         {"HPXNEST", true, ""}});
    file.write_table("FIBERMAP",
                     {{"TARGETID", "", "", std::vector<std::int64_t>{10, 11, 12, 13}},
                      {"FLUX_G", "nanomaggy", "flux", std::vector<float>{0, 1, 2, 3}},
                      {"FIBERSTATUS", "", "", std::vector<std::int32_t>{0, 1, 2, 3}},
                      {"PAIR", "", "", std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7}, {2}}});
    file.write_keywords({{"SURVEY", std::string("sv3"), "kept"}});
    file.write_table("EXP_FIBERMAP", {{"TARGETID", "", "", std::vector<std::int64_t>{10, 10, 13}}});
    file.commit();
  }
  io::FitsInput input(folder / "in.fits");
  const auto excerpt =
      std::make_shared<io::FitsInput>(input.excerpt({"FIBERMAP", "SCORES", "EXP_FIBERMAP"}));
  CHECK_FALSE(excerpt->has("SCORES"));
  CHECK(excerpt->row_count("FIBERMAP") == 4);
  const io::Repeated repeated{
      excerpt,
      {"SPGRP", "NIGHT", "HPXPIXEL", "HPXNEST"},
      {{"FIBERMAP", {0, 2, 3}}, {"SCORES", {0, 2, 3}}, {"EXP_FIBERMAP", {}}}};
  io::write_rvtab(folder / "x.fits", table_of(good_result(3)), {{"INFILE", "in.fits", ""}},
                  repeated);
  io::ModelsOutput(folder / "m.fits", {{"B", 2, {4000, 4001}}}, 0, {}, repeated)
      .commit({}, repeated);
  for (const char* name : {"x.fits", "m.fits"}) {
    CAPTURE(name);
    io::FitsInput file(folder / name);
    file.verify_checksums();
    CHECK(file.keyword<std::string>("PRIMARY", "SPGRP") == "healpix");
    CHECK(file.keyword<std::int64_t>("PRIMARY", "HPXPIXEL") == 26065);
    CHECK(file.keyword<bool>("PRIMARY", "HPXNEST") == true);
    CHECK_FALSE(file.keyword<std::int64_t>("PRIMARY", "NIGHT").has_value());
    CHECK(file.read_column<std::int64_t>("FIBERMAP", "TARGETID") ==
          std::vector<std::int64_t>{10, 12, 13});
    CHECK(file.read_column<float>("FIBERMAP", "FLUX_G") == std::vector<float>{0, 2, 3});
    CHECK(file.keyword<std::string>("FIBERMAP", "TUNIT2") == "nanomaggy");
    CHECK(file.keyword<std::string>("FIBERMAP", "TFORM4") == "2D");
    CHECK(file.keyword<std::string>("FIBERMAP", "SURVEY") == "sv3");
    CHECK_FALSE(file.has("SCORES"));
    CHECK(file.row_count("EXP_FIBERMAP") == 0);
  }
}

TEST_CASE("rvtab: an empty selection gives a table with all columns and no row") {
  const ScratchFolder folder;
  const std::string path = folder / "rvtab_x.fits";
  io::write_rvtab(path, table_of(good_result(0)), {});
  io::FitsInput file(path);
  file.verify_checksums();
  CHECK(file.row_count("RVTAB") == 0);
  for (const std::string& name : column_names(table_of(good_result(2)))) {
    CHECK(file.has_column("RVTAB", name));
  }
}

TEST_CASE("rvtab: a row without a solution has NaN, the bad-spectrum bit, and its status") {
  const ScratchFolder folder;
  for (const FitStatus status : {FitStatus::no_valid_pixels, FitStatus::non_finite}) {
    FitResult result = good_result(2);
    result.status[0] = status;
    result.bound_flags = {63, 16};
    io::write_rvtab(folder / "x.fits", table_of(std::move(result)), {});
    io::FitsInput file(folder / "x.fits");
    for (const char* name : {"VRAD", "VRAD_ERR", "TEFF", "CHISQ_TOT", "CHISQ_B", "NEG2LOGL"}) {
      const auto values = file.read_column<double>("RVTAB", name);
      CAPTURE(name);
      CHECK(std::isnan(values[0]));
      CHECK_FALSE(std::isnan(values[1]));
    }
    CHECK(file.read_column<std::int64_t>("RVTAB", "RVS_WARN") == std::vector<std::int64_t>{32, 0});
    CHECK(file.read_column<std::int32_t>("RVTAB", "BOUND_FLAGS") ==
          std::vector<std::int32_t>{0, 16});
    CHECK(file.read_column<bool>("RVTAB", "SUCCESS") == std::vector<bool>{false, true});
    CHECK(file.read_column<std::string>("RVTAB", "STATUS")[0] == to_string(status));
  }
}

TEST_CASE("rvtab: an arm without good pixels has no chi2, and the others do") {
  FitResult result = good_result(1);
  result.pixels = {0, 990};
  result.chi2 = {0, 1000};
  result.continuum_chi2 = {0, 3000};
  const ScratchFolder folder;
  io::write_rvtab(folder / "x.fits", table_of(std::move(result)), {});
  io::FitsInput file(folder / "x.fits");
  CHECK(std::isnan(file.read_column<double>("RVTAB", "CHISQ_B")[0]));
  CHECK(file.read_column<double>("RVTAB", "CHISQ_R")[0] == 1000);
  CHECK(file.read_column<double>("RVTAB", "CHISQ_TOT")[0] == 1000);
}

TEST_CASE("rvtab: exposures of one arm are added up") {
  io::Rvtab table = table_of(good_result(1));
  table.arms[1].label = "B";
  const ScratchFolder folder;
  io::write_rvtab(folder / "x.fits", table, {});
  io::FitsInput file(folder / "x.fits");
  CHECK(file.read_column<double>("RVTAB", "CHISQ_B")[0] == 2000);
  CHECK_FALSE(file.has_column("RVTAB", "CHISQ_R"));
}

TEST_CASE("rvtab: a column of the input that is called as one of the table's own is renamed") {
  io::Rvtab table = table_of(good_result(2));
  for (const char* name : {"TEFF", "vrad", "STATUS", "IN_TEFF", "SN_B", "PARALLAX"}) {
    table.columns.push_back({name, "", "", std::vector<double>{1, 2}});
  }
  table.redshift = io::Redrock(2).columns();
  const std::vector<io::Column> columns = io::rvtab_columns(table);
  std::set<std::string> names;
  for (const io::Column& column : columns) {
    CAPTURE(column.name);
    CHECK(names.insert(io::upper_case(column.name)).second);
  }
  for (const char* name :
       {"TEFF", "IN_TEFF", "IN_IN_TEFF", "VRAD", "IN_VRAD", "IN_STATUS", "IN_SN_B", "PARALLAX"}) {
    CAPTURE(name);
    CHECK(names.contains(name));
  }
  const auto own = std::find_if(columns.begin(), columns.end(),
                                [](const io::Column& column) { return column.name == "TEFF"; });
  CHECK(std::get<std::vector<double>>(own->values)[0] != 1);
}

TEST_CASE("rvtab: arms must be those of the result") {
  io::Rvtab table = table_of(good_result(1));
  table.arms.pop_back();
  CHECK_THROWS_WITH_AS((void)io::rvtab_columns(table),
                       "rvtab_columns: 1 arms are named, the result has 2", InvalidArgument);
}

}  // namespace
}  // namespace rvfit::test
