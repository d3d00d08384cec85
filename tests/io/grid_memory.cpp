// SPDX-License-Identifier: MIT

/// @file
/// A grid library comes from its file to where it stays without a second copy in memory.

#include "support/fits_edit.hpp"
#include "support/policies.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/emulator/grid.hpp>
#include <rvfit/io/read_emulator.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

namespace rvfit::test {
namespace {

/// A line of Linux' account of this process [bytes], or 0 elsewhere.
double process_memory(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0.0;
    if (word == name + ":" && status >> kilobytes) {
      return 1024.0 * kilobytes;
    }
  }
  return 0.0;
}

TEST_CASE("read_emulator: a grid is in memory once") {
  if (!FloatPolicy::on_host || process_memory("VmHWM") == 0.0) {
    std::cout << "[skipped] templates are not in this process' memory, or it has no account\n";
    return;
  }
  constexpr long pixels = 400000, templates = 35;
  const ScratchFolder folder;
  const std::string path = folder / "emulator.fits";
  std::filesystem::copy_file(environment("RVFIT_TEST_DATA") + "/emulator-grid-tiny.fits", path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  {
    FitsEdit file(path);
    file.at("TINY_G_INPUT").set("GRIDSIZE", static_cast<int>(pixels));
    file.at("TINY_G_TEMPLATES").resize({pixels, templates}, FLOAT_IMG);
  }
  const Exec exec{};
  const double before = process_memory("VmRSS");
  const EmulatorData data = io::read_emulator(path);
  const GridLibrary<FloatPolicy> library(exec, data.arms.front(), GridInterpolation::cubic, false);
  const double grown = process_memory("VmHWM") - before;
  const double size = 4.0 * pixels * templates;
  CHECK(library.pixels() == pixels);
  // The templates are there, but for pages that were resident before; measured 1.002 of them.
  CHECK(process_memory("VmRSS") - before > 0.9 * size);
  // One copy, a buffer of 8 MiB, and what a sanitizer adds; two copies would be 2.
  CHECK(grown < 1.5 * size);
}

}  // namespace
}  // namespace rvfit::test
