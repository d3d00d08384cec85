// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Arrays between C++ and NumPy without copies.

#include "array_spectra.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace rvfit_python {

/// An array of any type of number that is only looked at.
using AnyArray = nanobind::ndarray<nanobind::ro, nanobind::device::cpu>;
/// (R, C) parameters.
using Doubles =
    nanobind::ndarray<const double, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;

/// A vector as a NumPy array, which owns it.
template <class T>
[[nodiscard]] nanobind::object to_numpy(std::vector<T>&& values, std::vector<std::size_t> shape) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  T* const data = owned->data();
  nanobind::capsule owner(owned.get(), [](void* memory) noexcept {
    const std::unique_ptr<std::vector<T>> end(static_cast<std::vector<T>*>(memory));
  });
  (void)owned.release();
  return nanobind::cast(
      nanobind::ndarray<nanobind::numpy, T>(data, shape.size(), shape.data(), owner));
}

/// The rows of an array of two axes, or of three whose last two are one block of memory.
/// @throws nanobind::type_error  another type of number, other axes
[[nodiscard]] Plane plane_of(const AnyArray& array);

}  // namespace rvfit_python
