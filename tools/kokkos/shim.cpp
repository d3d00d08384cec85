// SPDX-License-Identifier: MIT
//
// The symbols that Debian's Kokkos 5.2 (built with GCC 16 and glibc 2.43) takes from runtimes newer
// than Debian 12's. Only these: relax_versions.py stops and names any other that a later package needs.
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ios>
#include <iostream>
#include <string>

#define RVFIT_EXPORT __attribute__((visibility("default")))

extern "C" {

// C23's strtol differs from C17's only in reading the prefix 0b.
RVFIT_EXPORT long __isoc23_strtol(const char* text, char** end, int base) {
  return std::strtol(text, end, base);
}

// std::ios_base_library_init(): newer headers call it where older ones define an Init object.
RVFIT_EXPORT void _ZSt21ios_base_library_initv() { static std::ios_base::Init init; }

// std::string::_M_replace_cold(char* at, size_t old_size, const char* text, size_t size, size_t tail):
// replace `old_size` characters at `at` by `text`, which may lie inside the same string.
RVFIT_EXPORT void _ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_coldEPcmPKcmm(
    void*, char* at, std::size_t old_size, const char* text, std::size_t size, std::size_t tail) {
  const std::string copy(text, size);
  std::memmove(at + size, at + old_size, tail);
  std::memcpy(at, copy.data(), size);
}

}  // extern "C"
