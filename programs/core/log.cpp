// SPDX-License-Identifier: MIT

#include "log.hpp"

#include <rvfit/io/fits/io_error.hpp>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>

namespace rvfit_programs {
namespace {

[[nodiscard]] spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::critical:
      return spdlog::level::critical;
  }
  return spdlog::level::warn;
}

/// "warning: " and the like, nothing for errors: those need no introduction.
class LevelUnlessError : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    if (message.level < spdlog::level::err) {
      const auto name = spdlog::level::to_string_view(message.level);
      out.append(name.begin(), name.end());
      out.append(std::string_view(": "));
    }
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<LevelUnlessError>();
  }
};

std::atomic<bool> all_written = true;

}  // namespace

void start_log(const std::string& program, const Options& options) {
  const auto level = level_of(options.log_level);
  const bool to_file = !options.log_file.empty();
  const auto terminal = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  // On a terminal the line replaces the progress bar.
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelUnlessError>('*').set_pattern(
      ::isatty(STDERR_FILENO) == 1 ? "\r\033[K%n: %*%v" : "%n: %*%v");
  terminal->set_formatter(std::move(formatter));
  terminal->set_level(to_file ? spdlog::level::err : std::min(level, spdlog::level::err));
  const auto logger = std::make_shared<spdlog::logger>(program, terminal);
  logger->set_level(std::min(level, spdlog::level::err));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(logger);
  if (to_file) {
    try {
      const auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.log_file);
      file->set_pattern("%Y-%m-%d %H:%M:%S %n %l: %v");
      file->set_level(level);
      logger->sinks().push_back(file);
      logger->set_error_handler(
          [terminal, file, level, name = options.log_file, program](const std::string&) {
            const int error = errno;
            if (all_written.exchange(false)) {
              file->set_level(spdlog::level::off);
              terminal->set_level(std::min(level, spdlog::level::err));
              std::fprintf(stderr, "%s: %s: log cannot be written: %s\n", program.c_str(),
                           name.c_str(), std::strerror(error));
            }
          });
    } catch (const spdlog::spdlog_ex&) {
      throw rvfit::io::IoError(options.log_file + ": log cannot be written");
    }
  }
}

bool log_is_whole() { return all_written; }

void log(LogLevel level, std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  spdlog::log(level_of(level), "{}", text);
}

}  // namespace rvfit_programs
