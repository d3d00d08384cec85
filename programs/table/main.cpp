// SPDX-License-Identifier: MIT

/// @file
/// rvfit_table: fit the stars of any FITS tables of spectra.

#include "core/command_line.hpp"
#include "core/program.hpp"
#include <rvfit/io/read_table.hpp>

#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_table {
namespace {

struct Options : rvfit_programs::Options {
  std::vector<rvfit::io::TableArm> arms;
  rvfit::io::TableColumns columns;
};

/// "desi_b" or "desi_b=B_SPECTRA".
rvfit::io::TableArm parse_arm(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return {text};
  }
  if (equals == 0 || equals + 1 == text.size()) {
    throw CLI::ValidationError("--arm", "'" + text + "', expected NAME or NAME=HDU");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void declare(CLI::App& app, Options& options) {
  rvfit::io::TableColumns& columns = options.columns;
  const char* group = "Tables";
  app.add_option_function<std::vector<std::string>>(
         "--arm",
         [&options](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             options.arms.push_back(parse_arm(text));
           }
         },
         "NAME or NAME=HDU: an arm of the emulator and the table that shows it (name or number of "
         "the HDU, 1 if not given); repeatable")
      ->required()
      ->group(group);
  app.add_option("--wave-column", columns.wave,
                 "Column of wavelengths; one whose name begins with log holds log10 [wave, "
                 "wavelength, lambda, loglam or log_wave]")
      ->group(group);
  app.add_option("--wave-hdu", columns.wave_hdu,
                 "Table that holds the wavelengths of all stars, if it is another")
      ->group(group);
  app.add_option("--flux-column", columns.flux, "Column of fluxes [flux]")->group(group);
  CLI::Option* ivar =
      app.add_option("--ivar-column", columns.ivar, "Column of inverse variances [ivar]")
          ->group(group);
  app.add_option("--error-column", columns.error,
                 "Column of errors, where there is no ivar [err, error, sigma or flux_error]")
      ->excludes(ivar)
      ->group(group);
  app.add_option("--mask-column", columns.mask, "Column that is not 0 where a pixel is bad")
      ->group(group);
  app.add_option("--copy-columns", columns.copy,
                 "Columns with one value a star to repeat in the table of results")
      ->delimiter(',')
      ->group(group);
}

rvfit_programs::Reading read(const std::string& path, const Options& options) {
  rvfit_programs::Reading reading;
  reading.spectra = rvfit::io::read_table(path, options.arms, options.columns);
  std::vector<std::size_t> rows(reading.spectra.arms.front().snr.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  reading.targets = rvfit::io::one_by_one(rows);
  return reading;
}

}  // namespace
}  // namespace rvfit_table

int main(int argc, char** argv) {
  rvfit_table::Options options;
  options.gather = true;  // often a star a file
  CLI::App app("Fit radial velocity, rotation and labels of the stars of FITS tables of spectra.",
               "rvfit_table");
  rvfit_programs::declare_common_options(app, options);
  rvfit_table::declare(app, options);
  const rvfit_programs::CommandLine line = rvfit_programs::parse(app, argc, argv, options);
  return rvfit_programs::run_program("rvfit_table", line, options, [&](const std::string& path) {
    return rvfit_table::read(path, options);
  });
}
