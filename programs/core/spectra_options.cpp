// SPDX-License-Identifier: MIT

#include "command_line.hpp"
#include "options.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {
namespace {

using rvfit::Medium;
using rvfit::io::SpreadKind;
using Source = LineSpreadChoice::Source;

/// "ARM=TEXT" into its halves; without an arm the first is empty.
[[nodiscard]] std::pair<std::string, std::string> split_arm(const std::string& text) {
  const std::size_t equals = text.find('=');
  return equals == std::string::npos ? std::pair<std::string, std::string>{{}, text}
                                     : std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

/// "LO:HI" or "ARM=LO:HI".
[[nodiscard]] KeptRange parse_range(const std::string& text) {
  const char* option = "--wave-range";
  const auto [arm, range] = split_arm(text);
  const std::size_t colon = range.find(':');
  if (colon == std::string::npos) {
    throw CLI::ValidationError(option, "'" + text + "', expected LO:HI or ARM=LO:HI");
  }
  const KeptRange kept{arm, to_number(option, range.substr(0, colon)),
                       to_number(option, range.substr(colon + 1))};
  if (!(kept.lower < kept.upper)) {
    throw CLI::ValidationError(option, "'" + text + "': the range is empty");
  }
  return kept;
}

[[nodiscard]] std::vector<TelluricWindow> parse_windows(const std::vector<std::string>& names) {
  std::vector<TelluricWindow> chosen;
  std::vector<std::string> known{"all"};
  for (const TelluricWindow& window : telluric_windows) {
    known.emplace_back(window.name);
  }
  for (const std::string& name : names) {
    const std::size_t before = chosen.size();
    const std::string asked = CLI::detail::to_lower(name);
    for (const TelluricWindow& window : telluric_windows) {
      if (asked == "all" || asked == CLI::detail::to_lower(window.name)) {
        chosen.push_back(window);
      }
    }
    if (chosen.size() == before) {
      throw CLI::ValidationError("--mask-telluric",
                                 "'" + name + "' is no window" + did_you_mean(name, known));
    }
  }
  return chosen;
}

}  // namespace

LineSpreadChoice parse_line_spread(const std::string& text) {
  const char* option = "--lsf";
  const auto [arm, spread] = split_arm(text);
  LineSpreadChoice choice;
  choice.arm = arm;
  const std::string word = CLI::detail::to_lower(spread);
  if (word == "file" || word == "none") {
    choice.source = word == "file" ? Source::file : Source::none;
    return choice;
  }
  const std::size_t colon = spread.find(':');
  const std::string kind = CLI::detail::to_lower(spread.substr(0, colon));
  const std::pair<const char*, SpreadKind> kinds[] = {{"r", SpreadKind::power},
                                                      {"sigma", SpreadKind::sigma},
                                                      {"fwhm", SpreadKind::fwhm},
                                                      {"sigma-px", SpreadKind::sigma_pixels},
                                                      {"fwhm-px", SpreadKind::fwhm_pixels}};
  const auto found = std::find_if(std::begin(kinds), std::end(kinds),
                                  [&](const auto& each) { return kind == each.first; });
  if (colon == std::string::npos || found == std::end(kinds) || colon + 1 == spread.size()) {
    throw CLI::ValidationError(
        option,
        "'" + text +
            "', expected [ARM=]KIND:NUMBER with KIND of R, sigma, fwhm (Angstrom), sigma-px, "
            "fwhm-px (pixels), or file, or none");
  }
  choice.kind = found->second;
  const std::string value = spread.substr(colon + 1);
  const bool is_number = value.find_first_not_of("0123456789.eE+-") == std::string::npos;
  choice.source = is_number ? Source::number : Source::column;
  if (is_number) {
    choice.number = to_number(option, value);
    if (!(choice.number > 0)) {
      throw CLI::ValidationError(option, "'" + text + "' is not positive");
    }
  } else {
    choice.column = value;
  }
  return choice;
}

void declare_spectra_options(CLI::App& app, Options& options) {
  SpectraSettings& spectra = options.spectra;
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
  add_list(
      app, "--lsf",
      [&spectra](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          spectra.line_spread.push_back(parse_line_spread(text));
        }
      },
      "Line spread of the spectra: R:POWER, fwhm:ANGSTROM, sigma:ANGSTROM, fwhm-px:PIXELS, "
      "sigma-px:PIXELS, file (as it says), or none; what the library has already is taken off")
      ->type_name("[ARM=]SPREAD,...")
      ->group(group);
  add_list(
      app, "--wave-range",
      [&spectra](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          spectra.kept.push_back(parse_range(text));
        }
      },
      "Fit only these wavelengths, of an arm or of all [Angstrom]; repeatable")
      ->type_name("[ARM=]LO:HI,...")
      ->group(group);
  add_list(
      app, "--mask-telluric",
      [&spectra](const std::vector<std::string>& names) {
        spectra.tellurics = parse_windows(names);
      },
      "Leave out pixels where the Earth's atmosphere absorbs: all, or windows by name")
      ->type_name("all or NAME,...")
      ->group(group);
  app.add_flag("--rv-per-arm", options.fit.rv_per_arm,
               "An rv for each arm: VRAD that of the first, VRAD_2 of the second, ..")
      ->group(group);
}

}  // namespace rvfit_programs
