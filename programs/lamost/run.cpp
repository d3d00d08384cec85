// SPDX-License-Identifier: MIT

/// @file
/// rvfit_lamost: fit the stars of LAMOST's files, of low and medium resolution.

#include "core/command_line.hpp"
#include "core/joint_targets.hpp"
#include "core/mask_option.hpp"
#include "core/program.hpp"
#include "surveys.hpp"
#include <rvfit/io/lamost/read_lamost.hpp>

#include <string>

int rvfit_programs::run_lamost(int argc, const char* const* argv) {
  Options options;
  options.gather = true;       // a star a file
  options.fit.clip.sigma = 5;  // cosmic rays are not masked
  rvfit::io::LamostOptions lamost;
  const char* group = "LAMOST";
  CLI::App app("Fit radial velocity, rotation and labels of the stars of LAMOST's files.",
               "rvfit_lamost");
  declare_common_options(app, options);
  add_arm(app, "--arm", lamost.arm, "for low resolution", group);
  add_arm(app, "--arm-b", lamost.arm_b, "for medium resolution, blue", group);
  add_arm(app, "--arm-r", lamost.arm_r, "for medium resolution, red", group);
  add_choice<std::string>(app, "--fit-arm", lamost.camera, {{"B", "B"}, {"R", "R"}, {"both", ""}},
                          "Camera of medium resolution to fit: B, R or both")
      ->group(group);
  app.add_flag("--exposures", lamost.exposures,
               "Fit the exposures of medium resolution together instead of the coadds")
      ->group(group);
  add_rv_per_exposure(app, options, "exposures", group);
  add_mask_bits(app, lamost.mask_bits, rvfit::io::lamost_mask_bits)->group(group);
  const auto read = [&](const std::string& path) {
    return one_target(rvfit::io::read_lamost(path, lamost));
  };
  return run_app(app, argc, argv, options, read, [&] {
    lamost.exposures = lamost.exposures || options.fit.rv_per_exposure;
    options.arms_possible = {lamost.arm};
    if (lamost.camera != "R") {
      options.arms_possible.push_back(lamost.arm_b);
    }
    if (lamost.camera != "B") {
      options.arms_possible.push_back(lamost.arm_r);
    }
  });
}
