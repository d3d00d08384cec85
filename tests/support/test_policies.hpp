// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The policies that tests run with. With RVFIT_TEST_DEVICE_SHAPED they are those of devices, on a host.

#include <rvfit/core/policy.hpp>

#include <Kokkos_Core.hpp>

#include <concepts>

#if defined(RVFIT_TEST_DEVICE_SHAPED)
#include "support/device_shaped.hpp"
#endif

namespace rvfit::test {

using Exec = Kokkos::DefaultExecutionSpace;
#if defined(RVFIT_TEST_DEVICE_SHAPED)
template <std::floating_point Real, std::floating_point Accum = double>
using TestPolicy = DeviceShaped<Exec, Real, Accum>;
#else
template <std::floating_point Real, std::floating_point Accum = double>
using TestPolicy = Policy<Exec, Real, Accum>;
#endif
using FloatPolicy = TestPolicy<float>;
using DoublePolicy = TestPolicy<double>;

}  // namespace rvfit::test
