// SPDX-License-Identifier: MIT

#include "core/file_job.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace rvfit_programs::test {
namespace {

using Doubles = std::vector<double>;

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

  BatchFit whole{{}, {{0, 1, 2, 10, 11, 12, 20, 21, 22}}};
  whole.result.parameters = rvfit::ParameterSet({{.name = "rv"}});
  whole.result.size = 3;
  whole.result.arms = 1;
  whole.result.theta = {100, 101, 102};
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

}  // namespace
}  // namespace rvfit_programs::test
