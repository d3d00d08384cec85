// SPDX-License-Identifier: MIT

/// @file
/// rvfit_sdss: fit the stars of SDSS and BOSS spec- files. Also an example of a survey: a reader and
/// options of its own.

#include "core/command_line.hpp"
#include "core/joint_targets.hpp"
#include "core/mask_option.hpp"
#include "core/program.hpp"
#include "surveys.hpp"
#include <rvfit/io/sdss/read_sdss.hpp>

#include <string>

int rvfit_programs::run_sdss(int argc, const char* const* argv) {
  Options options;
  options.gather = true;  // often a star a file
  options.spectra.file_tells = true;
  rvfit::io::SdssOptions sdss;
  const char* group = "SDSS";
  CLI::App app("Fit radial velocity, rotation and labels of the stars of SDSS spec- files.",
               "rvfit_sdss");
  declare_common_options(app, options);
  add_arm(app, "--arm", sdss.arm, "", group);
  app.add_flag("--exposures", sdss.exposures,
               "Fit the exposures of both cameras together instead of the coadd")
      ->group(group);
  add_rv_per_exposure(app, options, "exposures", group);
  add_mask_bits(app, sdss.mask_bits, rvfit::io::sdss_mask_bits)->group(group);
  const auto read = [&](const std::string& path) {
    return one_target(rvfit::io::read_sdss(path, sdss));
  };
  return run_app(app, argc, argv, options, read, [&] {
    sdss.exposures = sdss.exposures || options.fit.rv_per_exposure;
    options.arms_wanted = {sdss.arm};
  });
}
