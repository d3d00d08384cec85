// SPDX-License-Identifier: MIT

#include "survey/file_fit.hpp"

#include "survey/joint_files.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit_survey::test {
namespace {

using Doubles = std::vector<double>;
using rvfit::FitStatus;

/// Results of `size` targets in one arm of `exposures`: element n of an array is 100 id + n.
rvfit::FitResult result_of(int size, std::size_t exposures, const std::vector<std::string>& names,
                           double id) {
  rvfit::FitResult result;
  std::vector<rvfit::Parameter> parameters;
  for (const std::string& name : names) {
    parameters.push_back({.name = name});
  }
  result.parameters = rvfit::ParameterSet(parameters);
  result.size = size;
  result.arms = static_cast<int>(exposures);
  const auto rows = static_cast<std::size_t>(size);
  const auto numbers = [&](auto& array, std::size_t count) {
    array.resize(count);
    for (std::size_t n = 0; n < count; ++n) {
      array[n] = static_cast<std::decay_t<decltype(array[n])>>(100 * id + static_cast<double>(n));
    }
  };
  numbers(result.theta, rows * names.size());
  numbers(result.error, rows * names.size());
  numbers(result.covariance, rows * names.size() * names.size());
  numbers(result.neg2_log_like, rows);
  numbers(result.chi2, rows * exposures);
  numbers(result.continuum_chi2, rows * exposures);
  numbers(result.pixels, rows * exposures);
  numbers(result.bound_flags, rows);
  numbers(result.iterations, rows);
  result.status.assign(rows, FitStatus::converged);
  result.bad_hessian.assign(rows, 0);
  return result;
}

TEST_CASE(
    "place: batches go to their targets, exposures are added up, missing velocities are NaN") {
  CHECK(detail::sum_of_exposures(Doubles{1, 2, 3, 4}, 2) == Doubles{3, 7});
  rvfit::FitResult whole;
  whole.parameters = result_of(0, 1, {"teff", "rv", "rv_2"}, 0).parameters;
  whole.size = 3;
  whole.arms = 1;
  place(whole, result_of(2, 1, {"teff", "rv"}, 1), 1, {2, 0});
  place(whole, result_of(1, 2, {"teff", "rv", "rv_2"}, 2), 2, {1});
  const auto nan_at = [](const Doubles& values, std::size_t n) { return std::isnan(values[n]); };
  REQUIRE(whole.theta.size() == 9);
  CHECK(whole.theta[0] == 102);  // second row of the first batch
  CHECK(whole.theta[1] == 103);
  CHECK(nan_at(whole.theta, 2));
  CHECK(whole.theta[5] == 202);
  CHECK(whole.theta[6] == 100);
  REQUIRE(whole.covariance.size() == 27);
  CHECK(whole.covariance[18] == 100);
  CHECK(whole.covariance[19] == 101);
  CHECK(nan_at(whole.covariance, 20));
  CHECK(whole.covariance[21] == 102);
  CHECK(nan_at(whole.covariance, 26));
  CHECK(whole.covariance[9 + 8] == 208);
  CHECK(whole.chi2 == Doubles{101, 200 + 201, 100});
  CHECK(whole.pixels == std::vector<std::int32_t>{101, 401, 100});
  CHECK(whole.iterations == std::vector<std::int32_t>{101, 200, 100});
  CHECK(whole.second_rv.empty());  // as the batches'

  CHECK_THROWS_AS(place(whole, result_of(1, 1, {"rv", "teff"}, 1), 1, {0}), rvfit::InvalidArgument);

  const rvfit::FitResult part = results_of(whole, 1, 3);
  CHECK(part.size == 2);
  CHECK(part.chi2 == Doubles{401, 100});
  CHECK(part.theta[2] == 202);
  CHECK(part.theta[3] == 100);
}

/// A file of an arm, whose flux is 10 row + pixel.
Reading file_of(std::size_t rows, const Doubles& wave, const rvfit::io::Targets& targets) {
  Reading file;
  rvfit::io::SpectraArm arm;
  arm.name = "sdss1";
  arm.label = "SDSS1";
  arm.wave = wave;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < wave.size(); ++i) {
      arm.flux.push_back(static_cast<float>(10 * row + i));
    }
  }
  arm.ivar.assign(arm.flux.size(), 1.0F);
  arm.mask.assign(arm.flux.size(), 0);
  arm.snr.assign(rows, 1.0F);
  file.spectra.arms.push_back(arm);
  file.targets = targets;
  return file;
}

TEST_CASE("joined_files: rows follow each other, shorter spectra are filled up without weight") {
  std::vector<Reading> files{file_of(2, {5000, 5001}, {{1}, {0}}),
                             file_of(1, {6000, 6001, 6002}, {{0}})};
  CHECK(can_be_joined(files));
  const Reading joint = joined_files(files);
  CHECK(joint.targets == rvfit::io::Targets{{1}, {0}, {2}});
  const rvfit::io::SpectraArm& arm = joint.spectra.arms[0];
  REQUIRE(arm.wave_rows == 3);
  CHECK(arm.flux == std::vector<float>{0, 1, 0, 10, 11, 0, 0, 1, 2});
  CHECK(arm.ivar == std::vector<float>{1, 1, 0, 1, 1, 0, 1, 1, 1});
  CHECK(arm.mask == std::vector<std::int32_t>{0, 0, 1, 0, 0, 1, 0, 0, 0});
  CHECK(arm.wave[3] == 5000);
  CHECK(arm.wave[2] > 5001);
  CHECK(arm.wave[2] < 5001.001);

  const FileFit whole{result_of(3, 1, {"rv"}, 1), {{0, 1, 2, 10, 11, 12, 20, 21, 22}}};
  const std::vector<FileFit> parts = parts_of(whole, files);
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].result.theta == Doubles{100, 101});
  CHECK(parts[0].models[0] == std::vector<float>{0, 1, 10, 11});
  CHECK(parts[1].result.theta == Doubles{102});
  CHECK(parts[1].models[0] == std::vector<float>{20, 21, 22});

  files[1] = file_of(1, {5000, 5001}, {{0}});
  CHECK(joined_files(files).spectra.arms[0].wave_rows == 1);
  files[1].spectra.arms[0].name = "sdss2";
  CHECK_FALSE(can_be_joined(files));
}

}  // namespace
}  // namespace rvfit_survey::test
