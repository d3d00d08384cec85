// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Preconditions of host calls: always on, true means fine, and the message says both extents.

#include <sstream>
#include <stdexcept>
#include <string>

namespace rvfit {

/// A call that cannot be carried out: extents that differ, an empty batch, an unknown name.
class InvalidArgument : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

namespace detail {

template <class... Parts>
[[nodiscard]] std::string concatenate(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

}  // namespace detail
}  // namespace rvfit

/// Throw InvalidArgument with the concatenated parts unless `condition` holds.
#define RVFIT_REQUIRE(condition, ...)                                            \
  do {                                                                           \
    if (!(condition)) {                                                          \
      throw ::rvfit::InvalidArgument(::rvfit::detail::concatenate(__VA_ARGS__)); \
    }                                                                            \
  } while (false)
