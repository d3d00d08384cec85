// SPDX-License-Identifier: MIT

#include "device_memory.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace rvfit_python {
namespace {

constexpr bool is_host = Kokkos::SpaceAccessibility<Kokkos::HostSpace, DeviceSpace>::accessible;

template <class To, class From>
void copy_between(char* to, const char* from, std::size_t bytes) {
  if constexpr (is_host) {
    std::memcpy(to, from, bytes);
  } else {
    const Kokkos::DefaultExecutionSpace exec;
    Kokkos::deep_copy(exec, Kokkos::View<char*, To, Kokkos::MemoryUnmanaged>(to, bytes),
                      Kokkos::View<const char*, From, Kokkos::MemoryUnmanaged>(from, bytes));
    exec.fence("rvfit_python: the copy is there");
  }
}

}  // namespace

int device_type() {
  const std::string_view name = Kokkos::DefaultExecutionSpace::name();
  constexpr int host = 1, cuda = 2, rocm = 10;
  if (is_host) {
    return host;
  }
  return name == "Cuda" ? cuda : name == "HIP" ? rocm : 0;
}

int device_id() { return std::max(Kokkos::device_id(), 0); }

void await_writers() { Kokkos::fence("rvfit_python: arrays of others are written"); }

void copy_to_host(char* to, const char* from, std::size_t bytes) {
  copy_between<Kokkos::HostSpace, DeviceSpace>(to, from, bytes);
}

void copy_from_host(char* to, const char* from, std::size_t bytes) {
  copy_between<DeviceSpace, Kokkos::HostSpace>(to, from, bytes);
}

DeviceMemory::DeviceMemory(std::size_t bytes)
    : data_(Kokkos::view_alloc(Kokkos::WithoutInitializing, "rvfit_python: array of a result"),
            bytes) {}

DeviceMemory::~DeviceMemory() {
  if (is_forked()) {
    new auto(std::move(data_));  // never freed: its memory is the parent's Kokkos'
  }
  retire();
}

}  // namespace rvfit_python
