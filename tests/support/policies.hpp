// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Tests registered once for each of the policies that they run with.

#include "support/test_policies.hpp"

#include <doctest/doctest.h>

#if defined(KOKKOS_ENABLE_CUDA)
#define RVFIT_TEST_SPACE "Cuda"
#elif defined(KOKKOS_ENABLE_HIP)
#define RVFIT_TEST_SPACE "HIP"
#elif defined(KOKKOS_ENABLE_SYCL)
#define RVFIT_TEST_SPACE "SYCL"
#elif defined(KOKKOS_ENABLE_OPENMP)
#define RVFIT_TEST_SPACE "OpenMP"
#define RVFIT_TEST_OPENMP
#elif defined(KOKKOS_ENABLE_THREADS)
#define RVFIT_TEST_SPACE "Threads"
#else
#define RVFIT_TEST_SPACE "Serial"
#endif

// NOLINTBEGIN(bugprone-macro-parentheses): a template's name takes none.

/// Register a free function template `body<P>()` in each precision. Bodies live in a namespace of
/// their file: a kernel's type must have a name, and one name must not mean two bodies.
#define RVFIT_TEST(name, body)                                                              \
  TEST_CASE(name " [" RVFIT_TEST_SPACE " float]") { body<::rvfit::test::FloatPolicy>(); }   \
  TEST_CASE(name " [" RVFIT_TEST_SPACE " double]") { body<::rvfit::test::DoublePolicy>(); } \
  static_assert(true)

/// The same for a property that only double precision resolves.
#define RVFIT_TEST_DOUBLE(name, body)                                                       \
  TEST_CASE(name " [" RVFIT_TEST_SPACE " double]") { body<::rvfit::test::DoublePolicy>(); } \
  static_assert(true)

// NOLINTEND(bugprone-macro-parentheses)
