// SPDX-License-Identifier: MIT

#include "command_line.hpp"
#include "options.hpp"

namespace rvfit_programs {

void declare_spectra_options(CLI::App& app, SpectraSettings& spectra) {
  using rvfit::Medium;
  const char* group = "Spectra";
  CLI::Option* vacuum =
      app.add_flag_callback(
             "--vacuum", [&spectra] { spectra.medium = Medium::vacuum; },
             "Wavelengths of the spectra are in vacuum (known for surveys, unknown for tables)")
          ->group(group);
  app.add_flag_callback(
         "--air", [&spectra] { spectra.medium = Medium::air; },
         "Wavelengths of the spectra are in air")
      ->excludes(vacuum)
      ->group(group);
  add_choice(app, "--library-medium", spectra.library_medium,
             {{"vacuum", Medium::vacuum}, {"air", Medium::air}},
             "Wavelengths of the library, if it does not say: vacuum or air")
      ->default_str("the library's")
      ->group(group);
}

}  // namespace rvfit_programs
