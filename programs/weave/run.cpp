// SPDX-License-Identifier: MIT

/// @file
/// rvfit_weave: fit the stars of WEAVE's L1 files.

#include "core/command_line.hpp"
#include "core/program.hpp"
#include "surveys.hpp"
#include <rvfit/io/weave/read_weave.hpp>

#include <string>
#include <utility>

int rvfit_programs::run_weave(int argc, const char* const* argv) {
  Options options;
  rvfit::io::WeaveOptions weave;
  const char* group = "WEAVE";
  CLI::App app("Fit radial velocity, rotation and labels of the stars of WEAVE's L1 files.",
               "rvfit_weave");
  declare_common_options(app, options);
  add_arm(app, "--arm-b", weave.arm_b, "for the blue camera", group);
  add_arm(app, "--arm-r", weave.arm_r, "for the red camera", group);
  app.add_flag("--all-rows", weave.all_rows, "Also fibers on the sky")->group(group);
  const auto read = [&](const std::string& path) {
    rvfit::io::WeaveFile file = rvfit::io::read_weave(path, weave);
    Reading reading;
    reading.spectra = std::move(file.spectra);
    reading.targets = rvfit::io::one_by_one(file.targets);
    return reading;
  };
  return run_app(app, argc, argv, options, read, [&] {
    options.arms_possible = {weave.arm_b, weave.arm_r};
  });
}
