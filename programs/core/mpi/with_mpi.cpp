// SPDX-License-Identifier: MIT

/// @file
/// Everything that processes tell each other lies in memory of rank 0, which all reach one-sidedly:
/// a counter of files given out, and for each rank a sign of life, whether it has finished, and its
/// summary. Nobody waits in a collective call for a process that may be dead: rank 0 alone judges that, and the
/// others wait for its verdict. If all have finished, MPI_Finalize; if one is dead, rank 0 stays until
/// the living have read so.

#include "../log.hpp"
#include "../processes.hpp"

#include <mpi.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace rvfit_programs {
namespace {

using std::chrono::steady_clock;

constexpr auto between_signs = std::chrono::milliseconds(100);
constexpr auto dead_after = std::chrono::seconds(20);  // of no sign of life

/// Whether all have finished.
enum Verdict : std::int64_t { undecided, all_finished, some_dead };

/// The memory of rank 0 for all ranks.
struct Common {
  std::int64_t next_number;
  std::int64_t verdict;
  std::int64_t gone;  ///< ranks that have read it, and will look no more
};

constexpr MPI_Aint next_number_place = offsetof(Common, next_number);
constexpr MPI_Aint verdict_place = offsetof(Common, verdict);
constexpr MPI_Aint gone_place = offsetof(Common, gone);

/// The memory of rank 0 for each rank.
struct Slot {
  std::int64_t signs_of_life;
  std::int64_t finished;
  std::array<char, 4080> summary;  ///< JSON
};

void require(int code, const char* what) {
  if (code != MPI_SUCCESS) {
    throw std::runtime_error(std::string("MPI: ") + what + " failed");
  }
}

class MpiProcesses final : public Processes {
 public:
  MpiProcesses() {
    int level = MPI_THREAD_SINGLE;
    require(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level), "start");
    if (level < MPI_THREAD_SERIALIZED) {
      throw std::runtime_error("MPI: does not serve several threads");
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm machine = MPI_COMM_NULL;
    require(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine),
            "list of the processes of a machine");
    MPI_Comm_rank(machine, &local_rank_);
    MPI_Comm_free(&machine);
    const auto bytes = rank_ == 0 ? slot_place(size_) : 0;
    void* memory = nullptr;
    require(MPI_Win_allocate(bytes, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &window_),
            "shared memory");
    MPI_Win_set_errhandler(window_, MPI_ERRORS_RETURN);
    if (bytes > 0) {
      std::memset(memory, 0, static_cast<std::size_t>(bytes));
    }
    require(MPI_Barrier(MPI_COMM_WORLD), "start of all processes");
    require(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_), "shared memory");
    alive_ = std::thread([this] { show_signs_of_life(); });
  }

  ~MpiProcesses() override {
    try {
      if (!finished_) {
        (void)finish({});  // something has gone wrong; the others shall not wait
      }
    } catch (const std::exception&) {
      verdict_ = some_dead;  // rank 0 is dead
    }
    stop_signs_of_life();
    if (verdict_ == all_finished) {
      MPI_Win_unlock_all(window_);
      MPI_Win_free(&window_);
      MPI_Finalize();
    }  // else it would wait for the dead
  }

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int local_rank() const override { return local_rank_; }

  [[nodiscard]] std::size_t next_number() override {
    return static_cast<std::size_t>(add(next_number_place, 1));
  }

  [[nodiscard]] std::optional<Summary> finish(const Summary& summary) override {
    finished_ = true;
    std::array<char, 4080> text{};
    const std::string json = to_json(summary).dump();
    std::copy_n(json.begin(), std::min(json.size(), text.size() - 1), text.begin());
    {
      const std::lock_guard lock(turn_);
      MPI_Put(text.data(), static_cast<int>(text.size()), MPI_BYTE, 0,
              slot_place(rank_) + static_cast<MPI_Aint>(offsetof(Slot, summary)),
              static_cast<int>(text.size()), MPI_BYTE, window_);
      MPI_Win_flush(0, window_);
    }
    add(slot_place(rank_) + static_cast<MPI_Aint>(offsetof(Slot, finished)), 1);
    if (rank_ == 0) {
      return joined(judge());
    }
    while (verdict_ == undecided) {
      std::this_thread::sleep_for(between_signs);
      verdict_ = add(verdict_place, 0);
    }
    if (verdict_ == some_dead) {
      stop_signs_of_life();
      add(gone_place, 1);
    }
    return std::nullopt;
  }

 private:
  /// The place of a rank's slot in the memory of rank 0.
  [[nodiscard]] static MPI_Aint slot_place(int rank) {
    return static_cast<MPI_Aint>(sizeof(Common) + static_cast<std::size_t>(rank) * sizeof(Slot));
  }

  /// Add to a number of rank 0's. @return  what it was
  std::int64_t add(MPI_Aint place, std::int64_t number) {
    const std::lock_guard lock(turn_);
    std::int64_t before = 0;
    require(MPI_Fetch_and_op(&number, &before, MPI_INT64_T, 0, place, MPI_SUM, window_),
            "counting of files");
    require(MPI_Win_flush(0, window_), "counting of files");
    return before;
  }

  /// Runs in a thread of its own, and lets MPI serve the others if the network cannot by itself.
  void show_signs_of_life() {
    while (!stop_) {
      try {
        add(slot_place(rank_) + static_cast<MPI_Aint>(offsetof(Slot, signs_of_life)), 1);
      } catch (const std::runtime_error&) {
        return;  // rank 0 is dead
      }
      {
        const std::lock_guard lock(turn_);
        int any = 0;
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &any, MPI_STATUS_IGNORE);
      }
      std::this_thread::sleep_for(between_signs);
    }
  }

  void stop_signs_of_life() {
    stop_ = true;
    if (alive_.joinable()) {
      alive_.join();
    }
  }

  [[nodiscard]] std::vector<Slot> slots() {
    std::vector<Slot> all(static_cast<std::size_t>(size_));
    const auto bytes = static_cast<int>(all.size() * sizeof(Slot));
    const std::lock_guard lock(turn_);
    require(MPI_Get(all.data(), bytes, MPI_BYTE, 0, slot_place(0), bytes, MPI_BYTE, window_),
            "look at the others");
    require(MPI_Win_flush(0, window_), "look at the others");
    return all;
  }

  /// Rank 0 waits until each has finished or shows no sign of life, tells the others, and if one is dead
  /// waits until they know.
  [[nodiscard]] std::vector<Slot> judge() {
    std::vector<Slot> all = wait_for_others();
    std::int64_t living = 0;
    for (const Slot& slot : all) {
      living += slot.finished;
    }
    verdict_ = living == size_ ? all_finished : some_dead;
    add(verdict_place, verdict_);
    if (verdict_ == some_dead) {
      const auto since = steady_clock::now();
      while (add(gone_place, 0) < living - 1 && steady_clock::now() - since < dead_after) {
        std::this_thread::sleep_for(between_signs);
      }
    }
    return all;
  }

  /// Wait until each has finished or shows no sign of life.
  [[nodiscard]] std::vector<Slot> wait_for_others() {
    std::vector<Slot> last(static_cast<std::size_t>(size_));
    std::vector<steady_clock::time_point> seen(last.size(), steady_clock::now());
    while (true) {
      std::vector<Slot> now = slots();
      bool working = false;
      for (std::size_t r = 0; r < now.size(); ++r) {
        if (now[r].signs_of_life != last[r].signs_of_life) {
          seen[r] = steady_clock::now();
        }
        const bool silent = steady_clock::now() - seen[r] > dead_after;
        working = working || (now[r].finished == 0 && !silent);
      }
      if (!working) {
        return now;
      }
      last = now;
      std::this_thread::sleep_for(between_signs);
    }
  }

  [[nodiscard]] static Summary joined(const std::vector<Slot>& slots) {
    std::vector<Summary> summaries;
    for (std::size_t r = 0; r < slots.size(); ++r) {
      if (slots[r].finished != 0) {
        summaries.push_back(summary_of(nlohmann::json::parse(slots[r].summary.data())));
      } else {
        log(LogLevel::error,
            "rank " + std::to_string(r) +
                " has died: run again with --skip-existing to fit what it left undone");
      }
    }
    Summary all = sum_of(summaries);
    all.lost = static_cast<int>(slots.size() - summaries.size());
    return all;
  }

  int rank_ = 0, local_rank_ = 0, size_ = 1;
  MPI_Win window_ = MPI_WIN_NULL;
  std::mutex turn_;  ///< to call MPI
  std::atomic<bool> stop_ = false;
  std::thread alive_;
  bool finished_ = false;
  std::int64_t verdict_ = undecided;
};

}  // namespace

std::unique_ptr<Processes> join_processes() { return std::make_unique<MpiProcesses>(); }

}  // namespace rvfit_programs
