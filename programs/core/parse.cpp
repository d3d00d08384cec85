// SPDX-License-Identifier: MIT

/// @file
/// Reads a command line: names with underscores, names that do not exist, and the file of --config.

#include "command_line.hpp"
#include "config_file.hpp"
#include "options.hpp"
#include <rvfit/io/fits/io_error.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {
namespace {

/// "--a_b=c_d" into "--a-b=c_d".
[[nodiscard]] std::string with_hyphens(std::string argument) {
  if (argument.starts_with("--")) {
    const auto end = std::find(argument.begin(), argument.end(), '=');
    std::replace(argument.begin(), end, '_', '-');
  }
  return argument;
}

/// "--abc" of "--abc=def".
[[nodiscard]] std::string name_of(const std::string& argument) {
  return argument.substr(0, argument.find('='));
}

/// Options that can have many values take one argument each time, so that no file is taken for one.
void take_one_at_a_time(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (!option->get_positional() && option->get_items_expected_max() > 1) {
      option->expected(1)->allow_extra_args(false)->multi_option_policy(
          CLI::MultiOptionPolicy::TakeAll);
    }
  }
}

/// Ranges let NaN pass, as it is neither below nor above.
void refuse_nan(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_type_name().starts_with("FLOAT")) {
      option->check([](const std::string& text) {
        double value = 0.0;
        const bool nan = CLI::detail::lexical_cast(text, value) && std::isnan(value);
        return nan ? "'" + text + "' is no number" : std::string();
      });
    }
  }
}

/// Every "--name" of a program.
[[nodiscard]] std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

/// @throws CLI::ValidationError  naming the first option that does not exist, and the nearest
void require_known(const CLI::App& app, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") {
      return;
    }
    const std::string name = name_of(argument);
    if (name.starts_with("--") && app.get_option_no_throw(name) == nullptr) {
      throw CLI::ValidationError(name, "no such option" + did_you_mean(name, long_names(app)));
    }
  }
}

/// Reads what --config names.
class SettingsFile : public CLI::Config {
 public:
  SettingsFile(const CLI::App& app, Options& options) : app_(app), options_(options) {}

  [[nodiscard]] std::string to_config(const CLI::App*, bool, bool, std::string) const override {
    return {};
  }

  [[nodiscard]] std::vector<CLI::ConfigItem> from_config(std::istream& stream) const override {
    std::vector<CLI::ConfigItem> found;
    try {
      for (Setting& setting : read_settings(stream)) {
        if (is_unused(setting.key)) {
          options_.notes.push_back(setting.key + " has no effect here");
          continue;
        }
        const std::string name = name_of(with_hyphens("--" + setting.key));
        CLI::ConfigItem item;
        item.name = name == "--lsf-sigma0-angstrom" ? "lsf-sigma" : name.substr(2);
        item.inputs = std::move(setting.values);
        if (app_.get_option_no_throw("--" + item.name) == nullptr) {
          throw std::invalid_argument("line " + std::to_string(setting.line) + ": " + setting.key +
                                      ": no such setting" + did_you_mean(name, long_names(app_)));
        }
        found.push_back(std::move(item));
      }
    } catch (const std::invalid_argument& error) {
      throw CLI::ConfigError(app_.get_config_ptr()->as<std::string>() + ": " + error.what(),
                             CLI::ExitCodes::ConfigError);
    }
    return found;
  }

 private:
  /// Settings of rvspecfit that have no counterpart.
  [[nodiscard]] static bool is_unused(const std::string& key) {
    for (const char* name : {"template_lib", "vel_step0", "min_vel_step", "min_vsini",
                             "second_minimizer", "ccf_continuum_normalize"}) {
      if (key == name) {
        return true;
      }
    }
    return false;
  }

  const CLI::App& app_;
  Options& options_;
};

void require_consistent(const Options& options) {
  if (options.fit.model.min_rv >= options.fit.model.max_rv) {
    throw CLI::ValidationError("--min-vel, --max-vel", "the range of rv is empty");
  }
  if (options.files.empty() == options.input_list.empty()) {
    throw CLI::ValidationError(options.files.empty()
                                   ? "FILE is required, or --input-file-from"
                                   : "FILE and --input-file-from exclude each other");
  }
  if (options.devices.size() > 1 && !options.mpi) {
    throw CLI::ValidationError("--devices",
                               "a process uses one; for several, --mpi and a process for each");
  }
  if (options.queue && options.input_list.empty()) {
    throw CLI::ValidationError("--queue-file", "wants --input-file-from, the list to share");
  }
  const OutputNames& names = options.outputs;
  for (const auto& [option, prefix] : {std::pair{"--output-tab-prefix", names.table_prefix},
                                       std::pair{"--output-mod-prefix", names.models_prefix},
                                       std::pair{"--figure-prefix", names.figure_prefix}}) {
    if (prefix.find('/') != std::string::npos) {
      throw CLI::ValidationError(
          option, "'" + prefix + "' is no part of a file's name: the folder is that of --" +
                      (prefix == names.figure_prefix ? "figure-dir" : "output-dir"));
    }
  }
  if (!options.merge.empty() && (options.queue || options.fit.rv_per_exposure)) {
    throw CLI::ValidationError(
        "--merge", options.queue
                       ? "wants the whole list, and --queue-file takes files out of it"
                       : "and --rv-per-exposure exclude each other: covariances differ in size");
  }
  if (options.merge.empty()) {
    require_different_outputs(options.outputs, options.files, options.fit.keep_models);
  }
}

/// An option that can have no effect is an error. A settings file may have rvspecfit's key for the line spread,
/// whatever is done with it.
void require_effects(const Options& options, const std::vector<std::string>& given) {
  if (options.fit.resolution_matrix && !options.has_matrices) {
    throw CLI::ValidationError("--resolution-matrix", "files of this kind have no such matrices");
  }
  const bool sigma = std::any_of(given.begin(), given.end(), [](const std::string& argument) {
    return name_of(argument) == "--lsf-sigma";
  });
  const bool spread = options.spectra.file_tells || !options.spectra.line_spread.empty();
  if (sigma && !options.fit.resolution_matrix && !spread) {
    throw CLI::ValidationError("--lsf-sigma", "has no effect without --resolution-matrix or --lsf");
  }
  if (options.fit.resolution_matrix && !options.spectra.line_spread.empty()) {
    throw CLI::ValidationError("--lsf", "and --resolution-matrix exclude each other");
  }
}

}  // namespace

CommandLine parse(CLI::App& app, int argc, const char* const* argv, Options& options,
                  const std::function<void()>& check) {
  std::vector<std::string> arguments;
  for (int n = 1; n < argc; ++n) {
    options.command += (n > 1 ? " " : "") + std::string(argv[n]);
    arguments.push_back(with_hyphens(argv[n]));
  }
  const std::vector<std::string> given = arguments;
  take_one_at_a_time(app);
  refuse_nan(app);
  app.config_formatter(std::make_shared<SettingsFile>(app, options));
  try {
    require_known(app, arguments);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
    app.parse(std::move(arguments));
    options.config_file = app.get_config_ptr()->as<std::string>();
    require_consistent(options);
    require_effects(options, given);
    if (check) {
      check();
    }
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const bool asked = app.exit(error, out, err) == 0;
    return {false, asked ? 0 : 2, asked ? out.str() : error.what()};
  } catch (const rvfit::io::IoError& error) {
    return {false, 2, error.what()};
  }
  return {true, 0, {}};
}

}  // namespace rvfit_programs
