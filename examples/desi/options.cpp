// SPDX-License-Identifier: MIT

#include "options.hpp"

#include <algorithm>

namespace rvfit_desi {
namespace {

/// Arms in the order of wavelength, each once, however they were asked for.
std::vector<std::string> in_order(const std::vector<std::string>& asked) {
  std::vector<std::string> arms;
  for (const char* label : {"B", "R", "Z"}) {
    const auto is_label = [&](const std::string& arm) {
      return CLI::detail::to_lower(arm) == CLI::detail::to_lower(label);
    };
    if (std::any_of(asked.begin(), asked.end(), is_label)) {
      arms.emplace_back(label);
    }
  }
  return arms;
}

}  // namespace

rvfit_survey::CommandLine parse_command_line(int argc, char** argv, Options& options) {
  CLI::App app("Fit radial velocity, rotation and labels of every star of DESI files.",
               "rvfit_desi");
  rvfit_survey::declare_common_options(app, options);
  app.add_flag("--all-rows", options.all_rows,
               "Fit every row, also sky, bad and those with a bad fiber status");
  app.add_flag("--join-exposures", options.join_exposures,
               "Fit all rows of a TARGETID together (spectra- files), with one rv");
  app.add_flag("--rv-per-exposure", options.fit.rv_per_exposure,
               "Fit all rows of a TARGETID together, with an rv for each");
  app.add_option_function<std::vector<std::string>>(
         "--fit-arm",
         [&](const std::vector<std::string>& asked) { options.arms = in_order(asked); },
         "Arms to fit")
      ->delimiter(',')
      ->check(CLI::IsMember({"b", "r", "z"}, CLI::ignore_case))
      ->default_str("b,r,z");
  app.add_flag("!--no-dichroic-mask", options.fit.preparation.mask_dichroic,
               "Use the pixels of 4300 to 4450 Angstrom, too");
  const rvfit_survey::CommandLine line = rvfit_survey::parse(app, argc, argv, options);
  options.join_exposures = options.join_exposures || options.fit.rv_per_exposure;
  return line;
}

}  // namespace rvfit_desi
