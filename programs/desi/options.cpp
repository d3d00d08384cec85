// SPDX-License-Identifier: MIT

#include "options.hpp"

#include "core/command_line.hpp"
#include "name_pattern.hpp"
#include "target_bits.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

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

/// A whole number. @throws CLI::ValidationError  naming the option
[[nodiscard]] std::int64_t to_integer(const std::string& option, const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw CLI::ValidationError(option, "'" + text + "' is no whole number");
  }
  return value;
}

/// TARGETIDs of a text file, one a line. @throws CLI::ValidationError  it cannot be read
[[nodiscard]] std::vector<std::int64_t> read_targets_of(const std::string& path) {
  const char* option = "--targetid-file";
  std::ifstream file(path);
  std::vector<std::int64_t> targets;
  for (std::string word; file >> word;) {
    targets.push_back(to_integer(option, word));
  }
  if (!file.eof()) {
    throw CLI::ValidationError(option, path + " cannot be read");
  }
  return targets;
}

/// Expressions for target bits, each of which must match some name.
void set_types(Selection& selection, const std::vector<std::string>& types) {
  const char* option = "--objtypes";
  for (const std::string& type : types) {
    try {
      if (without_match({type}).empty()) {
        continue;
      }
    } catch (const BadPattern& error) {
      throw CLI::ValidationError(option,
                                 "'" + type + "' is no regular expression: " + error.what());
    }
    throw CLI::ValidationError(option, "'" + type + "' matches no target bit" +
                                           rvfit_programs::did_you_mean(type, target_names()));
  }
  selection.types = types;
}

void declare_selection(CLI::App& app, Options& options) {
  const char* group = "Rows";
  Selection& selection = options.selection;
  rvfit_programs::add_list(
      app, "--targetid",
      [&selection](const std::vector<std::string>& texts) {
        selection.targets.emplace();
        for (const std::string& text : texts) {
          selection.targets->push_back(to_integer("--targetid", text));
        }
      },
      "Fit only these targets")
      ->type_name("ID,...")
      ->group(group);
  app.add_option("--targetid-file,--targetid-file-from", options.target_file,
                 "Fit only the targets listed in a text file")
      ->excludes("--targetid")
      ->group(group);
  app.add_option("--minsn", selection.min_snr, "Fit only where the S/N of the best arm is above")
      ->group(group);
  rvfit_programs::add_list(
      app, "--objtypes",
      [&selection](const std::vector<std::string>& types) { set_types(selection, types); },
      "Fit only targets with a bit of DESI_TARGET (or CMX, SV1 to SV3) whose name begins with a "
      "match, for example MWS_ANY,STD_*")
      ->type_name("REGEX,...")
      ->group(group);
  app.add_option("--minexpid", selection.min_expid, "Fit only exposures with EXPID above")
      ->group(group);
  app.add_option("--maxexpid", selection.max_expid, "Fit only exposures with EXPID up to")
      ->group(group);
  app.add_option_function<std::string>(
         "--expid-range",
         [&selection](const std::string& text) {
           const std::size_t comma = std::min(text.find(','), text.size());
           selection.min_expid = to_integer("--expid-range", text.substr(0, comma));
           selection.max_expid =
               to_integer("--expid-range", text.substr(std::min(comma + 1, text.size())));
         },
         "The same as --minexpid MIN --maxexpid MAX")
      ->excludes("--minexpid")
      ->excludes("--maxexpid")
      ->type_name("MIN,MAX")
      ->group(group);
  app.add_flag("--zbest-select", selection.by_redrock,
               "Fit only what redrock takes for a star or puts within 1500 km/s of rest")
      ->group(group);
  app.add_flag("--zbest-include", options.include_redrock,
               "Write redrock's redshift and class to the table")
      ->group(group);
  rvfit_programs::add_list(
      app, "--good-fiberstatus",
      [&selection](const std::vector<std::string>& texts) {
        selection.harmless_status = 0;
        for (const std::string& text : texts) {
          const std::int64_t bit = to_integer("--good-fiberstatus", text);
          if (bit < 0 || bit > 62) {
            throw CLI::ValidationError("--good-fiberstatus", "'" + text + "' is no bit");
          }
          selection.harmless_status |= std::int64_t{1} << bit;
        }
      },
      "Bits of the fiber status that do no harm")
      ->default_str("3,20")
      ->type_name("BIT,...")
      ->group(group);
  app.add_flag("--all-rows", selection.all_rows, "Also sky, bad and those with a bad fiber status")
      ->group(group);
  app.add_flag("--join-exposures", options.join_exposures,
               "Fit all rows of a TARGETID together (spectra- files), with one rv")
      ->group(group);
  app.add_flag("--rv-per-exposure", options.fit.rv_per_exposure,
               "Fit all rows of a TARGETID together, with an rv for each")
      ->group(group);
}

void declare_arms(CLI::App& app, Options& options) {
  const char* group = "Model";
  rvfit_programs::add_list(
      app, "--fit-arm,--fitarm",
      [&options](const std::vector<std::string>& asked) { options.arms = in_order(asked); },
      "Arms to fit")
      ->check(rvfit_programs::one_of({"b", "r", "z"}))
      ->default_str("b,r,z")
      ->type_name("ARM,...")
      ->group(group);
  app.add_flag_callback(
         "--no-dichroic-mask", [&options] { options.fit.preparation.masked = {}; },
         "Use the pixels of 4300 to 4450 Angstrom, too")
      ->group(group);
}

}  // namespace

rvfit_programs::CommandLine parse_command_line(int argc, const char* const* argv,
                                               Options& options) {
  CLI::App app("Fit radial velocity, rotation and labels of every star of DESI files.",
               "rvfit_desi");
  rvfit_programs::declare_common_options(app, options);
  declare_selection(app, options);
  declare_arms(app, options);
  options.has_matrices = true;
  return rvfit_programs::parse(app, argc, argv, options, [&] {
    options.join_exposures = options.join_exposures || options.fit.rv_per_exposure;
    for (const std::string& arm : options.arms) {
      options.arms_wanted.push_back("desi_" + CLI::detail::to_lower(arm));
    }
    if (!options.target_file.empty()) {
      options.selection.targets = read_targets_of(options.target_file);
    }
  });
}

}  // namespace rvfit_desi
