// SPDX-License-Identifier: MIT

#include "numpy.hpp"

namespace rvfit_python {

namespace nb = nanobind;

nb::object to_dlpack(std::unique_ptr<DeviceMemory>&& memory, const std::vector<std::size_t>& shape,
                     nb::dlpack::dtype type) {
  char* const data = memory->data();
  nb::capsule owner(memory.get(), [](void* held) noexcept {
    const std::unique_ptr<DeviceMemory> end(static_cast<DeviceMemory*>(held));
  });
  (void)memory.release();
  return nb::cast(nb::ndarray<nb::array_api>(data, shape.size(), shape.data(), owner, nullptr, type,
                                             device_type(), device_id()));
}

Plane plane_of(const AnyArray& array, bool on_device) {
  const int wanted = on_device ? device_type() : nb::device::cpu::value;
  if (array.device_type() != wanted) {
    throw nb::type_error("an array in the memory of another device");
  }
  Plane plane;
  const nb::dlpack::dtype type = array.dtype();
  if (type == nb::dtype<float>()) {
    plane.type = Number::float32;
  } else if (type == nb::dtype<double>()) {
    plane.type = Number::float64;
  } else if (type == nb::dtype<std::int32_t>()) {
    plane.type = Number::int32;
  } else if (type == nb::dtype<std::uint8_t>() || type == nb::dtype<bool>()) {
    plane.type = Number::uint8;
  } else {
    throw nb::type_error(
        "an array of another type of number than float32, float64, int32, uint8 or bool");
  }
  const auto bytes = static_cast<std::ptrdiff_t>(array.itemsize());
  const std::size_t axes = array.ndim();
  const auto has_stride = [&](std::size_t axis, std::size_t stride) {
    return array.shape(axis) == 1 || array.stride(axis) == static_cast<std::int64_t>(stride);
  };
  const bool is_block = axes == 3 && has_stride(2, 1) && has_stride(1, array.shape(2));
  if (axes != 2 && !is_block) {
    throw nb::type_error("an array of other axes than two, or three of which two are contiguous");
  }
  plane.data = static_cast<const char*>(array.data());
  plane.rows = array.shape(0);
  plane.columns = axes == 2 ? array.shape(1) : array.shape(1) * array.shape(2);
  plane.row_stride = static_cast<std::ptrdiff_t>(array.stride(0)) * bytes;
  plane.stride = (axes == 2 ? static_cast<std::ptrdiff_t>(array.stride(1)) : 1) * bytes;
  plane.on_device = on_device;
  if (on_device && plane.stride != bytes && plane.columns > 1) {
    throw nb::type_error("an array on a device whose rows have gaps");
  }
  plane.stride = on_device ? bytes : plane.stride;
  return plane;
}

}  // namespace rvfit_python
