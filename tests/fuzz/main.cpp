// SPDX-License-Identifier: MIT

/// @file
/// Hands the bytes that libFuzzer makes to the target that RVFIT_FUZZ_TARGET names. All are one program: most of its
/// compilation is what readers share.

#include "targets.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace rvfit::fuzz {
namespace {

struct Entry {
  std::string_view name;
  Target* run;
  bool is_fits;
};

constexpr Entry entries[] = {
    {"apogee", apogee, true},
    {"desi", desi, true},
    {"emulator", emulator, true},
    {"lamost", lamost, true},
    {"redrock", redrock, true},
    {"sdss", sdss, true},
    {"table", table, true},
    {"weave", weave, true},
    {"file_list", file_list, false},
    {"settings", settings, false},
    {"target_bits", target_bits, false},
};

const Entry* chosen = nullptr;

}  // namespace
}  // namespace rvfit::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("RVFIT_FUZZ_TARGET");
  for (const rvfit::fuzz::Entry& entry : rvfit::fuzz::entries) {
    if (name != nullptr && entry.name == name) {
      rvfit::fuzz::chosen = &entry;
      return 0;
    }
  }
  std::fprintf(stderr, "RVFIT_FUZZ_TARGET is '%s', expected one of:", name == nullptr ? "" : name);
  for (const rvfit::fuzz::Entry& entry : rvfit::fuzz::entries) {
    std::fprintf(stderr, " %s", entry.name.data());
  }
  std::fputc('\n', stderr);
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  rvfit::fuzz::chosen->run(bytes, count);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return rvfit::fuzz::chosen->is_fits ? rvfit::fuzz::change_fits(data, size, max_size, seed)
                                      : LLVMFuzzerMutate(data, size, max_size);
}
