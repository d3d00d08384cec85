// SPDX-License-Identifier: MIT

#include "../processes.hpp"

#include <stdexcept>

namespace rvfit_programs {

std::unique_ptr<Processes> join_processes() {
  throw std::runtime_error(
      "--mpi: built without MPI; processes share a list with --input-file-from LIST --queue-file, "
      "too");
}

}  // namespace rvfit_programs
