// SPDX-License-Identifier: MIT

#include "bindings.hpp"
#include "device_memory.hpp"
#include "numpy.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_python {

namespace nb = nanobind;

namespace {

using HostArray = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

/// NumPy's name of a type of number.
[[nodiscard]] std::string name_of(nb::dlpack::dtype type) {
  const auto code = static_cast<nb::dlpack::dtype_code>(type.code);
  const std::string bits = std::to_string(type.bits);
  switch (code) {
    case nb::dlpack::dtype_code::Bool:
      return "bool";
    case nb::dlpack::dtype_code::Int:
      return "int" + bits;
    case nb::dlpack::dtype_code::UInt:
      return "uint" + bits;
    case nb::dlpack::dtype_code::Float:
      return "float" + bits;
    default:
      return "other";
  }
}

/// Shape, type of number and strides [numbers].
[[nodiscard]] nb::tuple describe(const AnyArray& array) {
  nb::list shape, strides;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    shape.append(array.shape(axis));
    strides.append(array.stride(axis));
  }
  return nb::make_tuple(nb::tuple(shape), name_of(array.dtype()), nb::tuple(strides));
}

/// A copy in the memory that fits run in.
[[nodiscard]] nb::object to_device(const HostArray& from) {
  std::vector<std::size_t> shape;
  for (std::size_t axis = 0; axis < from.ndim(); ++axis) {
    shape.push_back(from.shape(axis));
  }
  const Session session;
  std::unique_ptr<DeviceMemory> memory;
  {
    const nb::gil_scoped_release unlocked;
    memory = std::make_unique<DeviceMemory>(from.nbytes());
    copy_from_host(memory->data(), static_cast<const char*>(from.data()), from.nbytes());
  }
  return to_dlpack(std::move(memory), shape, from.dtype());
}

/// DLPack's type and number of the device that fits run on.
[[nodiscard]] nb::tuple device() {
  const Session session;
  return nb::make_tuple(device_type(), device_id());
}

}  // namespace

void bind_device(nb::module_& module) {
  module.attr("device_type") = device_type();
  module.def("device", &device);
  module.def("describe_array", &describe);
  module.def("to_device", &to_device);
}

}  // namespace rvfit_python
