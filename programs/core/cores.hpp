// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The cores that a process may use.

namespace rvfit_programs {

/// Cores that the system lends this process, at least 1: those of its affinity (taskset, mpirun's binding), else all.
[[nodiscard]] int usable_cores();

}  // namespace rvfit_programs
