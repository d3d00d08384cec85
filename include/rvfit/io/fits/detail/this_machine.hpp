// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A short name of the place where process numbers mean what they mean here.

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace rvfit::io::detail {

/// Eight digits made of the host's name and of the namespace of its process numbers (two containers may
/// share a name), by the hash FNV-1a of Fowler, Noll and Vo.
[[nodiscard]] inline const std::string& this_machine() {
  static const std::string name = [] {
    char text[512] = "";
    ::gethostname(text, 256);
    std::string place(text);
    const ssize_t size = ::readlink("/proc/self/ns/pid", text, sizeof text);
    place.append(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    std::uint32_t hash = 2166136261U;
    for (const char c : place) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    std::snprintf(text, sizeof text, "%08x", hash);
    return std::string(text);
  }();
  return name;
}

}  // namespace rvfit::io::detail
