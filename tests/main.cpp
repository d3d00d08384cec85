// SPDX-License-Identifier: MIT

/// @file
/// main() of every test program: doctest between Kokkos' start and end.

#define DOCTEST_CONFIG_IMPLEMENT
#include <Kokkos_Core.hpp>
#include <doctest/doctest.h>

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const Kokkos::ScopeGuard kokkos(argc, argv);
  return context.run();
}
