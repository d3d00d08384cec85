// SPDX-License-Identifier: MIT

/// @file
/// rvfit_apogee: fit the stars of APOGEE's apVisit and apStar files.

#include "core/command_line.hpp"
#include "core/joint_targets.hpp"
#include "core/mask_option.hpp"
#include "core/program.hpp"
#include "surveys.hpp"
#include <rvfit/io/apogee/read_apogee.hpp>

#include <string>
#include <vector>

namespace {

/// NAME for all chips, or A=NAME.
void set_arms(rvfit::io::ApogeeOptions& apogee, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string chip = CLI::detail::to_lower(text.substr(0, equals));
    const std::string name = equals == std::string::npos ? text : text.substr(equals + 1);
    if (equals == std::string::npos) {
      apogee.arms.fill(name);
    } else if (chip.size() == 1 && chip[0] >= 'a' && chip[0] <= 'c' && !name.empty()) {
      apogee.arms.at(static_cast<std::size_t>(chip[0] - 'a')) = name;
    } else {
      throw CLI::ValidationError("--arm", "'" + text + "', expected NAME, or A=NAME,B=NAME,C=NAME");
    }
  }
}

}  // namespace

int rvfit_programs::run_apogee(int argc, const char* const* argv) {
  Options options;
  options.gather = true;  // a star a file
  rvfit::io::ApogeeOptions apogee;
  const char* group = "APOGEE";
  CLI::App app("Fit radial velocity, rotation and labels of the stars of APOGEE's files.",
               "rvfit_apogee");
  declare_common_options(app, options);
  add_list(
      app, "--arm", [&](const std::vector<std::string>& texts) { set_arms(apogee, texts); },
      "Arm of the emulator for all chips, or for each")
      ->default_str("apogee")
      ->type_name("NAME or CHIP=NAME,...")
      ->group(group);
  app.add_flag("--visits", apogee.visits,
               "Fit the visits of an apStar file together instead of the combined spectrum")
      ->group(group);
  add_rv_per_exposure(app, options, "visits", group);
  add_mask_bits(app, apogee.mask_bits, rvfit::io::apogee_mask_bits)->group(group);
  const auto read = [&](const std::string& path) {
    return one_target(rvfit::io::read_apogee(path, apogee));
  };
  return run_app(app, argc, argv, options, read, [&] {
    apogee.visits |= options.fit.rv_per_exposure;
    options.arms_wanted.assign(apogee.arms.begin(), apogee.arms.end());
  });
}
