// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// For the sources that declare options: kinds of options that CLI11 has not.

#include "nearest.hpp"
#include "options.hpp"
#include "program.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {

/// A finite number. @throws CLI::ValidationError  naming the option
[[nodiscard]] double to_number(const std::string& option, const std::string& text);

/// An option that can come again and takes one value, or several with commas between them, each time.
/// `use` is called once, with all of them.
CLI::Option* add_list(CLI::App& app, const std::string& name,
                      const std::function<void(const std::vector<std::string>&)>& use,
                      const std::string& help);

/// A line spread as --lsf takes it. @throws CLI::ValidationError  it is none
[[nodiscard]] LineSpreadChoice parse_line_spread(const std::string& text);

/// A number for all arms, or ARM=NUMBER,...
CLI::Option* add_per_arm(CLI::App& app, const std::string& name, PerArm& target,
                         const std::string& help);

/// The same, a number or a percentage: to `target` without, to `percent` (as a fraction) with a sign '%'.
CLI::Option* add_per_arm(CLI::App& app, const std::string& name, PerArm& target, PerArm& percent,
                         const std::string& help);

/// Refuse numbers that are not from `lowest` to `highest`, NaN among them.
[[nodiscard]] CLI::Validator between(double lowest, double highest);

/// Refuse names of which two are the same, whatever the case of their letters.
/// @throws CLI::ValidationError  naming the option and the name
void require_different(const std::string& option, const std::vector<std::string>& names);

/// Refuse a word that is none of `words`, whatever the case of its letters.
[[nodiscard]] CLI::Validator one_of(std::vector<std::string> words);

/// An option whose value is one of some words.
template <class T>
CLI::Option* add_choice(CLI::App& app, const std::string& name, T& target,
                        const std::vector<std::pair<std::string, T>>& choices,
                        const std::string& help) {
  std::vector<std::string> words;
  std::string initial;
  for (const auto& [word, value] : choices) {
    words.push_back(word);
    if (value == target) {
      initial = word;
    }
  }
  const auto set = [&target, choices](const std::string& asked) {
    for (const auto& [word, value] : choices) {
      if (CLI::detail::to_lower(word) == CLI::detail::to_lower(asked)) {
        target = value;
      }
    }
  };
  return app.add_option_function<std::string>(name, set, help)
      ->check(one_of(std::move(words)))
      ->default_str(initial)
      ->type_name("WORD");
}

/// An arm of the emulator that a survey's spectra are fitted with.
///
/// @param[in] what  "for the blue camera", or nothing
CLI::Option* add_arm(CLI::App& app, const std::string& name, std::string& target,
                     const std::string& what, const std::string& group);

/// --rv-per-exposure.
CLI::Option* add_rv_per_exposure(CLI::App& app, Options& options, const std::string& what,
                                 const std::string& group);

/// The end of main() of a program: read its command line and do what it asks for.
///
/// @param[in] app    with all options declared, named as the program is
/// @param[in] check  as for `parse`
/// @return           the exit code
[[nodiscard]] int run_app(CLI::App& app, int argc, const char* const* argv, Options& options,
                          const Reader& read, const std::function<void()>& check = {});

}  // namespace rvfit_programs
