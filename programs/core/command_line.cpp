// SPDX-License-Identifier: MIT

#include "command_line.hpp"

#include <cmath>
#include <iomanip>
#include <set>
#include <sstream>

namespace rvfit_programs {

double to_number(const std::string& option, const std::string& text) {
  std::istringstream stream(text);
  double value = 0;
  if (!(stream >> value) || !stream.eof() || !std::isfinite(value)) {
    throw CLI::ValidationError(option, "'" + text + "' is no number");
  }
  return value;
}

CLI::Option* add_list(CLI::App& app, const std::string& name,
                      const std::function<void(const std::vector<std::string>&)>& use,
                      const std::string& help) {
  return app.add_option_function<std::vector<std::string>>(name, use, help)->delimiter(',');
}

namespace {

/// "NUMBER" or "ARM=NUMBER" to one of them.
void set_of_arm(const std::string& option, std::string text, PerArm& target, PerArm* percent) {
  const std::string whole = text;
  const bool is_percent = percent != nullptr && text.ends_with('%');
  text.resize(text.size() - (is_percent ? 1 : 0));
  const std::size_t equals = text.find('=');
  const double number =
      to_number(option, equals == std::string::npos ? text : text.substr(equals + 1));
  if (!(number >= 0)) {
    throw CLI::ValidationError(option, "'" + whole + "' is negative");
  }
  PerArm& to = is_percent ? *percent : target;
  const double value = is_percent ? number / 100 : number;
  if (equals == std::string::npos) {
    to.all = value;
  } else {
    to.by_arm[CLI::detail::to_lower(text.substr(0, equals))] = value;
  }
}

CLI::Option* add_of_arm(CLI::App& app, const std::string& name, PerArm& target, PerArm* percent,
                        const std::string& help) {
  const auto set = [name, &target, percent](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      set_of_arm(name, text, target, percent);
    }
  };
  return add_list(app, name, set, help);
}

}  // namespace

CLI::Option* add_per_arm(CLI::App& app, const std::string& name, PerArm& target,
                         const std::string& help) {
  return add_of_arm(app, name, target, nullptr, help)->type_name("NUMBER or ARM=NUMBER,...");
}

CLI::Option* add_per_arm(CLI::App& app, const std::string& name, PerArm& target, PerArm& percent,
                         const std::string& help) {
  return add_of_arm(app, name, target, &percent, help)
      ->type_name("NUMBER, PERCENT% or ARM=NUMBER,...");
}

CLI::Validator between(double lowest, double highest) {
  const auto check = [lowest, highest](const std::string& text) -> std::string {
    double value = 0.0;
    if (CLI::detail::lexical_cast(text, value) && value >= lowest && value <= highest) {
      return {};
    }
    std::ostringstream message;
    message << "'" << text << "' is not a number from " << std::setprecision(10) << lowest << " to "
            << highest;
    return message.str();
  };
  std::ostringstream range;
  range << std::setprecision(10) << lowest << ".." << highest;
  return {check, range.str()};
}

void require_different(const std::string& option, const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(CLI::detail::to_lower(name)).second) {
      throw CLI::ValidationError(option, "'" + name + "' is named twice");
    }
  }
}

CLI::Validator one_of(std::vector<std::string> words) {
  const auto check = [words = std::move(words)](const std::string& asked) -> std::string {
    std::string list;
    for (const std::string& word : words) {
      if (CLI::detail::to_lower(word) == CLI::detail::to_lower(asked)) {
        return {};
      }
      list += (list.empty() ? "" : ", ") + word;
    }
    return "'" + asked + "' is none of " + list + did_you_mean(asked, words);
  };
  return {check, ""};
}

CLI::Option* add_arm(CLI::App& app, const std::string& name, std::string& target,
                     const std::string& what, const std::string& group) {
  return app.add_option(name, target, "Arm of the emulator" + (what.empty() ? "" : " " + what))
      ->capture_default_str()
      ->group(group);
}

CLI::Option* add_rv_per_exposure(CLI::App& app, Options& options, const std::string& what,
                                 const std::string& group) {
  return app
      .add_flag("--rv-per-exposure", options.fit.rv_per_exposure,
                "Fit the " + what + " with an rv for each")
      ->group(group);
}

}  // namespace rvfit_programs
