// SPDX-License-Identifier: MIT

#include "pipeline.hpp"

#include "fits_turn.hpp"
#include "log.hpp"
#include "output_names.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

namespace rvfit_programs {
namespace {

constexpr std::size_t many_targets = 1000000000;

/// Files that wait for a group while they are open: each has a descriptor, and a gzipped one lies unpacked in memory.
constexpr std::ptrdiff_t most_open = 16;

/// Groups of files that have been begun and not finished: one is read, one fitted, one waits to be written.
constexpr std::size_t groups_under_way = 3;

/// Whether all outputs of a file are there.
[[nodiscard]] bool is_done(const std::string& file, const Options& options) {
  return std::filesystem::exists(options.outputs.table(file)) &&
         (!options.fit.keep_models || std::filesystem::exists(options.outputs.models(file)));
}

}  // namespace

Pipeline::Pipeline(const Options& options, const Reader& read, FileList& files,
                   SurveyFitter& fitter, Outputs& outputs, ProcessStatus& status, Summary& summary)
    : options_(options),
      read_(read),
      files_(files),
      fitter_(fitter),
      outputs_(outputs),
      status_(status),
      summary_(summary),
      progress_(!options.quiet),
      few_batches_(2 * fitter.workers() * fitter.batch_size(many_targets)),
      group_size_(options.gather ? few_batches_ : 1),
      room_(groups_under_way * few_batches_),
      batches_(fitter.workers()),
      events_(2 * fitter.workers()),
      running_(fitter.workers() + 1) {}

bool Pipeline::run() {
  std::vector<std::thread> threads;
  threads.emplace_back([this] { read_all(); });
  for (std::size_t worker = 0; worker < fitter_.workers(); ++worker) {
    threads.emplace_back([this, worker] { work(worker); });
  }
  std::exception_ptr failure;
  while (std::optional<Event> event = events_.pop()) {
    if (stopped_) {
      continue;  // until nobody has anything more to say
    }
    try {
      take(std::move(*event));
    } catch (...) {
      failure = std::current_exception();
      stopped_ = true;
    }
    if (stopped_) {
      room_.open();
    }
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  progress_.clear();
  for (const auto& file : under_way_) {
    Outputs::discard(*file);
  }
  summary_.seconds.read += read_seconds_;
  for (const std::exception_ptr& each : {failure, reading_ended_}) {
    if (each) {
      std::rethrow_exception(each);
    }
  }
  return good_;
}

void Pipeline::leave() {
  if (--running_ == 0) {
    events_.close();
  }
}

void Pipeline::read_all() {
  const auto attempt = [&](const auto& work) {
    try {
      work();
    } catch (...) {
      reading_ended_ = std::current_exception();
    }
  };
  attempt([&] {
    while (!stopped_ && !reading_stopped_) {
      if (room_.is_full()) {
        send_group();  // what is not sent cannot be finished
        room_.wait();
        continue;
      }
      std::optional<std::string> path = files_.next();
      if (!path) {
        break;
      }
      read(std::make_shared<FileJob>(std::move(*path)));
      if (targets_ >= group_size_ || open_files() >= most_open) {
        send_group();
      }
    }
  });
  attempt([&] { send_group(); });
  batches_.close();
  leave();
}

void Pipeline::fail(const std::shared_ptr<FileJob>& file, const std::string& error, bool told) {
  file->given_up = true;
  if (options_.stop_at_failure) {
    reading_stopped_ = true;
  }
  events_.push({file, {}, error, {}, told});
}

/// Room that a file takes: a large one that of a group, one whose input stays open at least that of its descriptor.
std::size_t Pipeline::weight(const Reading& reading) const {
  const bool is_open = reading.read_rows != nullptr || reading.tables != nullptr;
  const std::size_t least =
      is_open ? std::max<std::size_t>(few_batches_ / static_cast<std::size_t>(most_open), 1) : 1;
  return std::clamp(reading.targets.size(), std::min(least, few_batches_), few_batches_);
}

std::ptrdiff_t Pipeline::open_files() const {
  return std::count_if(waiting_.begin(), waiting_.end(),
                       [](const auto& file) { return file->reading.read_rows != nullptr; });
}

/// Read what a file says at once, to be fitted with the next ones.
void Pipeline::read(const std::shared_ptr<FileJob>& file) {
  const Kokkos::Timer timer;
  const std::string& path = file->path;
  room_.take(file->weight);
  try {
    if (options_.skip_existing && is_done(path, options_)) {
      file->passed_over = true;
      events_.push({file});
      return;
    }
    const auto turn = fits_turn();
    file->reading = read_(path);
    file->reading.spectra.path = path;
  } catch (const ToldBefore& error) {
    fail(file, error.what(), true);
    return;
  } catch (const std::exception& error) {
    fail(file, error.what());
    return;
  }
  room_.take(weight(file->reading) - file->weight);
  file->weight = weight(file->reading);
  const std::size_t targets = file->reading.targets.size();
  if (targets == 0) {
    log(LogLevel::warning, path + ": nothing selected, tables without rows are written");
  } else {
    log(LogLevel::info, path + ": " + std::to_string(targets) + " targets selected");
  }
  read_seconds_ += timer.seconds();
  if (!waiting_.empty() && !can_be_joined(waiting_.front()->reading, file->reading)) {
    send_group();
  }
  if (targets == 0) {  // nothing is gained by keeping it
    const auto turn = fits_turn();
    file->reading.release_spectra();
  } else {
    waiting_.push_back(file);
  }
  targets_ += targets;
  events_.push({file});
}

/// Read the spectra of the files that wait, batch by batch.
void Pipeline::send_group() {
  const FileGroup files = std::exchange(waiting_, {});
  const std::size_t size = fitter_.batch_size(std::exchange(targets_, 0));
  if (files.empty()) {
    return;
  }
  const std::vector<JointArm> joint = joint_arms(files);
  for (SharedBatch& shared : share_out(files, size)) {
    send(std::move(shared), joint);
  }
  const auto turn = fits_turn();
  for (const auto& file : files) {
    file->reading.release_spectra();
  }
}

void Pipeline::send(SharedBatch&& shared, const std::vector<JointArm>& joint) {
  const Kokkos::Timer timer;
  std::vector<std::vector<rvfit::io::SpectraArm>> parts;
  std::erase_if(shared.shares, [&](const Share& share) {
    if (stopped_ || share.file->given_up) {
      return true;
    }
    try {
      parts.push_back(spectra_of(share, shared.batch.exposures));
      return false;
    } catch (const std::exception& error) {
      fail(share.file, error.what());
      return true;
    }
  });
  if (!shared.shares.empty()) {
    shared.batch.arms = joined_arms(std::move(parts), joint, shared.batch.exposures);
    shared.batch.joint = joint;
    read_seconds_ += timer.seconds();
    batches_.push(std::move(shared));
  }
}

std::vector<rvfit::io::SpectraArm> Pipeline::spectra_of(const Share& share,
                                                        std::size_t exposures) const {
  Reading& reading = share.file->reading;
  std::vector<std::size_t> rows;
  for (std::size_t e = 0; e < exposures; ++e) {
    for (const std::size_t target : share.targets) {
      rows.push_back(reading.targets[target][e]);
    }
  }
  std::vector<rvfit::io::SpectraArm> arms;
  if (!reading.read_rows) {
    for (const rvfit::io::SpectraArm& arm : reading.spectra.arms) {
      arms.push_back(rvfit::io::take(arm, rows));
    }
    return arms;
  }
  const auto turn = fits_turn();
  arms = reading.read_rows(rows);
  for (std::size_t a = 0; a < arms.size(); ++a) {
    for (std::size_t n = 0; n < rows.size(); ++n) {
      reading.spectra.arms[a].snr[rows[n]] = arms[a].snr[n];
    }
  }
  return arms;
}

void Pipeline::work(std::size_t worker) {
  Kokkos::Timer timer;
  while (std::optional<SharedBatch> shared = batches_.pop()) {
    Seconds seconds;
    seconds.wait = timer.seconds();
    if (!stopped_) {
      fit(worker, std::move(*shared), seconds);
    }
    timer.reset();
  }
  leave();
}

/// Fit a batch; where that is impossible for one of its files, each file on its own.
void Pipeline::fit(std::size_t worker, SharedBatch&& shared, Seconds& seconds) {
  FileGroup files;
  for (const Share& share : shared.shares) {
    files.push_back(share.file);
  }
  try {
    BatchFit found;
    try {
      found = fitter_.fit(worker, shared.batch, seconds);
    } catch (const std::exception&) {
      if (files.size() == 1) {
        throw;
      }
      std::size_t first = 0;
      for (Share& share : shared.shares) {
        const std::size_t count = share.targets.size();
        SharedBatch alone{targets_of(shared.batch, first, count), {}};
        first += count;
        alone.shares.push_back(std::move(share));
        fit(worker, std::move(alone), seconds);
      }
      return;
    }
    for (auto& [file, part] : parts_of(std::move(shared), std::move(found))) {
      events_.push({file, std::move(part), {}, std::exchange(seconds, {})});
    }
  } catch (const std::exception& error) {
    for (const auto& file : files) {
      fail(file, file->path + ": " + error.what());
    }
  }
}

void Pipeline::take(Event&& event) {
  summary_.seconds.add(event.seconds, 1.0 / static_cast<double>(fitter_.workers()));
  FileJob& file = *event.file;
  if (!file.begun) {
    file.begun = true;
    under_way_.push_back(event.file);
  }
  if (!event.error.empty() && !file.failed) {
    file.failed = true;
    file.error = event.error;
    file.told = event.told;
  }
  if (event.part && !file.failed) {
    const Kokkos::Timer timer;
    try {
      const auto turn = fits_turn();
      outputs_.add(file, std::move(*event.part));
    } catch (const std::exception& error) {
      file.failed = true;
      file.given_up = true;
      file.error = error.what();
    }
    summary_.seconds.write += timer.seconds();
    progress_.show(base_name(under_way_.front()->path), under_way_.front()->fraction(), "fit");
  }
  while (!stopped_ && !under_way_.empty() && under_way_.front()->is_complete()) {
    finish(*under_way_.front());
    room_.give(under_way_.front()->weight);
    under_way_.pop_front();
  }
}

/// Write the outputs of a file, or say what is wrong with it.
void Pipeline::finish(FileJob& file) {
  const Kokkos::Timer timer;
  if (file.passed_over) {
    log(LogLevel::info, file.path + ": passed over, its outputs are there");
    status_.existing(file.path);
    outputs_.pass_over(file);
    return;
  }
  int stars = 0;
  if (!file.failed) {
    try {
      progress_.show(base_name(file.path), 1.0, "write");
      const auto turn = fits_turn();
      const std::vector<rvfit::FitStatus> statuses = outputs_.finish(file);
      summary_.count(statuses);
      stars = static_cast<int>(statuses.size());
    } catch (const std::exception& error) {
      file.failed = true;
      file.error = error.what();
    }
  }
  if (file.failed) {
    progress_.clear();
    const auto turn = fits_turn();
    outputs_.give_up(file);
    if (!file.told) {
      log(LogLevel::error, file.error);
    }
    status_.failure(file.path, file.since_read.seconds());
    good_ = false;
    stopped_ = options_.stop_at_failure;
  } else {
    status_.success(file.path, stars, file.since_read.seconds());
  }
  summary_.seconds.write += timer.seconds();
}

}  // namespace rvfit_programs
