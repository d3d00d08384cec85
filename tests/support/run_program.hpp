// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Runs rvfit's own programs from a test, on files simulated from the demonstration's emulator.

#include "support/scratch_folder.hpp"

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace rvfit::test {

struct ProgramRun {
  int exit_code;
  std::string out;
  std::string err;
};

[[nodiscard]] inline std::string quoted(const std::string& text) { return "'" + text + "'"; }

/// Whether this build has the programs.
[[nodiscard]] inline bool have_programs() {
  const std::filesystem::path folder = environment("RVFIT_BIN_DIR");
  return std::filesystem::exists(folder / "rvfit_desi") &&
         std::filesystem::exists(folder / "rvfit_simulate");
}

/// Run a program of RVFIT_BIN_DIR; its streams go through files of the folder.
[[nodiscard]] inline ProgramRun run_program(const ScratchFolder& folder, const std::string& name,
                                            const std::string& arguments) {
  const std::string out = folder / "stdout.txt";
  const std::string err = folder / "stderr.txt";
  const std::string command = quoted(environment("RVFIT_BIN_DIR") + "/" + name) + " " + arguments +
                              " > " + quoted(out) + " 2> " + quoted(err);
  const int status = std::system(command.c_str());
  ProgramRun run{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_bytes(out), read_bytes(err)};
  std::filesystem::remove(out);
  std::filesystem::remove(err);
  return run;
}

[[nodiscard]] inline std::string demo_emulator() {
  return environment("RVFIT_SOURCE_DIR") + "/programs/demo/emulator.fits";
}

/// Simulate stars of S/N 50.
[[nodiscard]] inline ProgramRun simulate(const ScratchFolder& folder, const std::string& path,
                                         int stars) {
  return run_program(folder, "rvfit_simulate",
                     "--emulator " + quoted(demo_emulator()) + " --output " + quoted(path) +
                         " --snr-min 50 --snr-max 50 --stars " + std::to_string(stars));
}

/// Fit a file into the folder `out` with an emulator.
[[nodiscard]] inline ProgramRun fit(const ScratchFolder& folder, const std::string& emulator,
                                    const std::string& path, const std::string& more = {}) {
  return run_program(folder, "rvfit_desi",
                     "--emulator " + quoted(emulator) + " --output-dir " + quoted(folder / "out") +
                         " " + more + " " + quoted(path));
}

}  // namespace rvfit::test
