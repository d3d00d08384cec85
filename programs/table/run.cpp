// SPDX-License-Identifier: MIT

/// @file
/// rvfit_table: fit the stars of any FITS tables of spectra.

#include "core/command_line.hpp"
#include "core/program.hpp"
#include "surveys.hpp"
#include <rvfit/io/exposures_of_table.hpp>
#include <rvfit/io/mask_bits.hpp>
#include <rvfit/io/read_image.hpp>
#include <rvfit/io/read_table.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_table {
namespace {

/// A text for each arm.
struct TextPerArm {
  std::string all;
  std::map<std::string, std::string> by_arm;  ///< by name in the emulator

  [[nodiscard]] std::string of(const std::string& arm) const {
    const auto found = by_arm.find(arm);
    return found == by_arm.end() ? all : found->second;
  }
};

struct Options : rvfit_programs::Options {
  std::vector<rvfit::io::TableArm> arms;
  rvfit::io::TableColumns columns;
  TextPerArm mask_column, mask_bits, systematic_column;
  TextPerArm error_hdu, variance_hdu, ivar_hdu, mask_hdu, systematic_hdu;
  std::vector<std::string> fit_arms;  ///< empty: all
  std::optional<double> min_snr;
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

/// TEXT for all arms, or ARM=TEXT; repeatable.
CLI::Option* add_text(CLI::App& app, const std::string& name, TextPerArm& target,
                      const std::string& help) {
  return app
      .add_option_function<std::vector<std::string>>(
          name,
          [&target](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              const std::size_t equals = text.find('=');
              (equals == std::string::npos ? target.all : target.by_arm[text.substr(0, equals)]) =
                  equals == std::string::npos ? text : text.substr(equals + 1);
            }
          },
          help)
      ->type_name("[ARM=]TEXT");
}

/// "0,3,17" as a number; -1, any bit, of nothing.
std::int64_t bits_of(const std::string& text) {
  std::int64_t bits = text.empty() ? -1 : 0;
  for (const std::string& place : CLI::detail::split(text, ',')) {
    const auto bit = text.empty() ? std::int64_t{0} : rvfit::io::bit_named({}, place).value_or(0);
    if (!text.empty() && bit == 0) {
      throw CLI::ValidationError("--mask-bits", "'" + place + "' is no bit, expected 0 to 62");
    }
    bits |= bit;
  }
  return bits;
}

void declare_columns(CLI::App& app, Options& options) {
  rvfit::io::TableColumns& columns = options.columns;
  const char* group = "Tables";
  app.add_option("--wave-column", columns.wave,
                 "Column of wavelengths; one whose name begins with log holds log10 [wave, "
                 "wavelength, lambda, loglam or log_wave]")
      ->group(group);
  app.add_option("--wave-hdu", columns.wave_hdu,
                 "Table that holds the wavelengths of all stars, if it is another")
      ->group(group);
  app.add_option("--wave-unit", columns.wave_unit,
                 "Angstrom, nm, um or m; log10 or ln (of Angstrom) [as the file says]")
      ->check(rvfit_programs::one_of({"Angstrom", "nm", "um", "m", "log10", "ln"}))
      ->type_name("UNIT")
      ->group(group);
  app.add_option("--flux-column", columns.flux, "Column of fluxes [flux]")->group(group);
  CLI::Option* ivar =
      app.add_option("--ivar-column", columns.ivar, "Column of inverse variances [ivar]")
          ->group(group);
  CLI::Option* error =
      app.add_option("--error-column", columns.error,
                     "Column of errors, where there is no ivar [err, error, sigma or flux_error]")
          ->excludes(ivar)
          ->group(group);
  app.add_option("--variance-column", columns.variance, "Column of variances")
      ->excludes(ivar)
      ->excludes(error)
      ->group(group);
  add_text(app, "--sys-err-column", options.systematic_column,
           "Column of systematic errors, added in quadrature to those of every pixel; of all arms "
           "or arm by arm")
      ->group(group);
  add_text(app, "--mask-column", options.mask_column,
           "Column that says where a pixel is bad: not 0, or a bit of --mask-bits; of all arms or "
           "arm by arm")
      ->group(group);
  add_text(app, "--mask-bits", options.mask_bits,
           "Bits of the mask that make a pixel bad, by place: 0,3,17; of all arms or arm by arm")
      ->group(group);
  app.add_option("--copy-columns", columns.copy,
                 "Columns with one value a star to repeat in the table of results")
      ->delimiter(',')
      ->group(group);
}

void declare_images(CLI::App& app, Options& options) {
  const char* group = "Images with a wavelength solution";
  add_text(app, "--error-hdu", options.error_hdu, "HDU of the errors, an image like the fluxes")
      ->group(group);
  add_text(app, "--variance-hdu", options.variance_hdu, "HDU of variances")->group(group);
  add_text(app, "--ivar-hdu", options.ivar_hdu, "HDU of inverse variances")->group(group);
  add_text(app, "--mask-hdu", options.mask_hdu, "HDU of a mask")->group(group);
  add_text(app, "--sys-err-hdu", options.systematic_hdu, "HDU of systematic errors")->group(group);
}

void declare(CLI::App& app, Options& options) {
  const char* group = "Tables";
  app.add_option_function<std::vector<std::string>>(
         "--arm",
         [&options](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             options.arms.push_back(parse_arm(text));
           }
         },
         "NAME or NAME=HDU: an arm of the emulator and the table or image that shows it (name or "
         "number of the HDU, 1 if not given); repeatable")
      ->required()
      ->group(group);
  rvfit_programs::add_list(
      app, "--fit-arm,--fitarm",
      [&options](const std::vector<std::string>& names) { options.fit_arms = names; },
      "Arms to fit, of those named by --arm [all]")
      ->type_name("NAME,...")
      ->group(group);
  rvfit_programs::add_rv_per_exposure(
      app, options, "exposures of an arm, which --arm then names several times,", group);
  app.add_option("--minsn", options.min_snr, "Fit only where the S/N of the best arm is above")
      ->group(group);
  declare_columns(app, options);
  declare_images(app, options);
}

/// Look at options together, once all are known.
void settle(Options& options) {
  for (const std::string& name : options.fit_arms) {
    if (std::none_of(options.arms.begin(), options.arms.end(),
                     [&](const auto& arm) { return arm.name == name; })) {
      throw CLI::ValidationError("--fit-arm", "'" + name + "' is none of --arm");
    }
  }
  std::erase_if(options.arms, [&](const auto& arm) {
    return !options.fit_arms.empty() && std::find(options.fit_arms.begin(), options.fit_arms.end(),
                                                  arm.name) == options.fit_arms.end();
  });
  for (rvfit::io::TableArm& arm : options.arms) {
    arm.mask = options.mask_column.of(arm.name);
    arm.mask_bits = bits_of(options.mask_bits.of(arm.name));
    arm.systematic = options.systematic_column.of(arm.name);
  }
  for (const rvfit_programs::LineSpreadChoice& choice : options.spectra.line_spread) {
    if (choice.source == rvfit_programs::LineSpreadChoice::Source::column) {
      options.columns.line_spread = choice.column;
      options.columns.spread_kind = choice.kind;
    }
  }
}

/// The arms of a file whose spectra are images.
rvfit::io::Spectra read_images(rvfit::io::FitsInput& file, const Options& options) {
  rvfit::io::Spectra spectra;
  spectra.path = file.path();
  for (const rvfit::io::TableArm& arm : options.arms) {
    spectra.arms.push_back(rvfit::io::read_image_arm(
        file, {arm.hdu, options.error_hdu.of(arm.name), options.variance_hdu.of(arm.name),
               options.ivar_hdu.of(arm.name), options.mask_hdu.of(arm.name), arm.mask_bits,
               options.columns.wave_unit, options.systematic_hdu.of(arm.name)}));
    rvfit::io::SpectraArm& read = spectra.arms.back();
    const auto before = std::count_if(spectra.arms.begin(), spectra.arms.end() - 1,
                                      [&](const auto& other) { return other.name == arm.name; });
    read.name = arm.name;
    read.label = rvfit::io::upper_case(arm.name) +
                 (before > 0 ? "_" + std::to_string(before + 1) : std::string());
    if (read.snr.size() != spectra.arms.front().snr.size()) {
      file.fail(arm.hdu, "has " + std::to_string(read.snr.size()) + " spectra, expected " +
                             std::to_string(spectra.arms.front().snr.size()));
    }
  }
  return spectra;
}

rvfit_programs::Reading read(const std::string& path, const Options& options) {
  rvfit_programs::Reading reading;
  {
    rvfit::io::FitsInput file(path);
    const std::string& hdu = options.arms.front().hdu;
    reading.spectra = file.has(hdu) && rvfit::io::is_image(file, hdu)
                          ? read_images(file, options)
                          : rvfit::io::read_table(path, options.arms, options.columns);
  }
  std::vector<std::size_t> rows(reading.spectra.arms.front().snr.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  if (options.min_snr) {
    std::erase_if(rows, [&](std::size_t row) {
      return std::none_of(
          reading.spectra.arms.begin(), reading.spectra.arms.end(),
          [&](const auto& arm) { return static_cast<double>(arm.snr[row]) > *options.min_snr; });
    });
  }
  reading.targets = rvfit::io::one_by_one(rows);
  if (options.fit.rv_per_exposure) {
    rvfit::io::ExposuresOfTable exposures(std::move(reading.spectra));
    for (std::vector<std::size_t>& target : reading.targets) {
      target = exposures.rows_of(target.front());
    }
    reading.spectra = exposures.take();
  }
  return reading;
}

}  // namespace
}  // namespace rvfit_table

int rvfit_programs::run_table(int argc, const char* const* argv) {
  rvfit_table::Options options;
  options.gather = true;  // often a star a file
  CLI::App app("Fit radial velocity, rotation and labels of the stars of FITS tables of spectra.",
               "rvfit_table");
  declare_common_options(app, options);
  rvfit_table::declare(app, options);
  const auto read = [&](const std::string& path) { return rvfit_table::read(path, options); };
  return run_app(app, argc, argv, options, read, [&] {
    rvfit_table::settle(options);
    require_different("--copy-columns", options.columns.copy);
    for (const rvfit::io::TableArm& each : options.arms) {
      options.arms_wanted.push_back(each.name);
    }
  });
}
