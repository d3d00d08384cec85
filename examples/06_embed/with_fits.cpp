// SPDX-License-Identifier: MIT
//
// Compiles and links with all of rvfit, and starts Kokkos.
#include <rvfit/io/read_emulator.hpp>
#include <rvfit/rvfit.hpp>

#include <Kokkos_Core.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  const Kokkos::ScopeGuard kokkos(argc, argv);
  try {
    static_cast<void>(rvfit::io::read_emulator("no such file"));
  } catch (const rvfit::io::IoError& error) {
    std::printf("embed_fits: %s\n", error.what());
    return 0;
  }
  return 1;
}
