// SPDX-License-Identifier: MIT

#include "command_line.hpp"
#include "program.hpp"

namespace rvfit_programs {

int run_app(CLI::App& app, int argc, const char* const* argv, Options& options, const Reader& read,
            const std::function<void()>& check) {
  const CommandLine line = parse(app, argc, argv, options, check);
  return run_program(app.get_name(), line, options, read);
}

}  // namespace rvfit_programs
