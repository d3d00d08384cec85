// SPDX-License-Identifier: MIT

#include "runtime.hpp"

#include "core/cores.hpp"
#include <rvfit/core/pack.hpp>

#include <Kokkos_Core.hpp>
#include <fitsio.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <set>
#include <stdexcept>

namespace rvfit_python {
namespace {

/// All that belongs to the process. It is never destroyed: objects may die after static ones.
struct Process {
  std::mutex starting;
  std::shared_mutex running;  ///< shared by calls, alone while Kokkos ends
  std::mutex listing;
  std::set<Resource*> resources;
  std::atomic<pid_t> owner = 0;  ///< that started Kokkos; 0: nobody
  std::atomic<bool> ending = false;
  int threads = 0;
};

[[nodiscard]] Process& process() {
  static Process* const one = new Process;  // NOLINT(cppcoreguidelines-owning-memory): see above
  return *one;
}

/// Threads: as asked for, or $OMP_NUM_THREADS, and no more than cores.
[[nodiscard]] int chosen_threads(int asked) {
  const char* environment = std::getenv("OMP_NUM_THREADS");
  const int wanted = asked > 0 ? asked : environment == nullptr ? 0 : std::atoi(environment);
  const int cores = rvfit_programs::usable_cores();
  return wanted > 0 && wanted < cores ? wanted : cores;
}

void start() {
  Process& here = process();
  const std::lock_guard lock(here.starting);
  if (here.owner != 0) {
    return;
  }
  if (!Kokkos::is_initialized() && !Kokkos::is_finalized()) {
    Kokkos::InitializationSettings settings;
    settings.set_disable_warnings(true);
    settings.set_num_threads(chosen_threads(here.threads));
    Kokkos::initialize(settings);
  }
  here.owner = getpid();
}

}  // namespace

Resource::Resource() {
  Process& here = process();
  const std::lock_guard lock(here.listing);
  here.resources.insert(this);
}

Resource::~Resource() {
  Process& here = process();
  const std::lock_guard lock(here.listing);
  here.resources.erase(this);
}

void Resource::retire() {
  Process& here = process();
  const std::lock_guard lock(here.listing);
  if (here.resources.erase(this) > 0 && !is_forked()) {
    release();
  }
}

Session::Session() {
  if (is_forked()) {
    throw std::runtime_error(
        "rvfit ran before this process was forked, and threads do not survive a fork: start "
        "processes by "
        "multiprocessing.get_context('spawn'), or call rvfit in them only");
  }
  Process& here = process();
  lock_ = std::shared_lock(here.running);
  if (here.ending) {
    throw Ending("rvfit has ended with the interpreter");
  }
  start();
}

void set_threads(int threads) {
  Process& here = process();
  const std::lock_guard lock(here.starting);
  if (here.owner != 0 && Kokkos::DefaultExecutionSpace().concurrency() != chosen_threads(threads)) {
    throw std::runtime_error("rvfit runs with " +
                             std::to_string(Kokkos::DefaultExecutionSpace().concurrency()) +
                             " threads already: set their number before the first fit");
  }
  here.threads = threads;
}

bool is_ending() { return process().ending; }

bool is_forked() {
  const pid_t owner = process().owner;
  return owner != 0 && owner != getpid();
}

void stop() {
  Process& here = process();
  here.ending = true;
  if (is_forked() || here.owner == 0) {
    return;
  }
  const std::unique_lock alone(here.running);
  {
    const std::lock_guard lock(here.listing);
    for (Resource* resource : here.resources) {
      resource->release();
    }
  }
  if (Kokkos::is_initialized() && !Kokkos::is_finalized()) {
    Kokkos::finalize();
  }
}

Info info() {
  const int version = KOKKOS_VERSION;
  const bool runs = process().owner != 0 && !is_forked() && !is_ending();
  return {std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
              std::to_string(version % 100),
          Kokkos::DefaultExecutionSpace::name(),
          runs ? Kokkos::DefaultExecutionSpace().concurrency() : 0,
          std::to_string(CFITSIO_MAJOR) + "." + std::to_string(CFITSIO_MINOR) + "." +
              std::to_string(CFITSIO_MICRO),
          rvfit::native_pack_size<float> * static_cast<int>(sizeof(float))};
}

}  // namespace rvfit_python
