// SPDX-License-Identifier: MIT

/// @file
/// rvfit_lamost: fit the stars of LAMOST's files, of low and medium resolution.

#include "core/command_line.hpp"
#include "core/joint_targets.hpp"
#include "core/mask_option.hpp"
#include "core/program.hpp"
#include <rvfit/io/lamost/read_lamost.hpp>

#include <string>

int main(int argc, char** argv) {
  rvfit_programs::Options options;
  options.gather = true;       // a star a file
  options.fit.clip.sigma = 5;  // cosmic rays are not masked
  rvfit::io::LamostOptions lamost;
  const char* group = "LAMOST";
  CLI::App app("Fit radial velocity, rotation and labels of the stars of LAMOST's files.",
               "rvfit_lamost");
  rvfit_programs::declare_common_options(app, options);
  app.add_option("--arm", lamost.arm, "Arm of the emulator for low resolution")
      ->capture_default_str()
      ->group(group);
  app.add_option("--arm-b", lamost.arm_b, "Arm of the emulator for medium resolution, blue")
      ->capture_default_str()
      ->group(group);
  app.add_option("--arm-r", lamost.arm_r, "The same, red")->capture_default_str()->group(group);
  rvfit_programs::add_choice<std::string>(app, "--fit-arm", lamost.camera,
                                          {{"B", "B"}, {"R", "R"}, {"both", ""}},
                                          "Camera of medium resolution to fit: B, R or both")
      ->group(group);
  app.add_flag("--exposures", lamost.exposures,
               "Fit the exposures of medium resolution together instead of the coadds")
      ->group(group);
  app.add_flag("--rv-per-exposure", options.fit.rv_per_exposure,
               "Fit the exposures with an rv for each")
      ->group(group);
  rvfit_programs::add_mask_bits(app, lamost.mask_bits, rvfit::io::lamost_mask_bits)->group(group);
  const rvfit_programs::CommandLine line = rvfit_programs::parse(app, argc, argv, options, [&] {
    lamost.exposures = lamost.exposures || options.fit.rv_per_exposure;
  });
  return rvfit_programs::run_program("rvfit_lamost", line, options, [&](const std::string& path) {
    return rvfit_programs::one_target(rvfit::io::read_lamost(path, lamost));
  });
}
