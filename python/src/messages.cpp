// SPDX-License-Identifier: MIT

#include "messages.hpp"

#include "core/log.hpp"

#include <mutex>
#include <utility>

namespace {

std::mutex mutex;                   // NOLINT: trivially destroyed
std::vector<std::string> messages;  // NOLINT(cert-err58-cpp): an empty vector

}  // namespace

namespace rvfit_programs {

void log(LogLevel level, std::string text) {
  if (level >= LogLevel::warning) {
    const std::lock_guard lock(mutex);
    messages.push_back(std::move(text));
  }
}

}  // namespace rvfit_programs

namespace rvfit_python {

std::vector<std::string> take_messages() {
  const std::lock_guard lock(mutex);
  return std::exchange(messages, {});
}

}  // namespace rvfit_python
