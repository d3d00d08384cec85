// SPDX-License-Identifier: MIT

#include "numpy.hpp"

namespace rvfit_python {

namespace nb = nanobind;

Plane plane_of(const AnyArray& array) {
  Plane plane;
  const nb::dlpack::dtype type = array.dtype();
  if (type == nb::dtype<float>()) {
    plane.type = Number::float32;
  } else if (type == nb::dtype<double>()) {
    plane.type = Number::float64;
  } else if (type == nb::dtype<std::int32_t>()) {
    plane.type = Number::int32;
  } else if (type == nb::dtype<std::uint8_t>()) {
    plane.type = Number::uint8;
  } else {
    throw nb::type_error(
        "an array of another type of number than float32, float64, int32 or uint8");
  }
  const auto bytes = static_cast<std::ptrdiff_t>(array.itemsize());
  const std::size_t axes = array.ndim();
  const bool is_block = axes == 3 && array.stride(2) == 1 &&
                        array.stride(1) == static_cast<std::int64_t>(array.shape(2));
  if (axes != 2 && !is_block) {
    throw nb::type_error("an array of other axes than two, or three of which two are contiguous");
  }
  plane.data = static_cast<const char*>(array.data());
  plane.rows = array.shape(0);
  plane.columns = axes == 2 ? array.shape(1) : array.shape(1) * array.shape(2);
  plane.row_stride = static_cast<std::ptrdiff_t>(array.stride(0)) * bytes;
  plane.stride = (axes == 2 ? static_cast<std::ptrdiff_t>(array.stride(1)) : 1) * bytes;
  return plane;
}

}  // namespace rvfit_python
