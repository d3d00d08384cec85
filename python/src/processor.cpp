// SPDX-License-Identifier: MIT

/// @file
/// The instruction sets of the processor, by the levels of the x86-64 psABI.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

NB_MODULE(_processor, module) {
  module.def("levels", [] {
    std::vector<std::string> levels;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) {
      levels.emplace_back("v4");
    }
    if (__builtin_cpu_supports("x86-64-v3")) {
      levels.emplace_back("v3");
    }
    if (__builtin_cpu_supports("x86-64-v2")) {
      levels.emplace_back("v2");
    }
#endif
    return levels;
  });
}
