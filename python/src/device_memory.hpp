// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Memory of the execution space that fits run in, which other packages share by DLPack: a GPU's where Kokkos was
/// built for one, the host's otherwise.

#include "runtime.hpp"

#include <Kokkos_Core.hpp>

#include <cstddef>

namespace rvfit_python {

using DeviceSpace = Kokkos::DefaultExecutionSpace::memory_space;

/// DLPack's number for the kind of memory: 1 the host's, 2 CUDA's, 10 ROCm's; 0 where arrays of others cannot be waited
/// for, and are not taken.
[[nodiscard]] int device_type();
/// DLPack's number of the device, 0 for the host. Only within a Session.
[[nodiscard]] int device_id();

/// Wait until others, whose arrays come with no stream, have written them. Only within a Session.
void await_writers();

/// Copy bytes to or from the memory of fits; they are there when the call returns. Only within a Session.
void copy_to_host(char* to, const char* from, std::size_t bytes);
void copy_from_host(char* to, const char* from, std::size_t bytes);

/// An array of a result. It ends with Kokkos at the latest: at the end of the interpreter.
class DeviceMemory final : public Resource {
 public:
  /// Only within a Session.
  explicit DeviceMemory(std::size_t bytes);
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  ~DeviceMemory() override;

  void release() override { data_ = {}; }
  [[nodiscard]] char* data() const { return data_.data(); }

 private:
  Kokkos::View<char*, DeviceSpace> data_;
};

}  // namespace rvfit_python
