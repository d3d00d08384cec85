// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The parts of the compiled module.

#include <nanobind/nanobind.h>

namespace rvfit_python {

void bind_runtime(nanobind::module_& module);
void bind_device(nanobind::module_& module);
void bind_library(nanobind::module_& module);
void bind_fit(nanobind::module_& module);
void bind_curves(nanobind::module_& module);
void bind_likelihood(nanobind::module_& module);
void bind_readers(nanobind::module_& module);
void bind_templates(nanobind::module_& module);

}  // namespace rvfit_python
