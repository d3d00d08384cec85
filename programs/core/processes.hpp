// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Processes that share the files of a run: MPI, where the programs are built with it.

#include "summary.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace rvfit_programs {

/// The processes of a run, seen from one of them.
class Processes {
 public:
  Processes() = default;
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;
  virtual ~Processes() = default;

  [[nodiscard]] virtual int rank() const = 0;
  /// Rank among the processes of this machine.
  [[nodiscard]] virtual int local_rank() const = 0;

  /// The next of 0, 1, 2, .. that no process has been given.
  [[nodiscard]] virtual std::size_t next_number() = 0;

  /// Wait until every process has come here or is dead.
  ///
  /// @param[in] summary  of this process
  /// @return             of all that have come here, for rank 0; nothing for others
  [[nodiscard]] virtual std::optional<Summary> finish(const Summary& summary) = 0;
};

/// Join the other processes that mpirun has started; the destructor leaves them.
/// @throws std::runtime_error  the program was built without MPI, or MPI does not start
[[nodiscard]] std::unique_ptr<Processes> join_processes();

}  // namespace rvfit_programs
