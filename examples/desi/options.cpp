// SPDX-License-Identifier: MIT

#include "options.hpp"

#include "output_names.hpp"
#include <rvfit/core/version.hpp>

#include <CLI/CLI.hpp>

#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>

namespace rvfit_desi {
namespace {

/// "name=value" into a pair.
std::pair<std::string, double> parse_fixed(const std::string& text) {
  const std::size_t equals = text.find('=');
  std::istringstream number(equals == std::string::npos ? "" : text.substr(equals + 1));
  double value = 0;
  if (!(number >> value) || !number.eof() || !std::isfinite(value)) {
    throw CLI::ValidationError("--fix-param", "'" + text + "', expected NAME=NUMBER");
  }
  return {text.substr(0, equals), value};
}

/// Two inputs must not give one output.
void require_different_outputs(const Options& options) {
  std::map<std::string, std::string> inputs;
  for (const std::string& file : options.files) {
    const std::string name = rvtab_name(file);
    const auto [earlier, is_new] = inputs.emplace(name, file);
    if (!is_new) {
      std::string message = earlier->second;
      message.append(" and ").append(file).append(" would both give ").append(name);
      throw CLI::ValidationError("FILE", message);
    }
  }
}

void declare(CLI::App& app, Options& options, std::vector<std::string>& arms,
             std::vector<std::string>& fixed, std::string& continuum, std::string& precision) {
  constexpr int most = 1000000;
  app.add_option("--emulator", options.emulator, "Emulator file (docs/emulator_file.md)")
      ->required();
  app.add_option("--output-dir", options.output_dir, "Folder for rvtab_FILE, made if missing")
      ->required();
  app.add_option("FILE", options.files, "DESI coadd- or spectra- files, .gz or not")->required();
  app.add_flag("--all-rows", options.all_rows,
               "Fit every row, also sky, bad and those with a bad fiber status");
  app.add_option("--fit-arm", arms, "Arms to fit")
      ->delimiter(',')
      ->check(CLI::IsMember({"b", "r", "z"}, CLI::ignore_case))
      ->default_str("b,r,z");
  app.add_flag("!--no-dichroic-mask", options.preparation.mask_dichroic,
               "Use the pixels of 4300 to 4450 Angstrom, too");
  app.add_option("--npoly", options.continuum.columns, "Columns of an arm's continuum")
      ->check(CLI::Range(1, rvfit::max_continuum_columns))
      ->capture_default_str();
  app.add_option("--continuum", continuum, "rbf (1, x, x^2 and Gaussians) or chebyshev")
      ->check(CLI::IsMember({"rbf", "chebyshev"}))
      ->capture_default_str();
  app.add_option("--precision", precision, "Storage of spectra and templates: float or double")
      ->check(CLI::IsMember({"float", "double"}))
      ->capture_default_str();
  app.add_option("--min-vel", options.model.min_rv, "Lower bound of rv [km/s]")
      ->capture_default_str();
  app.add_option("--max-vel", options.model.max_rv, "Upper bound of rv [km/s]")
      ->capture_default_str();
  app.add_option("--max-vsini", options.model.max_vsini, "Upper bound of vsini [km/s]")
      ->check(CLI::Range(0.0, 1e5))
      ->capture_default_str();
  app.add_option("--fix-param", fixed, "NAME=VALUE: keep a parameter at a value; repeatable");
  app.add_option("--max-iterations", options.solver.max_iterations, "Steps of the solver")
      ->check(CLI::Range(1, most))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads of a host execution space")
      ->check(CLI::Range(1, most));
  app.add_option("--batch", options.batch, "Spectra on the device at a time")
      ->check(CLI::Range(1, most));
  app.add_flag("--write-models", options.write_models, "Also write best-fit models, rvmod_FILE");
  app.add_option("--summary-json", options.summary_json, "Write the summary to this file, too");
  app.add_flag("--quiet", options.quiet, "No progress bar and no summary");
  app.set_version_flag("--version", std::string("rvfit_desi ") + rvfit::version);
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv) {
  CommandLine line;
  Options& options = line.options;
  std::vector<std::string> arms;
  std::vector<std::string> fixed;
  std::string continuum = "rbf";
  std::string precision = "float";
  CLI::App app("Fit radial velocity, rotation and labels of every star of DESI files.",
               "rvfit_desi");
  declare(app, options, arms, fixed, continuum, precision);
  try {
    app.parse(argc, argv);
    for (const std::string& text : fixed) {
      options.fixed.push_back(parse_fixed(text));
    }
    if (options.model.min_rv >= options.model.max_rv) {
      throw CLI::ValidationError("--min-vel, --max-vel", "the range of rv is empty");
    }
    require_different_outputs(options);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    line.exit_code = app.exit(error, out, err) == 0 ? 0 : 2;
    line.message = line.exit_code == 0 ? out.str() : error.what();
    return line;
  }
  if (!arms.empty()) {
    // In the order of wavelength, each once, however they were asked for.
    std::vector<std::string> chosen;
    for (const std::string& label : options.arms) {
      const auto asked = [&](const std::string& arm) {
        return CLI::detail::to_lower(arm) == CLI::detail::to_lower(label);
      };
      if (std::any_of(arms.begin(), arms.end(), asked)) {
        chosen.push_back(label);
      }
    }
    options.arms = chosen;
  }
  options.continuum.kind =
      continuum == "rbf" ? rvfit::ContinuumKind::radial : rvfit::ContinuumKind::chebyshev;
  options.double_storage = precision == "double";
  line.run = true;
  return line;
}

}  // namespace rvfit_desi
