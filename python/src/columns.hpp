// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Columns of tables as arrays.

#include <rvfit/io/fits/column.hpp>

#include <nanobind/nanobind.h>

#include <cstddef>

namespace rvfit_python {

/// (name, unit, description, array) of a column; texts are a list.
[[nodiscard]] nanobind::tuple column_to_python(rvfit::io::Column&& column, std::size_t rows);

}  // namespace rvfit_python
