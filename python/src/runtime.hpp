// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Kokkos in a Python process: it starts with the first call that needs it and ends with the interpreter, in
/// whatever order objects die.

#include <shared_mutex>
#include <stdexcept>
#include <string>

namespace rvfit_python {

/// An object with memory of Kokkos, which it gives up when Kokkos ends.
class Resource {
 public:
  Resource();
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;
  virtual ~Resource();

  /// Free all memory of Kokkos. No call that uses the object is under way.
  virtual void release() = 0;

 protected:
  /// For destructors of derived classes: free the memory, unless `stop` has, which may run meanwhile.
  void retire();
};

/// Ends a call, and silently its thread: the interpreter ends.
class Ending : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The time in which a call uses Kokkos; starts it. It begins and ends with the interpreter's lock, which the call
/// gives up in between: so `stop` waits until threads are back in Python, where they can end.
class Session {
 public:
  /// @throws std::runtime_error  in a process forked from one whose Kokkos runs
  /// @throws Ending              the interpreter ends
  Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() = default;

 private:
  std::shared_lock<std::shared_mutex> lock_;
};

/// Threads that Kokkos is to start with; 0: as many as cores, or $OMP_NUM_THREADS, if fewer.
/// @throws std::runtime_error  Kokkos runs with another number
void set_threads(int threads);

/// Whether the interpreter ends, so that long calls are to stop.
[[nodiscard]] bool is_ending();

/// Whether this process was forked from one whose Kokkos ran: memory of Kokkos must be left alone.
[[nodiscard]] bool is_forked();

/// End Kokkos, after the calls under way.
void stop();

/// Facts about the build and the process.
struct Info {
  std::string kokkos;           ///< version
  std::string execution_space;  ///< OpenMP, Serial, ..
  int threads;                  ///< of the execution space; 0: Kokkos has not started
  std::string cfitsio;          ///< version
  int register_bytes;           ///< of a vector register that the module is compiled for
};
[[nodiscard]] Info info();

}  // namespace rvfit_python
