// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Arrays between C++ and NumPy without copies.

#include "array_spectra.hpp"
#include "device_memory.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace rvfit_python {

/// An array of any type of number that is only looked at, on the host or, where that is said, in the memory that fits
/// run in.
using AnyArray = nanobind::ndarray<nanobind::ro>;
/// (R, C) parameters.
using Doubles =
    nanobind::ndarray<const double, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;
/// (R, C) parameters in any memory.
using DeviceDoubles = nanobind::ndarray<const double, nanobind::ndim<2>, nanobind::c_contig>;

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

/// Memory as an array that other packages take by DLPack, which owns it. Only within a Session.
[[nodiscard]] nanobind::object to_dlpack(std::unique_ptr<DeviceMemory>&& memory,
                                         const std::vector<std::size_t>& shape,
                                         nanobind::dlpack::dtype type);

/// The rows of an array of two axes, or of three whose last two are one block of memory.
///
/// @param[in] on_device  in the memory that fits run in, where rows must be without gaps
/// @throws nanobind::type_error  another type of number, other axes, other memory
[[nodiscard]] Plane plane_of(const AnyArray& array, bool on_device = false);

}  // namespace rvfit_python
