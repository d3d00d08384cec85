// SPDX-License-Identifier: MIT

#include "options.hpp"

#include "output_names.hpp"
#include <rvfit/core/version.hpp>

#include <cmath>
#include <map>
#include <sstream>
#include <utility>

namespace rvfit_survey {
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

}  // namespace

void declare_common_options(CLI::App& app, Options& options) {
  constexpr int most = 1000000;
  FitSettings& fit = options.fit;
  app.add_option("--emulator", options.emulator, "Emulator file (docs/emulator_file.md)")
      ->required();
  app.add_option("--output-dir", options.output_dir, "Folder for rvtab_FILE, made if missing")
      ->required();
  app.add_option("FILE", options.files, "Files to fit, .gz or not")->required();
  app.add_option("--npoly", fit.continuum.columns, "Columns of an arm's continuum")
      ->check(CLI::Range(1, rvfit::max_continuum_columns))
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--continuum",
         [&fit](const std::string& name) {
           fit.continuum.kind =
               name == "rbf" ? rvfit::ContinuumKind::radial : rvfit::ContinuumKind::chebyshev;
         },
         "rbf (1, x, x^2 and Gaussians) or chebyshev")
      ->check(CLI::IsMember({"rbf", "chebyshev"}))
      ->default_str("rbf");
  app.add_option_function<std::string>(
         "--precision", [&fit](const std::string& name) { fit.double_storage = name == "double"; },
         "Storage of spectra and templates: float or double")
      ->check(CLI::IsMember({"float", "double"}))
      ->default_str("float");
  app.add_option("--min-vel", fit.model.min_rv, "Lower bound of rv [km/s]")->capture_default_str();
  app.add_option("--max-vel", fit.model.max_rv, "Upper bound of rv [km/s]")->capture_default_str();
  app.add_option("--max-vsini", fit.model.max_vsini, "Upper bound of vsini [km/s]")
      ->check(CLI::Range(0.0, 1e5))
      ->capture_default_str();
  app.add_option_function<std::vector<std::string>>(
      "--fix-param",
      [&fit](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          fit.fixed.push_back(parse_fixed(text));
        }
      },
      "NAME=VALUE: keep a parameter at a value; repeatable");
  app.add_option("--max-iterations", fit.solver.max_iterations, "Steps of the solver")
      ->check(CLI::Range(1, most))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads of a host execution space")
      ->check(CLI::Range(1, most));
  app.add_option("--batch", fit.batch, "Stars on the device at a time")->check(CLI::Range(1, most));
  app.add_flag("--write-models", fit.keep_models, "Also write best-fit models, rvmod_FILE");
  app.add_option("--summary-json", options.summary_json, "Write the summary to this file, too");
  app.add_flag("--quiet", options.quiet, "No progress bar and no summary");
  app.set_version_flag("--version", app.get_name() + " " + rvfit::version);
}

CommandLine parse(CLI::App& app, int argc, char** argv, const Options& options,
                  const std::function<void()>& check) {
  try {
    app.parse(argc, argv);
    if (options.fit.model.min_rv >= options.fit.model.max_rv) {
      throw CLI::ValidationError("--min-vel, --max-vel", "the range of rv is empty");
    }
    require_different_outputs(options);
    if (check) {
      check();
    }
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const bool asked = app.exit(error, out, err) == 0;
    return {false, asked ? 0 : 2, asked ? out.str() : error.what()};
  }
  return {true, 0, {}};
}

}  // namespace rvfit_survey
