// SPDX-License-Identifier: MIT

#include "settings.hpp"

#include "core/command_line.hpp"
#include <rvfit/core/require.hpp>

namespace rvfit_python {

rvfit_programs::Options options_of(const std::vector<std::string>& arguments,
                                   const SurveySettings& survey) {
  rvfit_programs::Options options;
  options.files = {"spectra"};
  options.has_matrices = survey.has_matrices;
  options.spectra.file_tells = survey.has_line_spread;
  CLI::App app("Fit spectra in arrays.", "rvfit");
  app.set_help_flag();
  app.set_config("--config", "", "Settings");
  rvfit_programs::declare_fit_options(app, options);
  rvfit_programs::add_rv_per_exposure(app, options, "exposures of a star", "Fit");
  std::vector<const char*> words{"rvfit"};
  for (const std::string& argument : arguments) {
    words.push_back(argument.c_str());
  }
  const rvfit_programs::CommandLine line =
      rvfit_programs::parse(app, static_cast<int>(words.size()), words.data(), options);
  if (!line.run) {
    throw rvfit::InvalidArgument(line.message);
  }
  for (const auto& [lower, upper] : survey.masked) {
    options.fit.preparation.masked.add({lower, upper});
  }
  options.fit.preparation.error_floor = survey.error_floor;
  return options;
}

}  // namespace rvfit_python
