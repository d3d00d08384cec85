// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Messages of a run: lines on standard error, `PROGRAM: LEVEL: TEXT` (errors without the level), or in a
/// file, with the time.

#include "options.hpp"

#include <string>

namespace rvfit_programs {

/// Messages go where the options say from now on; errors go to standard error in any case.
/// @throws rvfit::io::IoError  the file cannot be written
void start_log(const std::string& program, const Options& options);

/// One line, whatever is in the text. May be called by several threads.
void log(LogLevel level, std::string text);

/// Whether all messages have been written so far: a log on a full disk is told once, and messages go to
/// standard error from then on.
[[nodiscard]] bool log_is_whole();

}  // namespace rvfit_programs
