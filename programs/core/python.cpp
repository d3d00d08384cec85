// SPDX-License-Identifier: MIT

#include "python.hpp"

#include <rvfit/io/fits/io_error.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it nowhere

namespace rvfit_programs {
namespace {

[[nodiscard]] std::string python() {
  const char* given = std::getenv("RVFIT_PYTHON");
  return given != nullptr && *given != '\0' ? given : "python3";
}

}  // namespace

bool run_python(const std::string& code, const std::vector<std::string>& arguments) {
  std::vector<std::string> words{python(), "-c", code};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failure =
      posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failure != 0) {
    return false;
  }
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return false;
    }
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void require_plotting(const std::string& option) {
  if (!run_python("import astropy, matplotlib", {})) {
    throw rvfit::io::IoError(option + ": " + python() +
                             " does not run, or lacks matplotlib or astropy (RVFIT_PYTHON names "
                             "another)");
  }
}

std::string quoted(const std::string& text) {
  constexpr const char* digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out.append({'%', digits[byte / 16], digits[byte % 16]});
    }
  }
  return out;
}

}  // namespace rvfit_programs
