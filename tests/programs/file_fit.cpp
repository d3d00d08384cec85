// SPDX-License-Identifier: MIT

#include "core/file_fit.hpp"

#include "core/bounded_queue.hpp"
#include "core/file_job.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rvfit_programs::test {
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
std::shared_ptr<FileJob> file_of(std::size_t rows, const Doubles& wave,
                                 const rvfit::io::Targets& targets) {
  auto file = std::make_shared<FileJob>("file");
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
  file->reading.spectra.arms.push_back(arm);
  file->reading.targets = targets;
  return file;
}

/// The batch of some files that are in memory, whose targets have one exposure each.
SharedBatch only_batch(const FileGroup& files) {
  std::vector<SharedBatch> batches = share_out(files, 10);
  REQUIRE(batches.size() == 1);
  std::vector<std::vector<rvfit::io::SpectraArm>> parts;
  for (const Share& share : batches[0].shares) {
    std::vector<std::size_t> rows;
    for (const std::size_t target : share.targets) {
      rows.push_back(share.file->reading.targets[target].front());
    }
    parts.push_back({take(share.file->reading.spectra.arms[0], rows)});
  }
  batches[0].batch.arms = joined_arms(std::move(parts), joint_arms(files), 1);
  return std::move(batches[0]);
}

TEST_CASE("share_out: batches of one number of exposures, files and targets in their order") {
  const Doubles wave{5000, 5001};
  const FileGroup files{file_of(4, wave, {{0}, {1, 2}, {3}}), file_of(0, wave, {}),
                        file_of(3, wave, {{1}, {0, 2}})};
  const std::vector<SharedBatch> batches = share_out(files, 2);
  REQUIRE(batches.size() == 3);
  CHECK(batches[0].batch.exposures == 1);
  REQUIRE(batches[0].shares.size() == 1);
  CHECK(batches[0].shares[0].targets == std::vector<std::size_t>{0, 2});
  CHECK(batches[1].shares[0].file == files[2]);
  CHECK(batches[1].shares[0].targets == std::vector<std::size_t>{0});
  CHECK(batches[2].batch.exposures == 2);
  REQUIRE(batches[2].shares.size() == 2);
  CHECK(batches[2].shares[0].targets == std::vector<std::size_t>{1});
  CHECK(batches[2].shares[1].file == files[2]);
  CHECK(batches[2].shares[1].targets == std::vector<std::size_t>{1});
}

TEST_CASE("joined_arms: rows follow each other, shorter spectra are filled up without weight") {
  FileGroup files{file_of(2, {5000, 5001}, {{1}, {0}}), file_of(1, {6000, 6001, 6002}, {{0}})};
  CHECK(can_be_joined(files[0]->reading, files[1]->reading));
  SharedBatch joint = only_batch(files);
  const rvfit::io::SpectraArm& arm = joint.batch.arms[0];
  REQUIRE(arm.wave_rows == 3);
  CHECK(arm.flux == std::vector<float>{10, 11, 0, 0, 1, 0, 0, 1, 2});
  CHECK(arm.ivar == std::vector<float>{1, 1, 0, 1, 1, 0, 1, 1, 1});
  CHECK(arm.mask == std::vector<std::int32_t>{0, 0, 1, 0, 0, 1, 0, 0, 0});
  CHECK(arm.wave[3] == 5000);
  CHECK(arm.wave[2] > 5001);
  CHECK(arm.wave[2] < 5001.001);

  BatchFit whole{result_of(3, 1, {"rv"}, 1), {{0, 1, 2, 10, 11, 12, 20, 21, 22}}};
  const auto parts = parts_of(std::move(joint), std::move(whole));
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].first == files[0]);
  CHECK(parts[0].second.fit.result.theta == Doubles{100, 101});
  CHECK(parts[0].second.fit.models[0] == std::vector<float>{0, 1, 10, 11});
  CHECK(parts[0].second.batch.arms[0].flux == std::vector<float>{10, 11, 0, 1});
  CHECK(parts[0].second.batch.arms[0].wave == Doubles{5000, 5001, 5000, 5001});
  CHECK(parts[1].second.fit.result.theta == Doubles{102});
  CHECK(parts[1].second.fit.models[0] == std::vector<float>{20, 21, 22});

  files[1] = file_of(1, {5000, 5001}, {{0}});
  CHECK(only_batch(files).batch.arms[0].wave_rows == 1);
  files[1]->reading.spectra.arms[0].name = "sdss2";
  CHECK_FALSE(can_be_joined(files[0]->reading, files[1]->reading));
}

TEST_CASE("rows_of_targets: the exposures of a batch follow each other") {
  CHECK(rows_of_targets(1, 2, 4, 3) == std::vector<std::size_t>{1, 2, 5, 6, 9, 10});
}

TEST_CASE("BoundedQueue: what is in it comes out in order, also after it is closed") {
  BoundedQueue<int> queue(2);
  std::vector<int> taken;
  std::thread reader([&] {
    while (const std::optional<int> item = queue.pop()) {
      taken.push_back(*item);
    }
  });
  std::vector<int> given;
  for (int n = 0; n < 100; ++n) {
    given.push_back(n);
    queue.push(n);
  }
  queue.close();
  reader.join();
  CHECK(taken == given);
}

}  // namespace
}  // namespace rvfit_programs::test
