// SPDX-License-Identifier: MIT
//
// Compiles and links with all of rvfit, and starts Kokkos.
#include <rvfit/rvfit.hpp>

#include <Kokkos_Core.hpp>

int main(int argc, char** argv) {
  const Kokkos::ScopeGuard kokkos(argc, argv);
  return Kokkos::is_initialized() ? 0 : 1;
}
