// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The programs that fit the files of a survey, or tables of any, and are a source or two each; rvfit_desi has more.
/// Each returns the exit code.

namespace rvfit_programs {

[[nodiscard]] int run_apogee(int argc, const char* const* argv);
[[nodiscard]] int run_lamost(int argc, const char* const* argv);
[[nodiscard]] int run_sdss(int argc, const char* const* argv);
[[nodiscard]] int run_table(int argc, const char* const* argv);
[[nodiscard]] int run_weave(int argc, const char* const* argv);

}  // namespace rvfit_programs
