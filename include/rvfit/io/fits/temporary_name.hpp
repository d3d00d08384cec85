// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Names of files that are not there yet, and what is left of them by runs that were killed. A name says
/// which machine and process it belongs to: `.NAME.MACHINE-PID-RANDOM.tmp`.

#include <rvfit/io/fits/detail/this_machine.hpp>

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <system_error>

namespace rvfit::io {

/// A name beside `target` that no other process uses, and that is removed in the end.
class TemporaryName {
 public:
  explicit TemporaryName(const std::filesystem::path& target)
      : path_(target.parent_path() / ("." + target.filename().string() + "." +
                                      detail::this_machine() + "-" + std::to_string(::getpid()) +
                                      "-" + std::to_string(std::random_device{}()) + ".tmp")) {}
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Whether a file is a temporary one whose process is dead. Nobody can tell of a process of another machine:
/// its files are given up when nothing has been written to them for a day.
[[nodiscard]] inline bool is_left_over(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  const std::string_view suffix = ".tmp";
  if (!name.starts_with('.') || !name.ends_with(suffix)) {
    return false;
  }
  const std::string_view stem = std::string_view(name).substr(0, name.size() - suffix.size());
  const std::string_view owner = stem.substr(stem.rfind('.') + 1);
  const std::size_t first = owner.find('-');
  const std::size_t second = owner.find('-', first + 1);
  if (first != detail::this_machine().size() || second == std::string_view::npos) {
    return false;
  }
  pid_t process = 0;
  const char* end = owner.data() + second;
  const auto parsed = std::from_chars(owner.data() + first + 1, end, process);
  if (parsed.ec != std::errc{} || parsed.ptr != end || process <= 0) {
    return false;
  }
  if (owner.substr(0, first) == detail::this_machine()) {
    return ::kill(process, 0) != 0 && errno == ESRCH;
  }
  std::error_code error;
  const auto written = std::filesystem::last_write_time(file, error);
  constexpr std::chrono::hours day(24);
  return !error && std::filesystem::file_time_type::clock::now() - written > day;
}

/// Remove from a folder the temporary files, and folders, of dead processes. @return  how many
inline int remove_left_overs(const std::filesystem::path& folder) {
  int removed = 0;
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry(folder.empty() ? "." : folder, ignored), end;
       entry != end; entry.increment(ignored)) {
    if (is_left_over(entry->path()) && std::filesystem::remove_all(entry->path(), ignored) > 0) {
      ++removed;
    }
  }
  return removed;
}

}  // namespace rvfit::io
