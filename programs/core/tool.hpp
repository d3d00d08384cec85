// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The end of main() of programs that make files rather than fit them: one line on standard error where something is
/// wrong, with exit code 2.

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

namespace rvfit_programs {

/// Read a command line and run. @return  the exit code: 0, or 2 if something was wrong
///
/// @param[in] app    with all options declared, named as the program is
/// @param[in] check  looks at what no single option can tell; throws CLI::ValidationError
/// @param[in] work   throws what is wrong
template <class Check, class Work>
[[nodiscard]] int run_tool(CLI::App& app, int argc, const char* const* argv, const Check& check,
                           const Work& work) {
  const auto report = [&](std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), text.c_str());
    return 2;
  };
  try {
    try {
      app.parse(argc, argv);
      check();
    } catch (const CLI::ParseError& error) {
      return error.get_exit_code() == 0
                 ? app.exit(error)
                 : report(error.what() + std::string(" (--help lists the options)"));
    }
    work();
    return 0;
  } catch (const std::exception& error) {
    return report(error.what());
  }
}

}  // namespace rvfit_programs
