// SPDX-License-Identifier: MIT

#include "core/pipeline.hpp"

#include "core/log.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_input.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rvfit_programs::test {
namespace {

using rvfit::test::ScratchFolder;

rvfit::ParameterSet parameters_of_a_fit() {
  return rvfit::ParameterSet({{.name = "teff", .unit = "K", .lower = 3000, .upper = 9000},
                              {.name = "rv", .unit = "km/s", .lower = -900, .upper = 900}});
}

std::atomic<int> files_read = 0;
constexpr int slow_file = 7777;

/// Wait until nobody has read a file for a while: how many have been read then?
int files_read_at_last() {
  constexpr std::chrono::milliseconds pause(20);
  int read = files_read;
  for (int quiet = 0; quiet < 10; ++quiet) {
    std::this_thread::sleep_for(pause);
    if (files_read != std::exchange(read, files_read)) {
      quiet = 0;
    }
  }
  return read;
}

/// Says that rv is the flux of the first pixel, and the model the flux; impossible where that is
/// negative. The flux of `slow_file` takes until reading has come to rest.
class FakeFitter final : public SurveyFitter {
 public:
  [[nodiscard]] std::string execution_space() const override { return "none"; }
  [[nodiscard]] int threads() const override { return 3; }
  [[nodiscard]] std::size_t workers() const override { return 3; }
  [[nodiscard]] std::size_t batch_size(std::size_t) const override { return 4; }
  [[nodiscard]] const rvfit::ParameterSet& parameters() const override { return parameters_; }

  [[nodiscard]] rvfit::WaveRange covered(const std::string&) const override { return {0, 1e9}; }

  [[nodiscard]] BatchFit fit(std::size_t, const Batch& batch, Seconds& seconds) override {
    const rvfit::io::SpectraArm& arm = batch.arms[0];
    const std::size_t size = batch.size();
    BatchFit fit;
    rvfit::FitResult& result = fit.result;
    result.parameters = parameters_;
    result.size = static_cast<int>(size);
    result.arms = static_cast<int>(batch.exposures);
    for (std::size_t b = 0; b < size; ++b) {
      const float flux = arm.flux[b * arm.pixels()];
      if (flux == static_cast<float>(slow_file)) {
        read_meanwhile = files_read_at_last();
      }
      if (flux < 0) {
        throw rvfit::InvalidArgument("impossible");
      }
      result.theta.insert(result.theta.end(), {5000.0, static_cast<double>(flux)});
    }
    result.error.assign(2 * size, 1.0);
    result.covariance.assign(4 * size, 1.0);
    for (auto* numbers :
         {&result.neg2_log_like, &result.profile_error, &result.profile_skewness,
          &result.profile_kurtosis, &result.second_rv, &result.second_excess, &result.start_rv}) {
      numbers->assign(size, 0.0);
    }
    result.chi2.assign(size * batch.exposures, 1.0);
    result.continuum_chi2 = result.chi2;
    result.pixels.assign(size * batch.exposures, 2);
    result.status.assign(size, rvfit::FitStatus::converged);
    result.bound_flags.assign(size, 0);
    result.bad_hessian.assign(size, 0);
    result.iterations.assign(size, 1);
    fit.models = {arm.flux};
    seconds.fit += 1.0;
    return fit;
  }

  std::atomic<int> read_meanwhile = 0;  ///< files, while `slow_file` was fitted

 private:
  rvfit::ParameterSet parameters_ = parameters_of_a_fit();
};

/// Files "R-F": R rows with flux F + row; F = "bad" cannot be read, "torn" not from row 5 on,
/// "impossible" cannot be fitted.
Reading read_fake(const std::string& path) {
  ++files_read;
  const std::string name = std::filesystem::path(path).filename().string();
  const std::string kind = name.substr(name.find('-') + 1);
  const auto rows = static_cast<std::size_t>(std::stoi(name));
  if (kind == "bad") {
    throw rvfit::io::IoError(path + ": bad");
  }
  if (kind == "told") {
    throw ToldBefore(path + ": bad as another");
  }
  const float first = kind == "impossible" ? -1000.0F : kind == "torn" ? 0.0F : std::stof(kind);
  Reading reading;
  reading.spectra.arms.resize(1);
  rvfit::io::SpectraArm& arm = reading.spectra.arms[0];
  arm.name = arm.label = "B";
  arm.wave = {5000, 5001};
  arm.snr.assign(rows, 0.0F);
  for (std::size_t row = 0; row < rows; ++row) {
    reading.targets.push_back({row});
  }
  reading.read_rows = [=](const std::vector<std::size_t>& wanted) {
    rvfit::io::SpectraArm some;
    some.name = some.label = "B";
    some.wave = {5000, 5001};
    for (const std::size_t row : wanted) {
      if (kind == "torn" && row >= 5) {
        throw rvfit::io::IoError(path + ": torn");
      }
      some.flux.insert(some.flux.end(), {first + static_cast<float>(row), 1.0F});
      some.snr.push_back(static_cast<float>(row));
    }
    some.ivar.assign(some.flux.size(), 1.0F);
    some.mask.assign(some.flux.size(), 0);
    return std::vector{some};
  };
  return reading;
}

struct Outcome {
  bool good;
  Summary summary;
  std::vector<std::string> status;  ///< lines, without seconds
  int read_meanwhile = 0;           ///< files, while one took long
};

Outcome run(const ScratchFolder& folder, const std::vector<std::string>& names, Options options) {
  options.quiet = true;
  options.log_level = LogLevel::critical;
  options.fit.keep_models = true;
  options.outputs.folder = folder / "out";
  start_log("test", options);
  const std::string status_file = folder / "status.txt";
  Outcome outcome{};
  {
    FakeFitter fitter;
    FileList files(names);
    ProcessStatus status(status_file);
    const rvfit::EmulatorData emulator;
    Report report("");
    Outputs outputs("test", options, emulator, fitter.parameters(), report);
    const Reader reader = read_fake;
    outcome.good = Pipeline(options, reader, files, fitter, outputs, status, outcome.summary).run();
    outcome.read_meanwhile = fitter.read_meanwhile;
  }
  std::ifstream lines(status_file);
  for (std::string line; std::getline(lines, line);) {
    outcome.status.push_back(line.substr(0, line.rfind(' ')));
  }
  return outcome;
}

std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

/// The expected outputs of a good file.
void check_outputs(const ScratchFolder& folder, const std::string& name) {
  CAPTURE(name);
  const auto rows = static_cast<std::size_t>(std::stoi(name));
  const float first = std::stof(name.substr(name.find('-') + 1));
  rvfit::io::FitsInput table(folder / ("out/rvtab_" + name));
  rvfit::io::FitsInput models(folder / ("out/rvmod_" + name));
  const auto rv = table.read_column<double>("RVTAB", "VRAD");
  const auto snr = table.read_column<float>("RVTAB", "SN_B");
  const auto model = models.read_image<float>("B_MODEL", {rows, 2});
  REQUIRE(rv.size() == rows);
  for (std::size_t row = 0; row < rows; ++row) {
    CHECK(rv[row] == static_cast<double>(first) + static_cast<double>(row));
    CHECK(snr[row] == static_cast<float>(row));
    CHECK(model[2 * row] == first + static_cast<float>(row));
  }
}

TEST_CASE("Pipeline: rows in their order, bad files cost nothing but themselves") {
  const std::vector<std::string> names{"9-100", "3-bad",        "20-torn", "0-1",   "7-200",
                                       "2-300", "5-impossible", "1-400",   "30-500"};
  for (const bool gather : {false, true}) {
    CAPTURE(gather);
    const ScratchFolder folder;
    Options options;
    options.gather = gather;
    const Outcome outcome = run(folder, names, options);
    CHECK_FALSE(outcome.good);
    CHECK(outcome.status == std::vector<std::string>{
                                "9-100 SUCCESS 9", "3-bad FAILURE 0", "20-torn FAILURE 0",
                                "0-1 SUCCESS 0", "7-200 SUCCESS 7", "2-300 SUCCESS 2",
                                "5-impossible FAILURE 0", "1-400 SUCCESS 1", "30-500 SUCCESS 30"});
    CHECK(outcome.summary.files == 6);
    CHECK(outcome.summary.stars == 49);
    CHECK(names_in(folder / "out").size() == 12);
    for (const char* name : {"9-100", "0-1", "7-200", "2-300", "1-400", "30-500"}) {
      check_outputs(folder, name);
    }
  }
}

TEST_CASE("Pipeline: nothing of files after a bad one if it is to stop there") {
  for (const char* bad : {"3-bad", "20-torn", "5-impossible"}) {
    for (const bool gather : {false, true}) {
      CAPTURE(bad);
      CAPTURE(gather);
      const ScratchFolder folder;
      Options options;
      options.gather = gather;
      options.stop_at_failure = true;
      const Outcome outcome = run(folder, {"9-100", "5-1", bad, "40-200", "9-300"}, options);
      CHECK_FALSE(outcome.good);
      CHECK(outcome.status == std::vector<std::string>{"9-100 SUCCESS 9", "5-1 SUCCESS 5",
                                                       std::string(bad) + " FAILURE 0"});
      CHECK(names_in(folder / "out") ==
            std::set<std::string>{"rvtab_9-100", "rvmod_9-100", "rvtab_5-1", "rvmod_5-1"});
    }
  }
}

TEST_CASE("Pipeline: while one file takes long, those after it are begun in bounded number") {
  constexpr int files = 300;
  std::vector<std::string> names{"1-" + std::to_string(slow_file)};
  for (int file = 1; file < files; ++file) {
    names.push_back("1-" + std::to_string(file));
  }
  for (const bool gather : {false, true}) {
    CAPTURE(gather);
    const ScratchFolder folder;
    Options options;
    options.gather = gather;
    files_read = 0;
    const Outcome outcome = run(folder, names, options);
    CHECK(outcome.good);
    CHECK(outcome.status.size() == files);
    CHECK(outcome.status[0] == names[0] + " SUCCESS 1");
    CHECK(outcome.status[1] == names[1] + " SUCCESS 1");
    // Three groups of two batches of four stars for each of three workers.
    CHECK(outcome.read_meanwhile >= 16);
    CHECK(outcome.read_meanwhile <= 3 * 2 * 4 * 3);
  }
}

TEST_CASE("Pipeline: files whose outputs are there are passed over") {
  const ScratchFolder folder;
  Options options;
  CHECK(run(folder, {"9-100"}, options).good);
  options.skip_existing = true;
  const Outcome outcome = run(folder, {"2-1", "9-100", "3-2"}, options);
  CHECK(outcome.good);
  CHECK(outcome.status ==
        std::vector<std::string>{"2-1 SUCCESS 2", "9-100 EXISTING -1", "3-2 SUCCESS 3"});
}

TEST_CASE("Pipeline: a list that breaks off is an error when what was taken is finished") {
  const ScratchFolder folder;
  Options options;
  options.quiet = true;
  options.gather = true;
  options.outputs.folder = folder / "out";
  FakeFitter fitter;
  FileList files({"9-100", "3-2"});
  files.share([given = std::size_t{0}]() mutable {
    if (given > 0) {
      throw std::runtime_error("lost");
    }
    return given++;
  });
  ProcessStatus status("");
  const rvfit::EmulatorData emulator;
  Report report("");
  Outputs outputs("test", options, emulator, fitter.parameters(), report);
  const Reader reader = read_fake;
  Summary summary;
  Pipeline pipeline(options, reader, files, fitter, outputs, status, summary);
  CHECK_THROWS_AS((void)pipeline.run(), std::runtime_error);
  CHECK(names_in(folder / "out") == std::set<std::string>{"rvtab_9-100"});
}

}  // namespace
}  // namespace rvfit_programs::test
