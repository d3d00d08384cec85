// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Files stream through a program: one thread reads the spectra of a batch, others fit batches, the
/// calling one writes. Between them are short queues, so that memory is set by the size of a batch and not
/// by that of a file or of their number; nobody waits for anybody unless a queue is full or empty.
///
/// A bad file costs nothing but itself, wherever in it the fault is found. Files are finished in the order
/// in which they were begun, and no more are begun than `room_` has place for: if one takes long, those after it
/// wait in bounded number, and reading waits for it.

#include "bounded_queue.hpp"
#include "file_job.hpp"
#include "file_list.hpp"
#include "options.hpp"
#include "outputs.hpp"
#include "process_status.hpp"
#include "program.hpp"
#include "progress.hpp"
#include "room.hpp"
#include "summary.hpp"
#include "survey_fitter.hpp"

#include <atomic>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rvfit_programs {

class Pipeline {
 public:
  /// @param[in,out] files    to work through
  /// @param[in,out] summary  gains what was done
  Pipeline(const Options& options, const Reader& read, FileList& files, SurveyFitter& fitter,
           Outputs& outputs, ProcessStatus& status, Summary& summary);

  /// Fit all files; true if every one went well.
  /// @throws rvfit::io::IoError  the list of files cannot be read, or the status file not written
  [[nodiscard]] bool run();

 private:
  /// Something that has become of a file: it has been begun, one of its batches is done, or it has failed.
  struct Event {
    std::shared_ptr<FileJob> file;
    std::optional<Part> part = {};
    std::string error = {};
    Seconds seconds = {};
    bool told = false;  ///< the error, for another file
  };

  // The thread that reads calls these.
  void read_all();
  void read(const std::shared_ptr<FileJob>& file);
  [[nodiscard]] std::size_t weight(const Reading& reading) const;
  void send_group();
  [[nodiscard]] std::ptrdiff_t open_files() const;  ///< among the files that wait
  void send(SharedBatch&& shared, const std::vector<JointArm>& joint);
  [[nodiscard]] std::vector<rvfit::io::SpectraArm> spectra_of(const Share& share,
                                                              std::size_t exposures) const;
  void fail(const std::shared_ptr<FileJob>& file, const std::string& error, bool told = false);

  // The threads that fit call these.
  void work(std::size_t worker);
  void fit(std::size_t worker, SharedBatch&& shared, Seconds& seconds);

  // The calling thread calls these.
  void take(Event&& event);
  void finish(FileJob& file);

  /// No more events from one of the threads.
  void leave();

  const Options& options_;
  const Reader& read_;
  FileList& files_;
  SurveyFitter& fitter_;
  Outputs& outputs_;
  ProcessStatus& status_;
  Summary& summary_;
  Progress progress_;
  std::size_t few_batches_;  ///< targets of some batches for every worker
  std::size_t group_size_;   ///< targets that are waited for: those, or of one file
  Room room_;                ///< for files under way

  BoundedQueue<SharedBatch> batches_;
  BoundedQueue<Event> events_;
  std::atomic<std::size_t> running_;           ///< threads that send events
  std::atomic<bool> stopped_ = false;          ///< no more work is to be done
  std::atomic<bool> reading_stopped_ = false;  ///< no more files are to be taken

  // The thread that reads owns these.
  FileGroup waiting_;        ///< read, not sent
  std::size_t targets_ = 0;  ///< of these files
  double read_seconds_ = 0.0;
  std::exception_ptr reading_ended_;

  std::deque<std::shared_ptr<FileJob>> under_way_;  ///< in their order
  bool good_ = true;
};

}  // namespace rvfit_programs
